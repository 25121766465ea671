use crate::blog::{Blog, PASSWORD, registration};

#[test]
fn a_visitor_registers_logs_in_and_out() {
    let blog = Blog::new();
    let ada = blog.visitor();
    ada.get("/register")
        .assert_page(200)
        .assert_shows("autocomplete=\"new-password\"");
    ada.register("ada", "Ada@Example.com ");
    ada.get("/login")
        .assert_page(200)
        .assert_shows("Your account has been created!");
    ada.get("/login")
        .assert_hides("Your account has been created!");

    ada.log_in("ADA@example.com");
    ada.get("/")
        .assert_page(200)
        .assert_shows("Log out")
        .assert_hides("Register");
    ada.get("/account")
        .assert_page(200)
        .assert_shows("ada@example.com");
    assert_eq!(ada.get("/login").redirect(), "/");
    assert_eq!(ada.get("/register").redirect(), "/");

    ada.get("/logout").assert_page(405);
    assert_eq!(ada.post("/logout", &[]).redirect(), "/");
    ada.get("/").assert_shows("Log in");
    assert!(ada.get("/account").redirect().starts_with("/login"));
}

#[test]
fn remember_me_outlives_the_browser() {
    let blog = Blog::new();
    let ada = blog.visitor();
    ada.register("ada", "ada@example.com");
    let log_in = |more: &[(&str, &str)]| {
        let form = [
            &[("email", "ada@example.com"), ("password", PASSWORD)],
            more,
        ]
        .concat();
        let page = blog.visitor().post("/login", &form);
        assert_eq!(page.redirect(), "/");
        page.cookies().iter().any(|cookie| {
            assert!(
                cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
                "{cookie}"
            );
            cookie.contains("Max-Age=") && !cookie.contains("Max-Age=0")
        })
    };
    assert!(log_in(&[("remember", "y")]));
    assert!(log_in(&[("remember", "on")]));
    assert!(!log_in(&[]));
}

#[test]
fn a_wrong_password_tells_nothing() {
    let blog = Blog::new();
    blog.visitor().register("ada", "ada@example.com");
    let wrong = blog.visitor().post(
        "/login",
        &[
            ("email", "ada@example.com"),
            ("password", "not it"),
            ("remember", "y"),
        ],
    );
    wrong
        .assert_page(422)
        .assert_shows("Login unsuccessful.")
        .assert_shows("value=\"ada@example.com\"")
        .assert_shows("checked")
        .assert_hides("not it");
    let unknown = blog.visitor().post(
        "/login",
        &[
            ("email", "bob@example.com"),
            ("password", "not it"),
            ("remember", "y"),
        ],
    );
    assert_eq!(unknown.body.replace("bob@", "ada@"), wrong.body);
}

#[test]
fn a_taken_name_is_said_beside_its_field() {
    let blog = Blog::new();
    blog.visitor().register("ada", "ada@example.com");
    let again = blog.visitor();
    again
        .post("/register", &registration("ada", "other@example.com"))
        .assert_page(422)
        .assert_shows("id=\"username-error\">That username is taken.")
        .assert_shows("value=\"other@example.com\"")
        .assert_hides(PASSWORD);
    again
        .post("/register", &registration("other", "ADA@example.com"))
        .assert_page(422)
        .assert_shows("id=\"email-error\">That e-mail is taken.");
    again.register("other", "other@example.com");
}

#[test]
fn of_many_who_want_a_name_one_gets_it() {
    let blog = Blog::new();
    let emails: Vec<String> = (0..6)
        .map(|number| format!("{number}@example.com"))
        .collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let register = |email| {
            blog.visitor()
                .post("/register", &registration("highlander", email))
                .status
        };
        let running: Vec<_> = emails
            .iter()
            .map(|email| scope.spawn(move || register(email)))
            .collect();
        running
            .into_iter()
            .map(|one| one.join().expect("an answer"))
            .collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 303).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| matches!(status, 303 | 422)),
        "{statuses:?}"
    );
}

#[test]
fn registration_says_what_is_wrong_with_each_field() {
    let blog = Blog::new();
    let visitor = blog.visitor();
    visitor
        .post(
            "/register",
            &[
                ("username", "a"),
                ("email", "nobody"),
                ("password", "one"),
                ("confirm_password", "two"),
            ],
        )
        .assert_page(422)
        .assert_shows("id=\"username-error\">A username has 2 to 20 characters.")
        .assert_shows("id=\"email-error\"")
        .assert_shows("id=\"confirm_password-error\">The two passwords differ.")
        .assert_shows("value=\"nobody\"")
        .assert_hides("value=\"one\"");
    for name in [
        "ö".repeat(21).as_str(),
        "a b",
        "..",
        "a/b",
        "<b>x</b>",
        "-ada",
        "a\u{202e}b",
    ] {
        visitor
            .post("/register", &registration(name, "ada@example.com"))
            .assert_page(422)
            .assert_shows("username-error");
    }
    for email in [
        "",
        "@",
        "a@",
        "a b@example.com",
        &format!("{}@example.com", "a".repeat(120)),
    ] {
        visitor
            .post("/register", &registration("ada", email))
            .assert_page(422)
            .assert_shows("email-error");
    }
    visitor.register(&"ö".repeat(20), "o@example.com");
    visitor.get("/user/%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6%C3%B6")
        .assert_page(200);
}

