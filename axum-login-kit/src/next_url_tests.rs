use proptest::prelude::*;
use url::Url;

use super::NextUrl;

#[test]
fn paths_on_this_origin_are_kept() {
    for (raw, kept) in [
        ("/", "/"),
        ("/account", "/account"),
        ("/account?tab=2&x=%2Fy", "/account?tab=2&x=%2Fy"),
        ("/account#section", "/account"),
        ("/a/../b", "/b"),
        ("/a b", "/a%20b"),
        ("/ümlaut?q=ß", "/%C3%BCmlaut?q=%C3%9F"),
        ("/@someone", "/@someone"),
        ("/a:b", "/a:b"),
        ("/a//b", "/a//b"),
        ("/\u{ff0f}e.com", "/%EF%BC%8Fe.com"),
    ] {
        assert_eq!(NextUrl::parse(raw).as_str(), Some(kept), "{raw}");
    }
}

#[test]
fn everything_else_becomes_the_default() {
    let long = format!("/{}", "a".repeat(10 * 1024));
    for raw in [
        "",
        "account",
        "?x",
        "#x",
        ".",
        "..",
        "//e.com",
        "///e.com",
        "////e.com",
        "/\\e.com",
        "\\\\e.com",
        "\\/e.com",
        "/\\/e.com",
        "https:e.com",
        "https:/e.com",
        "https://e.com",
        "http:///e.com",
        "HTTPS://e.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "//[::1",
        "http://[::1",
        "/\t/e.com",
        "\t//e.com",
        " //e.com",
        " /account",
        "/\n/e.com",
        "/a\r\nSet-Cookie: x=y",
        "/a%0d%0aSet-Cookie:%20x=y",
        "/a?b=%0D%0Ac",
        "/%00",
        "/a%7f",
        "/\u{0}",
        "/\u{7f}",
        "/\u{85}",
        "/%2f/e.com",
        "/%2Fe.com",
        "/%5ce.com",
        "/%252fe.com",
        "/%255Ce.com",
        "/a/..//e.com",
        "/.//e.com",
        "/%2e//e.com",
        "/a/%2e%2e//e.com",
        "/a/../..//e.com",
        "@e.com",
        ":80",
        &long,
    ] {
        assert_eq!(NextUrl::parse(raw).as_str(), None, "{raw:?}");
    }
}

#[test]
fn it_is_encoded_when_it_becomes_a_parameter() {
    let next = NextUrl::parse("/search?q=a&b=c d");
    assert_eq!(
        next.appended_to("/login"),
        "/login?next=%2Fsearch%3Fq%3Da%26b%3Dc%2520d"
    );
    assert_eq!(
        next.appended_to("/login?lang=de"),
        "/login?lang=de&next=%2Fsearch%3Fq%3Da%26b%3Dc%2520d"
    );
}

#[test]
fn of_an_absolute_address_only_path_and_query_count() {
    let next = NextUrl::parse_absolute("https://e.com/list?page=2#top");
    assert_eq!(next.as_str(), Some("/list?page=2"));
    assert_eq!(
        NextUrl::parse_absolute("https://e.com//f.com").as_str(),
        None
    );
    assert_eq!(NextUrl::parse_absolute("mailto:a@e.com").as_str(), None);
    assert_eq!(NextUrl::parse_absolute("/relative").as_str(), None);
}

/// Strings made of the pieces attacks are made of, so that the property meets them often.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/".to_owned()),
        Just("\\".to_owned()),
        Just("//".to_owned()),
        Just("..".to_owned()),
        Just(".".to_owned()),
        Just("%2e".to_owned()),
        Just("%2f".to_owned()),
        Just("%5C".to_owned()),
        Just("%25".to_owned()),
        Just("@".to_owned()),
        Just(":".to_owned()),
        Just("?".to_owned()),
        Just("#".to_owned()),
        Just("[".to_owned()),
        Just("\t".to_owned()),
        Just("\r\n".to_owned()),
        Just("https:".to_owned()),
        Just("javascript:".to_owned()),
        Just("e.com".to_owned()),
        Just("\u{ff0f}".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_browser_stays_on_this_origin(raw in prop_oneof![hostile(), hostile().prop_map(|s| format!("/{s}")), ".*"]) {
        let next = NextUrl::parse(&raw);
        if let Some(kept) = next.as_str() {
            for page in ["https://blog.example/login", "http://localhost:3000/a/b/login?next=/"] {
                let page = Url::parse(page).unwrap();
                let target = page.join(kept).unwrap();
                prop_assert_eq!(target.origin(), page.origin());
                prop_assert!(target.username().is_empty() && target.password().is_none());
            }
            // What was kept is in its final form: parsing it again changes nothing, and it is a header value.
            let again = NextUrl::parse(kept);
            prop_assert_eq!(again.as_str(), Some(kept));
            prop_assert!(kept.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
