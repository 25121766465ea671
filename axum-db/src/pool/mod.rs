//! The pool: deadpool with a manager of our own, and connections that never return dirty.

mod checkout;
mod manager;
mod watch;

pub(crate) use checkout::Checkout;
pub(crate) use manager::{Manager, Pooled, connect, no_answer, out_of_reach};
pub use watch::Watch;
pub(crate) use watch::{only_reads, plain};