#[test]
fn login_returns_to_where_it_was_asked_for_and_nowhere_else() {
    let blog = Blog::new();
    blog.visitor().register("ada", "ada@example.com");
    let form = [("email", "ada@example.com"), ("password", PASSWORD)];

    let ada = blog.visitor();
    let login = ada.get("/post/new").redirect().to_owned();
    assert!(login.starts_with("/login?next="), "{login}");
    ada.get(&login).assert_page(200);
    ada.post(
        &login,
        &[("email", "ada@example.com"), ("password", "wrong")],
    )
    .assert_page(422);
    assert_eq!(ada.post(&login, &form).redirect(), "/post/new");

    for evil in [
        "https://evil.example/",
        "//evil.example",
        "/%5Cevil.example",
        "%2F%2Fevil.example",
        "javascript:alert(1)",
        "https:evil.example",
    ] {
        let page = blog.visitor().post(&format!("/login?next={evil}"), &form);
        assert_eq!(page.redirect(), "/", "{evil}");
    }
}

#[test]
fn a_forged_cookie_is_nobody() {
    let blog = Blog::new();
    let ada = blog.visitor();
    ada.register("ada", "ada@example.com");
    let login = ada.post(
        "/login",
        &[("email", "ada@example.com"), ("password", PASSWORD)],
    );
    let names = login
        .cookies()
        .into_iter()
        .filter_map(|cookie| cookie.split('=').next());
    for name in names {
        let forged = format!("{name}=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        let page = blog.visitor().post_with(
            "/post/new",
            &[("cookie", &forged)],
            &[("title", "a"), ("content", "b")],
        );
        assert!(page.redirect().starts_with("/login"));
    }
}

#[test]
fn a_device_is_ended_from_another() {
    let blog = Blog::new();
    let laptop = blog.member("ada");
    let phone = blog.visitor();
    phone.log_in("ada@example.com");
    laptop
        .get("/devices")
        .assert_page(200)
        .assert_shows("This device")
        .assert_shows("Log out all others");
    assert_eq!(
        laptop.post("/devices/others/end", &[]).redirect(),
        "/devices"
    );
    laptop
        .get("/devices")
        .assert_shows("All other devices are logged out.")
        .assert_hides("Log out all others");
    assert!(phone.get("/account").redirect().starts_with("/login"));

    phone.log_in("ada@example.com");
    let page = phone.get("/devices").body;
    let (_, form) = page
        .split_once("action=\"/devices/")
        .expect("the other device can be ended");
    let (id, _) = form.split_once("/end").expect("by its id");
    // Nobody else can do it.
    let grace = blog.member("grace");
    grace.post(&format!("/devices/{id}/end"), &[]);
    laptop.get("/account").assert_page(200);
    phone.post(&format!("/devices/{id}/end"), &[]);
    assert!(laptop.get("/account").redirect().starts_with("/login"));
}

#[test]
fn forms_of_other_sites_log_nobody_in_or_out() {
    let blog = Blog::new();
    let ada = blog.member("ada");
    let login = [("email", "ada@example.com"), ("password", PASSWORD)];
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://evil.example"),
        ],
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
    ] {
        ada.post_with("/logout", headers, &[]).assert_page(403);
        ada.get("/account").assert_page(200);
        let victim = blog.visitor();
        victim.post_with("/login", headers, &login).assert_page(403);
        assert!(victim.get("/account").redirect().starts_with("/login"));
    }
    for headers in [&[("sec-fetch-site", "same-origin")][..], &[]] {
        let visitor = blog.visitor();
        assert_eq!(visitor.post_with("/login", headers, &login).redirect(), "/");
        assert_eq!(visitor.post_with("/logout", headers, &[]).redirect(), "/");
    }
}

#[test]
fn a_changed_password_leaves_this_browser_logged_in_and_no_other() {
    let blog = Blog::new();
    let ada = blog.visitor();
    ada.register("ada", "ada@example.com");
    ada.log_in("ada@example.com");
    let phone = blog.visitor();
    phone.log_in("ada@example.com");
    let change = |current, new, again| {
        let form = [
            ("current", current),
            ("password", new),
            ("confirm_password", again),
        ];
        ada.post("/password", &form)
    };
    ada.get("/password")
        .assert_page(200)
        .assert_shows("autocomplete=\"current-password\"");
    change("a guess", "another one", "another one")
        .assert_page(422)
        .assert_shows("<title>Error: Change your password")
        .assert_shows("<a href=\"#current\">This is not your current password.</a>")
        .assert_hides("another one");
    change(PASSWORD, "another one", "another two")
        .assert_page(422)
        .assert_shows("<a href=\"#confirm_password\">The two passwords differ.</a>");
    phone.get("/account").assert_page(200);

    assert_eq!(
        change(PASSWORD, "another one", "another one").redirect(),
        "/account"
    );
    ada.get("/account")
        .assert_page(200)
        .assert_shows("logged out everywhere else");
    assert!(phone.get("/account").redirect().starts_with("/login"));
    let form = [("email", "ada@example.com"), ("password", "another one")];
    assert_eq!(phone.post("/login", &form).redirect(), "/");
    let stranger = blog.visitor();
    assert!(stranger.get("/password").redirect().starts_with("/login"));
}
