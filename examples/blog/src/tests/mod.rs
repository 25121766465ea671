//! Tests of the handlers: each has a database of its own, which the migrations made, on the engine that the blog
//! is built for. What needs the built program, or a socket, is in `tests/`.

mod mails;
mod posts;
mod users;

use std::error::Error;

use axum::Router;
use axum_db::prelude::*;
use axum_db::testing::{Client, Failure, Fixture, Test};
use axum_login_kit::{LoginManager, testing::login_as};
use clap::Parser;

use crate::Cli;
use crate::database::{Database, upgrade};
use crate::models::{NewUser, User};

const SECRET_KEY: &str = "the secret key of the tests, which is long enough";

/// The application that `#[axum_db::test(app = app)]` makes clients of.
fn app(database: &Database) -> Result<Router, Box<dyn Error>> {
    let cli = Cli::parse_from(["blog", "--secret-key", SECRET_KEY]);
    crate::app::create_app(database, &cli.settings)
}

/// Ada, who is logged in.
struct Ada(User, Client);

/// Grace, who is too.
struct Grace(User, Client);

impl Fixture for Ada {
    async fn prepare(test: &Test) -> Result<Self, Failure> {
        let (user, browser) = member(test, "ada").await?;
        Ok(Self(user, browser))
    }
}

impl Fixture for Grace {
    async fn prepare(test: &Test) -> Result<Self, Failure> {
        let (user, browser) = member(test, "grace").await?;
        Ok(Self(user, browser))
    }
}

/// Somebody with an account, and a browser in which they have logged in.
async fn member(test: &Test, name: &str) -> Result<(User, Client), Failure> {
    let database: Database = test.database().await?;
    let db = database.session();
    let user = NewUser::new(name, format!("{name}@example.com"), "no password")
        .insert(&db)
        .await?;
    db.commit().await?;
    let login = LoginManager::<User>::new(&database, SECRET_KEY).build()?;
    let cookie = login_as(&login, &user).await?;
    Ok((user, test.client().await?.with_cookies(cookie)))
}
