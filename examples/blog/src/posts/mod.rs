//! Writing, reading, changing and deleting posts.

mod forms;
mod routes;

pub use routes::routes;

/// The posts on a page.
pub const PER_PAGE: u32 = 5;
