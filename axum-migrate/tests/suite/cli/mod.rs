//! Command lines: what they answer, and what they say when something is wrong.

mod answers;
mod bad_input;
mod embedded;
mod flow;
mod git;
mod graph;
mod help;
mod offline;
mod typed;
