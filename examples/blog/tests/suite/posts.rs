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
