//! `#[axum_db::test]`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Error, Expr, FnArg, ItemFn, LitInt, LitStr, Result, meta::ParseNestedMeta};

const KEYS: &str = "`app`, `setup`, `flavor`, `worker_threads`";

/// What stands in the attribute's parentheses.
#[derive(Default)]
struct Args {
    setups: Vec<Expr>,
    app: Option<Expr>,
    flavor: Option<LitStr>,
    worker_threads: Option<LitInt>,
}

impl Args {
    fn parse(&mut self, meta: &ParseNestedMeta) -> Result<()> {
        let twice = || meta.error("this is given twice; keep one");
        if meta.path.is_ident("setup") {
            // One for each database.
            self.setups
                .push(value(meta, "an async function, as in `setup = migrate`")?);
        } else if meta.path.is_ident("app") {
            let app = value(meta, "a function that makes the router, as in `app = app`")?;
            if self.app.replace(app).is_some() {
                return Err(twice());
            }
        } else if meta.path.is_ident("flavor") {
            let flavor: LitStr = value(meta, "`\"current_thread\"` or `\"multi_thread\"`")?;
            if !["current_thread", "multi_thread"].contains(&&*flavor.value()) {
                return Err(Error::new(
                    flavor.span(),
                    "a test's runtime is `\"current_thread\"` (the default) or `\"multi_thread\"`",
                ));
            }
            if self.flavor.replace(flavor).is_some() {
                return Err(twice());
            }
        } else if meta.path.is_ident("worker_threads") {
            let threads: LitInt = value(meta, "a number, as in `worker_threads = 2`")?;
            if !matches!(threads.base10_parse::<usize>(), Ok(1..)) {
                return Err(Error::new(
                    threads.span(),
                    "`worker_threads` is a number from 1",
                ));
            }
            if self.worker_threads.replace(threads).is_some() {
                return Err(twice());
            }
        } else {
            use quote::ToTokens;
            let found = meta.path.to_token_stream();
            return Err(meta.error(format!(
                "unknown `{found}` in `#[axum_db::test(…)]`; it takes {KEYS}"
            )));
        }
        Ok(())
    }

    /// The runtime.
    fn flavor(&self) -> Result<TokenStream> {
        let multi_thread = self
            .flavor
            .as_ref()
            .is_some_and(|flavor| flavor.value() == "multi_thread");
        match &self.worker_threads {
            _ if !multi_thread => match &self.worker_threads {
                Some(threads) => Err(Error::new(
                    threads.span(),
                    "`worker_threads` goes with `flavor = \"multi_thread\"`",
                )),
                None => Ok(quote!(CurrentThread)),
            },
            Some(threads) => Ok(quote!(MultiThread(::core::option::Option::Some(#threads)))),
            None => Ok(quote!(MultiThread(::core::option::Option::None))),
        }
    }
}

fn value<T: syn::parse::Parse>(meta: &ParseNestedMeta, expected: &str) -> Result<T> {
    let error = |span| Error::new(span, format!("expected {expected}"));
    let input = meta.value().map_err(|_| error(meta.path.span()))?;
    let span = input.span();
    input.parse().map_err(|_| error(span))
}

/// The test, as the harness runs it, around the function as it was written.
pub(crate) fn expand(arguments: TokenStream, function: &ItemFn) -> Result<TokenStream> {
    let mut args = Args::default();
    syn::meta::parser(|meta| args.parse(&meta)).parse2(arguments)?;
    let flavor = args.flavor()?;
    check(function)?;

    let ItemFn {
        attrs,
        vis,
        sig,
        block,
    } = function;
    let (name, output) = (&sig.ident, &sig.output);
    // Not to be confused with what the user's own expressions name.
    let test = Ident::new("test", Span::mixed_site());
    let setups = args
        .setups
        .iter()
        .map(|setup| quote_spanned!(setup.span()=> let #test = #test.setup(#setup);));
    let app = args
        .app
        .iter()
        .map(|app| quote_spanned!(app.span()=> let #test = #test.app(#app);));
    let fixtures = sig.inputs.iter().map(|parameter| match parameter {
        FnArg::Typed(parameter) => {
            let ty = &parameter.ty;
            quote_spanned!(ty.span()=> #test.fixture::<#ty>().await)
        }
        FnArg::Receiver(receiver) => quote_spanned!(receiver.span()=> ),
    });
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        #vis fn #name() #output {
            #sig #block
            let #test = ::axum_db::testing::Test::new();
            #(#setups)*
            #(#app)*
            ::axum_db::testing::run(
                #test,
                ::axum_db::testing::Flavor::#flavor,
                async |#test: &::axum_db::testing::Test| #name(#(#fixtures),*).await,
            )
        }
    })
}

/// Checks what the compiler would tell in words that do not help.
fn check(function: &ItemFn) -> Result<()> {
    let sig = &function.sig;
    let harness = function.attrs.iter().find(|attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|last| last.ident == "test")
    });
    if let Some(attribute) = harness {
        return Err(Error::new(
            attribute.span(),
            "`#[axum_db::test]` is the test's attribute already; remove this one",
        ));
    }
    if sig.asyncness.is_none() {
        return Err(Error::new(
            sig.fn_token.span,
            "a database test is async: write `async fn`",
        ));
    }
    if !sig.generics.params.is_empty() {
        return Err(Error::new(
            sig.generics.span(),
            "a test has no generics; name the types that it asks for",
        ));
    }
    match sig.inputs.first() {
        None => Err(Error::new(
            sig.paren_token.span.join(),
            "a database test asks for what it needs with its parameters: `db: Db`, `database: Database<…>`, \
             `client: Client`; a test that needs none of them is a `#[tokio::test]`",
        )),
        Some(FnArg::Receiver(receiver)) => Err(Error::new(
            receiver.span(),
            "a test is a function of its own, without `self`",
        )),
        Some(FnArg::Typed(_)) => Ok(()),
    }
}
