//! Command lines: what they answer, and what they say when something is wrong.

mod adopt;
mod answers;
mod bad_input;
mod embedded;
mod flow;
mod git;
mod graph;
mod help;
mod offline;
#[cfg(feature = "cli")]
mod program;
mod typed;
