//! Registering, logging in and out, the account, and what a user has written.

mod forms;
mod mails;
mod pictures;
mod routes;

pub use routes::routes;
