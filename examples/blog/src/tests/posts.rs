use super::*;
use crate::database::Db;
use crate::models::{NewPost, Post};

/// Writes a post of the user's, and returns its address.
async fn write(db: &Db, author: &User, title: &str) -> Result<String, axum_db::Error> {
    let post = NewPost::new(title, "It was a day like any other.", author.id)
        .insert(db)
        .await?;
    db.commit().await?;
    Ok(format!("/post/{}", post.id))
}

#[axum_db::test(setup = upgrade, app = app)]
async fn a_blog_begins_empty(visitor: Client) {
    visitor
        .get("/")
        .await
        .assert_status(200)
        .assert_shows("Nothing here yet");
}

#[axum_db::test(setup = upgrade, app = app)]
async fn a_post_is_shown(db: Db, Ada(user, ada): Ada) -> Result<(), axum_db::Error> {
    let post = write(&db, &user, "Hello").await?;
    ada.get(&post)
        .await
        .assert_status(200)
        .assert_shows("<h1>Hello</h1>");
    Ok(())
}

#[axum_db::test(setup = upgrade, app = app)]
async fn a_post_is_written(db: Db, Ada(user, ada): Ada) -> Result<(), axum_db::Error> {
    let form = [
        ("title", "Hello"),
        ("content", "The first line.\r\nThe second."),
    ];
    ada.post("/post/new").form(&form).await.assert_redirect("/");
    ada.get("/")
        .await
        .assert_shows("Your post has been created!")
        .assert_shows("Hello");
    let post = Post::query().one(&db).await?;
    assert_eq!(
        (post.user_id, &*post.content),
        (user.id, "The first line.\nThe second.")
    );
    Ok(())
}

#[axum_db::test(setup = upgrade, app = app)]
async fn a_post_is_changed_and_deleted(db: Db, Ada(user, ada): Ada) -> Result<(), axum_db::Error> {
    let post = write(&db, &user, "Hello").await?;
    let update = format!("{post}/update");
    let way_back = post.replace('/', "&#x2f;");
    ada.get(&update)
        .await
        .assert_shows("value=\"Hello\"")
        .assert_shows(&format!("href=\"{way_back}\">Cancel"));
    let form = [("title", "Good evening"), ("content", "Shorter.")];
    ada.post(&update).form(&form).await.assert_redirect(&post);
    ada.get(&post)
        .await
        .assert_shows("Good evening")
        .assert_shows("Your post has been updated!");

    ada.post(format!("{post}/delete"))
        .await
        .assert_redirect("/");
    ada.get("/")
        .await
        .assert_shows("Your post has been deleted!")
        .assert_hides("Good evening");
    ada.get(&post).await.assert_status(404);
    Ok(())
}

#[axum_db::test(setup = upgrade, app = app)]
async fn a_post_is_its_authors_alone(
    db: Db,
    Ada(user, _): Ada,
    Grace(_, grace): Grace,
    stranger: Client,
) -> Result<(), axum_db::Error> {
    let post = write(&db, &user, "Mine").await?;
    let (update, delete) = (format!("{post}/update"), format!("{post}/delete"));
    grace
        .get(&post)
        .await
        .assert_status(200)
        .assert_hides(&update);
    grace.get(&update).await.assert_status(403);
    let form = [("title", "Yours"), ("content", "No.")];
    grace.post(&update).form(&form).await.assert_status(403);
    grace.post(&delete).await.assert_status(403);

    stranger
        .post(&delete)
        .follow()
        .await
        .assert_shows("Please log in to access this page.");
    stranger
        .get(&post)
        .await
        .assert_status(200)
        .assert_shows("Mine");
    Ok(())
}

