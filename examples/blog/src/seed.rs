//! `blog seed`: users and posts to look at.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use axum_db::prelude::*;
use axum_login_kit::hash_password;
use chrono::{TimeDelta, Utc};

use crate::database::{self, Db};
use crate::models::{NewPost, NewUser, User, users};
use crate::settings::Settings;

const PASSWORD: &str = "sample password";

/// The sample users: username, e-mail address and picture.
const USERS: [(&str, &str, &[u8]); 3] = [
    (
        "ada",
        "ada@example.com",
        include_bytes!("../static/samples/ada.jpg"),
    ),
    (
        "grace",
        "grace@example.com",
        include_bytes!("../static/samples/grace.jpg"),
    ),
    (
        "linus",
        "linus@example.com",
        include_bytes!("../static/samples/linus.jpg"),
    ),
];

/// The sample posts, newest first: who wrote them, how many days ago, title and content.
const POSTS: &[(usize, i64, &str, &str)] = &[
    (
        0,
        0,
        "A garden on the windowsill",
        "It began with one pot of basil from the supermarket. Three weeks later the sill is full: chives, mint, a \
         tomato that believes it is a tree, and something that came up by itself and that nobody dares to pull out.\n\n\
         What I have learned so far: less water than you think, more light than you have, and turn the pots once a \
         day. The mint has to live alone. It makes no friends, it only makes more mint.",
    ),
    (
        1,
        1,
        "The bug that only came on Tuesdays",
        "For a month the report was wrong once a week. We looked at the data, at the clock, at each other. It turned \
         out that the cleaning crew came on Tuesday evenings and unplugged the small grey box that nobody could name.\n\n\
         The box now has a label. The label says: \"This is the database.\"",
    ),
    (
        2,
        3,
        "Notes from the night train",
        "You go to bed beside a motorway and wake up beside a lake. No other way of travelling gives you a place so \
         completely. The coffee is bad, the window is large, and for nine hours nobody can ask you for anything.",
    ),
    (
        0,
        5,
        "How to explain a loop to your grandmother",
        "Knitting is programming with wool. A pattern says: knit two, purl two, repeat to the end of the row. My \
         grandmother has written loops all her life, with a counter, a condition and the occasional off-by-one that \
         shows up forty rows later. She debugs with a crochet hook.",
    ),
    (
        1,
        8,
        "Small tools",
        "I like tools that do one thing and can be held in the head whole: a sharp knife, a paper notebook, a program \
         of three hundred lines. They have no settings page. When they break you can see where.",
    ),
    (
        2,
        12,
        "Bread, the fourth attempt",
        "The first was a brick, the second a bigger brick, the third was stolen by the dog, who brought it back. The \
         fourth one sang when it came out of the oven. The secret, it seems, is to wait when you think you are done \
         with waiting.",
    ),
    (
        0,
        16,
        "Letters worth keeping",
        "I found a shoe box with letters from 1987. Nobody will ever find a shoe box with my messages. So this month \
         I write one letter a week, on paper, with mistakes that cannot be taken back.",
    ),
    (
        1,
        21,
        "A map of everywhere I got lost",
        "Every wrong turn is on it, with the date and what I found instead: a bakery, a view, twice a friend. The map \
         is now better than the city's own.",
    ),
    (
        2,
        27,
        "Reading aloud",
        "Read your text aloud before you send it. Where you run out of breath, there belongs a full stop. Where you \
         are bored, the reader left a paragraph ago.",
    ),
    (
        0,
        34,
        "What the sea sounds like in winter",
        "Lower. The gulls are gone, the stalls are shut, and what is left is one long sentence that never quite gets \
         to its verb.",
    ),
    (
        1,
        42,
        "Begin",
        "A first post has one job: to be there, so that the second one has somewhere to stand. Hello!",
    ),
];

pub async fn seed(settings: &Settings) -> Result<ExitCode, Box<dyn Error>> {
    let database = database::open(settings).await?;
    let db = database.session();
    let (_, email, _) = USERS[0];
    if User::query()
        .filter(users::email.eq(email))
        .exists(&db)
        .await?
    {
        println!("The samples are already there.");
    } else {
        write_samples(&db, &settings.pictures()).await?;
        println!("Wrote {} users and {} posts.", USERS.len(), POSTS.len());
    }
    println!("Log in as {email} with the password: {PASSWORD}");
    drop(db); // it may hold the connection that `close` waits for
    database.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn write_samples(db: &Db, pictures: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(pictures)?;
    let hash = hash_password(PASSWORD).await?;
    let mut authors = Vec::new();
    for (username, email, picture) in USERS {
        let file = format!("sample-{username}.jpg");
        fs::write(pictures.join(&file), picture)?;
        authors.push(
            NewUser::new(username, email, hash.clone())
                .image_file(file)
                .insert(db)
                .await?,
        );
    }
    let now = Utc::now().naive_utc();
    for (author, days, title, content) in POSTS.iter().rev() {
        let post = NewPost::new(*title, *content, authors[*author].id);
        post.date_posted(now - TimeDelta::days(*days))
            .insert(db)
            .await?;
    }
    db.commit().await?;
    Ok(())
}
