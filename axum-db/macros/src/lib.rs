//! The `#[model]` macro of [axum-db](https://docs.rs/axum-db); use it as `axum_db::model`.

mod attr;
mod check;
mod expand;
mod model;

use proc_macro::TokenStream;
use quote::{ToTokens, quote};
use syn::{DeriveInput, parse_macro_input};

use crate::model::ModelDef;

/// Declares a struct as the row of a table.
///
/// It is documented where users meet it, in axum-db.
#[proc_macro_attribute]
pub fn model(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut input = parse_macro_input!(item as DeriveInput);
    expand::rename_helper(&mut input, arguments.into());
    match ModelDef::parse(&input) {
        Ok(model) => expand::decorate(&model, input).into(),
        Err(error) => {
            // The struct itself stays, so that the rest of the program does not fail for want of it.
            expand::strip_helper(&mut input);
            let error = error.into_compile_error();
            let item = input.into_token_stream();
            quote!(#item #error).into()
        }
    }
}

/// Does the work of `#[model]`, which adds it.
#[doc(hidden)]
#[proc_macro_derive(DeriveModel, attributes(axum_db))]
pub fn derive_model(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as DeriveInput);
    match ModelDef::parse(&input) {
        Ok(model) => expand::model(&model).into(),
        Err(error) => error.into_compile_error().into(),
    }
}
