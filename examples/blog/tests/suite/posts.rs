use crate::blog::Blog;

#[test]
fn a_post_is_written_read_changed_and_deleted() {
    let blog = Blog::new();
    let ada = blog.member("ada");

    ada.get("/post/new")
        .assert_page(200)
        .assert_shows("New post");
    let post = ada.write("Hello", "The first line.\r\nThe second.");
    ada.get("/")
        .assert_page(200)
        .assert_hides("has been created");
    blog.visitor()
        .get(&post)
        .assert_page(200)
        .assert_shows("<h1>Hello</h1>")
        .assert_shows("The first line.\nThe second.");

    ada.get(&format!("{post}/update"))
        .assert_page(200)
        .assert_shows("value=\"Hello\"");
    // The way back is the post itself.
    let way_back = post.replace('/', "&#x2f;");
    ada.get(&format!("{post}/update"))
        .assert_shows(&format!("href=\"{way_back}\">Cancel"));
    let changed = ada.post(
        &format!("{post}/update"),
        &[("title", "Good evening"), ("content", "Shorter.")],
    );
    assert_eq!(changed.redirect(), post);
    ada.get(&post)
        .assert_page(200)
        .assert_shows("Good evening")
        .assert_shows("Your post has been updated!");

    assert_eq!(ada.post(&format!("{post}/delete"), &[]).redirect(), "/");
    ada.get("/")
        .assert_shows("Your post has been deleted!")
        .assert_hides("Good evening");
    ada.get(&post).assert_page(404);
}

#[test]
fn a_post_is_its_authors_alone() {
    let blog = Blog::new();
    let post = blog.member("ada").write("Mine", "Hands off.");
    let grace = blog.member("grace");

    grace
        .get(&post)
        .assert_page(200)
        .assert_hides(&format!("{post}/update"));
    grace.get(&format!("{post}/update")).assert_page(403);
    grace
        .post(
            &format!("{post}/update"),
            &[("title", "Yours"), ("content", "No.")],
        )
        .assert_page(403);
    grace.post(&format!("{post}/delete"), &[]).assert_page(403);

    let stranger = blog.visitor();
    let refused = stranger.post(&format!("{post}/delete"), &[]);
    assert!(refused.redirect().starts_with("/login"));
    stranger
        .get("/login")
        .assert_shows("Please log in to access this page.");
    stranger.get(&post).assert_page(200).assert_shows("Mine");
}

#[test]
fn the_home_page_has_five_posts_newest_first() {
    let blog = Blog::new();
    let ada = blog.member("ada");
    blog.visitor()
        .get("/")
        .assert_page(200)
        .assert_shows("Nothing here yet");
    for number in 1..=12 {
        ada.write(&format!("Post no. {number}."), "…");
    }

    let titles = |path: &str| -> Vec<String> {
        let body = blog.visitor().get(path).assert_page(200).body.clone();
        body.split("Post no. ")
            .skip(1)
            .map(|rest| rest[..rest.find('.').expect("a full stop")].to_owned())
            .collect()
    };
    assert_eq!(titles("/"), ["12", "11", "10", "9", "8"]);
    assert_eq!(titles("/?page=1"), titles("/"));
    assert_eq!(titles("/?page=3"), ["2", "1"]);
    assert_eq!(titles("/user/ada?page=2"), ["7", "6", "5", "4", "3"]);
    blog.visitor().get("/user/ada").assert_shows("12 posts");
    blog.visitor().get("/").assert_shows("href=\"?page=3\"");
}

#[test]
fn what_people_write_is_text_never_markup() {
    let blog = Blog::new();
    let ada = blog.member("ada");
    let title = "<script>alert(1)</script>";
    let written = ada.post(
        "/post/new",
        &[
            ("title", title),
            ("content", "</p><img src=x onerror=alert(2)>{{ 7 * 7 }}"),
        ],
    );
    assert_eq!(written.redirect(), "/");
    for path in ["/", "/user/ada", "/post/1", "/post/1/update"] {
        ada.get(path)
            .assert_page(200)
            .assert_hides("<script")
            .assert_hides("<img src=x")
            .assert_shows("{{ 7 * 7 }}");
    }

    let again = ada.post(
        "/post/new",
        &[("title", "\"><script>alert(3)</script>"), ("content", "")],
    );
    again.assert_page(422).assert_hides("<script");
    let policy = again.header("content-security-policy").to_owned();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("script-src"),
        "{policy}"
    );
}

#[test]
fn a_form_with_mistakes_keeps_what_was_typed() {
    let blog = Blog::new();
    let ada = blog.member("ada");
    let too_long = "ü".repeat(101);
    ada.post("/post/new", &[("title", &too_long), ("content", "kept")])
        .assert_page(422)
        .assert_shows("A title has 1 to 100 characters.")
        .assert_shows("aria-describedby=\"title-error\"")
        .assert_shows(&too_long)
        .assert_shows("kept</textarea>");
    ada.post("/post/new", &[("title", "  "), ("content", " \r\n ")])
        .assert_page(422)
        .assert_shows("A post has 1 to 16,000 characters.");

    let post = ada.write("Right", "…");
    ada.post(
        &format!("{post}/update"),
        &[("title", ""), ("content", "still here")],
    )
    .assert_page(422)
    .assert_shows("still here</textarea>");
    ada.get(&post).assert_shows("Right");
}

#[test]
fn lengths_count_characters_not_bytes() {
    let blog = Blog::new();
    let ada = blog.member("ada");
    let title = "🦀".repeat(100);
    let content = "字".repeat(16_000);
    let post = ada.write(&title, &content);
    ada.get(&post)
        .assert_page(200)
        .assert_shows(&title)
        .assert_shows(&content);
}
