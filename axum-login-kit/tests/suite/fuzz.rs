//! Cookies that nobody made.

use proptest::prelude::*;

use crate::sqlite::app::{App, Kept};

/// What a cookie header may look like, near enough to a real one to be read.
fn header(real: String) -> impl Strategy<Value = String> {
    let names = prop_oneof![
        Just("session"),
        Just("__Host-session"),
        Just("fresh"),
        Just("state"),
        Just("visitor"),
        Just("flash"),
        Just("session-admin"),
        Just("Session"),
        Just(""),
    ];
    let cut = (Just(real.clone()), any::<prop::sample::Index>())
        .prop_map(|(real, at)| real[..at.index(real.len().max(1))].to_owned());
    let flipped = (Just(real), any::<prop::sample::Index>(), "[A-Za-z0-9_-]").prop_map(
        |(mut real, at, letter)| {
            let at = at.index(real.len());
            if !real[at..].starts_with(&letter) {
                real.replace_range(at..=at, &letter);
                real
            } else {
                String::new()
            }
        },
    );
    let value = prop_oneof![
        "[A-Za-z0-9_-]{43}",
        "[ -~&&[^;]]{0,60}",
        "[0-9a-f]{64}",
        cut,
        flipped,
        Just(String::new()),
    ];
    let separator = prop_oneof![Just("; "), Just(";"), Just(";;  "), Just(" ; ")];
    let pair = (names, value, separator);
    proptest::collection::vec(pair, 0..6).prop_map(|pairs| {
        let text = pairs
            .into_iter()
            .map(|(name, value, separator)| format!("{name}={value}{separator}"));
        text.collect()
    })
}

#[test]
fn forged_cookies_are_nobodys_and_break_nothing() {
    for kept in Kept::ALL {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (app, real) = runtime.block_on(async {
            let app = App::with(|builder| kept.set(builder)).await;
            app.user("ada@example.com").await;
            let browser = app.remembered("ada@example.com").await;
            let real = browser.cookie("session").unwrap().to_owned();
            (app, real)
        });
        let config = ProptestConfig {
            cases: 150,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let outcome = runner.run(&header(real.clone()), |header| {
            // The one text that lets somebody in is the whole token under its own name.
            prop_assume!(!header.contains(&format!("session={real};")));
            runtime.block_on(async {
                let mut forger = app.browser();
                forger = forger.with("cookie", &header);
                for uri in ["/home", "/login", "/cart", "/fresh"] {
                    let answer = forger.get(uri).await;
                    prop_assert!(answer.status.is_success(), "{uri}: {answer:?}");
                    prop_assert!(!answer.body.contains("ada@"), "{uri}: {answer:?}");
                }
                prop_assert!(!forger.post("/logout", "").await.status.is_server_error());
                Ok(())
            })
        });
        outcome.unwrap();
    }
}
