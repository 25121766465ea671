//! Telling two tables apart at compile time, so that any two models can appear in one query without a
//! central `allow_tables_to_appear_in_same_query!`.
//!
//! Diesel wants `TableNotEqual<B> for A` for every pair of tables. Each model implements it for all
//! tables at once, under the condition that their ids differ:
//!
//! ```text
//! impl<T> TableNotEqual<T> for users::table
//! where
//!     T: Table + TableId<users::table>,
//!     T::Id: Compare<…the id of users…, users::table, Outcome = Different>,
//! ```
//!
//! The traits have a parameter `Asking`, always the table of the impl that asks: with a type of the user's
//! crate in it, the compiler may conclude from a missing impl that there never will be one, and from
//! `Outcome = Same` that the impl does not meet Diesel's own for the table itself. Without the parameter
//! it must reckon with impls that a later axum-db could add, and refuses both as overlapping.

/// The id of a table: a hash of its name as a list of octal digits.
pub trait TableId<Asking> {
    /// The digits, `(O1, (O7, … ()))`.
    type Id;
}

/// The table of a model, for the headers of impls that join it: with [`HasTable`] alone, the compiler could
/// not tell the table of another crate's model from the types that Diesel implements `JoinTo` for.
///
/// [`HasTable`]: diesel::associations::HasTable
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    label = "not a model",
    note = "`references` takes a struct with `#[model]` above it"
)]
pub trait TableOf<Asking> {
    /// The table.
    type Table;
}

/// Two models that reference each other could be joined by either key. Each key implements this trait along
/// with Diesel's `JoinTo`, so that the compiler's complaint about two impls says what to write.
pub trait AddNoJoinToOneOfTheKeys<Table> {}

/// Compares two lists of digits.
pub trait Compare<Other, Asking> {
    /// `Same` or `Different`.
    type Outcome;
}

/// The lists are equal.
#[derive(Debug)]
pub struct Same;

/// The lists differ.
#[derive(Debug)]
pub struct Different;

impl<Asking> Compare<(), Asking> for () {
    type Outcome = Same;
}

macro_rules! digits {
    ($($digit:ident),*) => {
        $(
            /// A digit.
            #[derive(Debug)]
            pub struct $digit;
        )*
        digits!(@rows [$($digit)*] [$($digit)*]);
    };
    (@rows [$($left:ident)*] $all:tt) => {
        $(digits!(@row $left $all);)*
    };
    (@row $left:ident [$($right:ident)*]) => {
        $(digits!(@pair $left $right);)*
    };
    (@pair O0 O0) => { digits!(@same O0); };
    (@pair O1 O1) => { digits!(@same O1); };
    (@pair O2 O2) => { digits!(@same O2); };
    (@pair O3 O3) => { digits!(@same O3); };
    (@pair O4 O4) => { digits!(@same O4); };
    (@pair O5 O5) => { digits!(@same O5); };
    (@pair O6 O6) => { digits!(@same O6); };
    (@pair O7 O7) => { digits!(@same O7); };
    (@pair $left:ident $right:ident) => {
        impl<L, R, Asking> Compare<($right, R), Asking> for ($left, L) {
            type Outcome = Different;
        }
    };
    (@same $digit:ident) => {
        impl<L, R, Asking> Compare<($digit, R), Asking> for ($digit, L)
        where
            L: Compare<R, Asking>,
        {
            type Outcome = <L as Compare<R, Asking>>::Outcome;
        }
    };
}

digits!(O0, O1, O2, O3, O4, O5, O6, O7);