#[axum_db::test(setup = upgrade, app = app)]
async fn a_page_has_five_posts_newest_first(
    db: Db,
    Ada(user, ada): Ada,
) -> Result<(), axum_db::Error> {
    for number in 1..=12 {
        write(&db, &user, &format!("Post no. {number}.")).await?;
    }
    // One statement counts, one reads posts and authors, and one the user, however many posts there are.
    ada.get("/").await.assert_queries(3);
    for (path, expected) in [
        ("/", &["12", "11", "10", "9", "8"][..]),
        ("/?page=1", &["12", "11", "10", "9", "8"]),
        ("/?page=3", &["2", "1"]),
        ("/user/ada?page=2", &["7", "6", "5", "4", "3"]),
    ] {
        let page = ada.get(path).await.assert_status(200).text();
        let titles = page.split("Post no. ").skip(1);
        let titles: Vec<&str> = titles.filter_map(|rest| rest.split('.').next()).collect();
        assert_eq!(titles, expected, "{path}");
    }
    ada.get("/user/ada").await.assert_shows("12 posts");
    ada.get("/").await.assert_shows("href=\"?page=3\"");
    Ok(())
}

#[axum_db::test(setup = upgrade, app = app)]
async fn what_people_write_is_text_never_markup(Ada(_, ada): Ada) {
    let hostile = "</p><img src=x onerror=alert(2)>{{ 7 * 7 }}";
    let form = [("title", "<script>alert(1)</script>"), ("content", hostile)];
    ada.post("/post/new").form(&form).await.assert_redirect("/");
    for path in ["/", "/user/ada", "/post/1", "/post/1/update"] {
        ada.get(path)
            .await
            .assert_status(200)
            .assert_hides("<script")
            .assert_hides("<img src=x")
            .assert_shows("{{ 7 * 7 }}");
    }
    let form = [("title", "\"><script>alert(3)</script>"), ("content", "")];
    let again = ada.post("/post/new").form(&form).await;
    again.assert_status(422).assert_hides("<script");
    let policy = again.header("content-security-policy").unwrap_or_default();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("script-src"),
        "{policy}"
    );
}

#[axum_db::test(setup = upgrade, app = app)]
async fn a_form_with_mistakes_keeps_what_was_typed(
    db: Db,
    Ada(user, ada): Ada,
) -> Result<(), axum_db::Error> {
    let too_long = "ü".repeat(101);
    let form = [("title", &*too_long), ("content", "kept")];
    ada.post("/post/new")
        .form(&form)
        .await
        .assert_status(422)
        .assert_shows("A title has 1 to 100 characters.")
        .assert_shows("aria-describedby=\"title-error\"")
        .assert_shows(&too_long)
        .assert_shows("kept</textarea>");
    let form = [("title", "  "), ("content", " \r\n ")];
    let empty = ada.post("/post/new").form(&form).await;
    empty
        .assert_status(422)
        .assert_shows("A post has 1 to 16,000 characters.");

    let post = write(&db, &user, "Right").await?;
    let form = [("title", ""), ("content", "still here")];
    let update = ada.post(format!("{post}/update")).form(&form).await;
    update
        .assert_status(422)
        .assert_shows("still here</textarea>");
    ada.get(&post).await.assert_shows("Right");
    Ok(())
}

#[axum_db::test(setup = upgrade, app = app)]
async fn lengths_count_characters_not_bytes(Ada(_, ada): Ada) {
    let (title, content) = ("🦀".repeat(100), "字".repeat(16_000));
    let form = [("title", &title), ("content", &content)];
    ada.post("/post/new").form(&form).await.assert_redirect("/");
    ada.get("/post/1")
        .await
        .assert_shows(&title)
        .assert_shows(&content);
}

#[axum_db::test(setup = upgrade, app = app)]
async fn what_does_not_exist_is_404(db: Db, Ada(user, ada): Ada) -> Result<(), axum_db::Error> {
    write(&db, &user, "Only").await?;
    for path in [
        "/nowhere",
        "/post/2",
        "/post/abc",
        "/post/99999999999999999999",
        "/post/-1",
        "/user/bob",
        "/user/%00",
        "/user/a%00b",
        "/?page=0",
        "/?page=-1",
        "/?page=abc",
        "/?page=2",
        "/?page=99999999999999999999",
        "/user/ada?page=7",
        "/pictures/none.jpg",
        "/static/none.css",
    ] {
        ada.get(path).await.assert_status(404);
    }
    ada.get("/nowhere")
        .await
        .assert_shows("There is no such page")
        .assert_shows("Log out");
    let form = [("title", "a"), ("content", "b")];
    ada.post("/post/2/update")
        .form(&form)
        .await
        .assert_status(404);
    ada.post("/post/2/delete").await.assert_status(404);
    Ok(())
}
