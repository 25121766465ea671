use crate::blog::Blog;

#[test]
fn assets_are_kept_by_the_browser_until_they_change() {
    let blog = Blog::new();
    let visitor = blog.visitor();
    let home = visitor.get("/");
    let (_, rest) = home
        .body
        .split_once("rel=\"stylesheet\" href=\"")
        .expect("the page has a stylesheet");
    let address = rest.split('"').next().expect("its address");
    assert!(address.starts_with("/static/main.css?v="), "{address}");

    let css = visitor.get(address);
    assert_eq!(css.status, 200);
    assert_eq!(css.header("content-type"), "text/css; charset=utf-8");
    assert!(css.header("cache-control").contains("immutable"));
    // No user was asked for, so nothing of it depends on one.
    assert_eq!((css.header("vary"), css.cookies().len()), ("", 0));

    assert_eq!(visitor.get("/static/none.css").header("cache-control"), "");
    assert_eq!(
        visitor.get("/pictures/none.jpg").header("cache-control"),
        ""
    );
}

#[test]
fn every_page_says_what_it_may_load_and_who_may_keep_it() {
    let blog = Blog::new();
    let ada = blog.member("ada");
    let account = ada.get("/account");
    let policy = account.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(!policy.contains("script-src"), "{policy}");
    assert_eq!(account.header("x-content-type-options"), "nosniff");
    assert_eq!(account.header("referrer-policy"), "same-origin");
    assert_eq!(account.header("cache-control"), "no-store");
    assert!(account.header("vary").to_lowercase().contains("cookie"));
}
