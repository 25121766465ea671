//! The implementation.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, Result};

use crate::fields::{Method, OnStruct, Source, sources};

/// What the trait takes for the column of the hash by itself.
const PASSWORD_COLUMN: &str = "password_hash";

pub(crate) fn auth_user(input: &DeriveInput) -> Result<TokenStream> {
    let ident = &input.ident;
    let said = OnStruct::parse(&input.attrs)?;
    let sources = sources(input)?;
    let source = |method| sources.iter().find(|source| source.method == method);

    let Some(id) = source(Method::Id) else {
        return Err(missing(
            input,
            "`id`: mark the primary key with `#[auth(id)]`",
        ));
    };
    let id_type = &id.field.ty;
    let id = id_method(id);
    let password_hash = match (source(Method::PasswordHash), said.no_password) {
        (Some(hash), false) => password_method(hash),
        (None, true) => quote! {
            fn password_hash(&self) -> ::core::option::Option<&str> {
                ::core::option::Option::None
            }
        },
        (Some(hash), true) => {
            let message = "`no_password` above the struct says that there is no such field: write `#[auth(skip)]` here, \
                 or take it away there";
            return Err(Error::new_spanned(hash.field, message));
        }
        (None, false) => {
            return Err(missing(
                input,
                "`password_hash`: mark the field that has the hash with `#[auth(password_hash)]`, or write \
                 `#[auth(no_password)]` above the struct if its users have no passwords",
            ));
        }
    };
    let session_table = said.session_table.map(|table| {
        quote! { const SESSION_TABLE: &'static str = #table; }
    });
    let email = source(Method::Email).map(email_method);
    let is_email_confirmed = source(Method::IsEmailConfirmed).map(|source| {
        let value = bool_of(source);
        quote! { fn is_email_confirmed(&self) -> bool { #value } }
    });
    let is_active = source(Method::IsActive).map(|source| {
        let value = bool_of(source);
        quote! { fn is_active(&self) -> bool { #value } }
    });
    let session_epoch = source(Method::SessionEpoch).map(epoch_method);
    let (generics, arguments, conditions) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::axum_login_kit::AuthUser for #ident #arguments #conditions {
            type Id = #id_type;
            #session_table
            #id
            #password_hash
            #email
            #is_email_confirmed
            #is_active
            #session_epoch
        }
    })
}

fn id_method(source: &Source<'_>) -> TokenStream {
    let (ident, id_type) = (source.ident, &source.field.ty);
    quote_spanned! {id_type.span()=>
        fn id(&self) -> #id_type {
            ::core::clone::Clone::clone(&self.#ident)
        }
    }
}

fn password_method(source: &Source<'_>) -> TokenStream {
    let text = text_of(source);
    let column = &source.column;
    let column = (column != PASSWORD_COLUMN).then(|| {
        quote! { const PASSWORD_COLUMN: &'static str = #column; }
    });
    quote! {
        #column
        fn password_hash(&self) -> ::core::option::Option<&str> { #text }
    }
}

fn email_method(source: &Source<'_>) -> TokenStream {
    let text = text_of(source);
    quote! { fn email(&self) -> ::core::option::Option<&str> { #text } }
}

fn epoch_method(source: &Source<'_>) -> TokenStream {
    let ident = source.ident;
    let value = quote_spanned! {source.field.ty.span()=>
        <i64 as ::core::convert::From<_>>::from(self.#ident)
    };
    quote! { fn session_epoch(&self) -> i64 { #value } }
}

fn text_of(source: &Source<'_>) -> TokenStream {
    let ident = source.ident;
    quote_spanned! {source.field.ty.span()=>
        ::axum_login_kit::__private::TextField::text(&self.#ident)
    }
}

fn bool_of(source: &Source<'_>) -> TokenStream {
    let ident = source.ident;
    quote_spanned! {source.field.ty.span()=> self.#ident }
}

fn missing(input: &DeriveInput, what: &str) -> Error {
    let ident = &input.ident;
    Error::new(ident.span(), format!("`{ident}` has no field {what}"))
}
