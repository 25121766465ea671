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
//!     T::Id: Compare<…the id of users…, Outcome = Different>,
//! ```
//!
//! `TableId` has a parameter, always the table of the impl that asks: with a local type in it, the
//! compiler may conclude from a missing impl that `Alias<S>` and the like have no id and never will, which
//! is what coherence needs beside Diesel's own impls.

/// The id of a table: a hash of its name as a list of octal digits.
pub trait TableId<Asking> {
    /// The digits, `(O1, (O7, … ()))`.
    type Id;
}

/// Compares two lists of digits.
pub trait Compare<Other> {
    /// [`Same`] or [`Different`].
    type Outcome;
}

/// The lists are equal.
#[derive(Debug)]
pub struct Same;

/// The lists differ.
#[derive(Debug)]
pub struct Different;

impl Compare<()> for () {
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
        impl<L, R> Compare<($right, R)> for ($left, L) {
            type Outcome = Different;
        }
    };
    (@same $digit:ident) => {
        impl<L, R> Compare<($digit, R)> for ($digit, L)
        where
            L: Compare<R>,
        {
            type Outcome = <L as Compare<R>>::Outcome;
        }
    };
}

digits!(O0, O1, O2, O3, O4, O5, O6, O7);
