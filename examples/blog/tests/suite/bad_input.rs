use crate::blog::{Blog, PASSWORD};

#[test]
fn malformed_requests_get_a_page_that_says_so() {
    let blog = Blog::new();
    let ada = blog.member("ada");
    let form = "application/x-www-form-urlencoded";
    for path in ["/post/new", "/login", "/register", "/account"] {
        let visitor = if path == "/login" || path == "/register" {
            blog.visitor()
        } else {
            blog.member(&format!("m{}", path.len()))
        };
        let limit = if path == "/account" { 8 } else { 2 } * 1024 * 1024;
        visitor
            .send(path, "application/json", b"{}")
            .assert_page(415);
        visitor.send(path, form, b"").assert_page(422);
        visitor
            .send(path, form, b"title=%FF%FE&content=%C3")
            .assert_page(422);
        for body in [
            &b"title=a&title=b&email=a&email=b"[..],
            b"\xff\xfe=1",
            b"=&=&&&",
            b"title[]=1",
            b"%",
        ] {
            let page = visitor.send(path, form, body);
            assert!(
                (400..500).contains(&page.status),
                "{path} {body:?}: {}",
                page.status
            );
            page.assert_page(page.status);
        }
        visitor
            .send(path, form, &vec![b'a'; limit + 200_000])
            .assert_page(413);
    }
    ada.send("/account", "multipart/form-data", b"")
        .assert_page(400);
    ada.send(
        "/account",
        "multipart/form-data; boundary=x",
        b"--x\r\nbroken",
    )
    .assert_page(400);
    ada.send("/account", "multipart/form-data; boundary=x", b"")
        .assert_page(400);
    ada.get("/user/%FF").assert_page(400);
    ada.post("/", &[]).assert_page(405);
}

#[test]
fn control_characters_and_hostile_text_reach_no_error() {
    let blog = Blog::new();
    let ada = blog.member("ada");
    let post = [
        ("title", "nul\0 and bell\u{7}"),
        ("content", "a\0b'; DROP TABLE posts; --\u{202e}"),
    ];
    assert_eq!(ada.post("/post/new", &post).redirect(), "/");
    ada.get("/").assert_page(200).assert_shows("nul and bell");
    let password = [("email", "ada@example.com"), ("password", "nul\0")];
    let page = blog.visitor().post("/login", &password);
    assert!((400..500).contains(&page.status), "{}", page.body);
    page.assert_page(page.status);
    let long = "p".repeat(5000);
    blog.visitor()
        .post(
            "/login",
            &[("email", "ada@example.com"), ("password", &long)],
        )
        .assert_page(422);
    let form = [
        ("username", "bob"),
        ("email", "bob@example.com"),
        ("password", "nul\0"),
        ("confirm_password", "nul\0"),
    ];
    blog.visitor()
        .post("/register", &form)
        .assert_page(422)
        .assert_shows("password-error");
    blog.visitor()
        .post(
            "/login",
            &[("email", "nul\0@example.com"), ("password", PASSWORD)],
        )
        .assert_page(422);
}
