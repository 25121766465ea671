//! The example blog.
fn main() {}
