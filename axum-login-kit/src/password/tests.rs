use std::time::Duration;

use proptest::prelude::*;

use super::{Bcrypt, Passwords};
use crate::ErrorKind;
use crate::error::ConfigError;

const COST: u32 = 4;

/// The cheapest there are.
fn cheap() -> Passwords {
    Bcrypt::with_cost(COST).unwrap().into()
}

fn hash(password: &str) -> String {
    cheap().hash_here(password).unwrap()
}

fn made_by(password: &str, hash: &str) -> bool {
    cheap().verify_here(password, Some(hash)).valid
}

/// Hashes of `correct horse` by Flask-Bcrypt, Django and others, whom nobody asked to use our code.
const ELSEWHERE: &[&str] = &[
    "$2b$04$EhO47zhTVQuo07toNfP0w.EkpjtwsmU5Os1T2mKT0Uy4jhXd50vfW",
    "$2y$04$EhO47zhTVQuo07toNfP0w.EkpjtwsmU5Os1T2mKT0Uy4jhXd50vfW",
    "$2x$04$EhO47zhTVQuo07toNfP0w.EkpjtwsmU5Os1T2mKT0Uy4jhXd50vfW",
    "bcrypt$$2b$04$hpdD6L4BgXb6svzeY2EtCOlvvJX94f7LIQTlPynEfAIfQo/CcQuu2",
    "bcrypt_sha256$$2b$04$.frpzBCM6e6JlvSeyX9YXuxc1CAPj/iD7l9mu79SSZFwtn6m1/M7y",
    #[cfg(feature = "argon2")]
    "$argon2id$v=19$m=64,t=1,p=1$4+HQopke/NfBsWWJGduJQQ$H69YFW66M3bC/ea8ppR1LtfER2/KdttprTDg+77Lohc",
    #[cfg(feature = "argon2")]
    "$argon2i$v=19$m=64,t=2,p=1$rUiQnyXPEKFJQPcWRQqPcA$chfMamFdH0PWz4vuhPqq8PbIsiB7zBRnkaVaYjNtS14",
    #[cfg(feature = "argon2")]
    "argon2$argon2id$v=19$m=64,t=2,p=2$U0Ruc2lzcjJ0d1NmRm1nZUh3TXJzSA$B/cFhc9BDyCAWjAmQ0zyrkC8meFT7tWqpbRusbiapcU",
    #[cfg(feature = "werkzeug")]
    "pbkdf2:sha256:1000$gX2hQpT7kLwZ9aBc$75e83a6510c704c16eaa6d89a2691a6a20a402fc7899b0448e29c1cf3393b14b",
    #[cfg(feature = "werkzeug")]
    "pbkdf2:sha512:60$rryezAGuFK4LL5Mo$1a45d30cb5215cd88092494b18f5284711666654da01e6bbcc98abab26156f2be7da995eb85b5dc3a920ceb14c65ba934a2adeb052287dc22ae381fbb78f1de8",
    #[cfg(feature = "werkzeug")]
    "pbkdf2:sha1:60$kQ3vZ8sNwB$cc9104f753dc0301035671cd1e9a7c85cd5a6436",
    #[cfg(feature = "werkzeug")]
    "pbkdf2_sha1$60$Xy7mP2rTq9Ls$62Tu4v1oM0TX8d2Xg/7Zqpi1W/I=",
    #[cfg(feature = "werkzeug")]
    "scrypt:1024:8:1$Q3DjIWKNgHeBosw0$b160aac67fa2f7fc00e9ed25601729f6b70512f9482682ae57e3cd6275ef171d23d1a51562d3f87a09c57ba3b4ffe556d6e95215b5594fab35e2fca373b0be87",
    #[cfg(feature = "werkzeug")]
    "pbkdf2_sha256$60$nxyf4CQ4a025KRWHvVdb44$yGlSX7Onag2xM+RpZtfCh3hU9LFGWAzVconShgaIEp4=",
    #[cfg(feature = "werkzeug")]
    "scrypt$1024$aWlnd9JyISCgPoKoWFxq04$8$5$2/UjH/x4NLEuf3QrVcT1FUYAkgMY8rqaosqB4H+7UQ5s6oac0i56DP1gpoM2lO7bR5aXZl9mTKmXIg3ldJ0VnA==",
];

/// What Flask-Bcrypt stores with `BCRYPT_HANDLE_LONG_PASSWORDS`, for `correct horse` and 64 crabs.
const FLASK_LONG: [&str; 2] = [
    "$2b$04$0WtPUXBhI..a//rKHiHG6eXo7RpSVvgJ90XNlVLjLAJ03qXHFTci2",
    "$2b$04$Uh9H15Inujnss/Ep0YEofujD4hJ4m80pa1WrEY1MeOJziyDMTUx5m",
];

#[test]
fn hashes_made_elsewhere_verify() {
    for known in ELSEWHERE {
        assert!(made_by("correct horse", known), "{known}");
        assert!(!made_by("correct horse ", known), "{known}");
        assert!(!made_by("", known), "{known}");
    }
    for (password, known) in [
        (
            "password",
            "$2a$04$UuTkLRZZ6QofpDOlMz32MuuxEHA43WOemOYHPz6.SjsVsyO1tDU96",
        ),
        (
            "pässwörd",
            "$2a$04$/iU2CNNRPrGdqLARYi847.5p4azZY5fhp0xO.mR1W7SuM8TGGEsDy",
        ),
        // The vectors of the original implementation, John the Ripper's set.
        (
            "U*U",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        ),
        (
            "U*U*",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK",
        ),
        (
            "",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy",
        ),
        (
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
            "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
        ),
        #[cfg(feature = "werkzeug")]
        (
            "pässwörd🦀",
            "pbkdf2:sha256:60$XWvfrzc96xfeK2Pa$adfec7d761bbc83f86261274ab99e16e9c0e7e36e0d28901cfdf2fe70e620968",
        ),
    ] {
        assert!(made_by(password, known), "{password:?}");
        assert!(!made_by("something else", known));
    }
}

#[test]
fn what_another_made_is_replaced() {
    for known in ELSEWHERE {
        let verified = cheap().verify_here("correct horse", Some(known));
        let is_ours = known.starts_with("$2b$");
        assert_eq!(verified.rehash_due, !is_ours, "{known}");
    }
}

#[test]
fn every_byte_counts_on_both_sides_of_the_limit() {
    for length in [0, 1, 70, 71, 72, 73, 200, 4096] {
        let password = "a".repeat(length);
        let longer = format!("{password}b");
        let hash = hash(&password);
        assert!(made_by(&password, &hash), "{length}");
        assert!(!made_by(&longer, &hash), "{length}");
        assert_eq!(hash.starts_with("$bcrypt-sha384$2b$04$"), length > 71);
        assert_eq!(hash.starts_with("$2b$04$"), length <= 71);
        let verified = cheap().verify_here(&password, Some(&hash));
        assert!(!verified.rehash_due, "{length}");
    }
    let emoji = "🦀".repeat(64);
    let hash = hash(&emoji);
    assert!(made_by(&emoji, &hash));
    assert!(!made_by(&"🦀".repeat(63), &hash));
}

#[test]
fn letters_count_as_their_bytes() {
    let composed = "p\u{e4}ssword";
    let hash = hash(composed);
    assert!(made_by(composed, &hash));
    assert!(!made_by("pa\u{308}ssword", &hash));
}

#[test]
fn a_pre_hash_taken_for_a_password_opens_nothing() {
    let password = "p".repeat(100);
    let stored = hash(&password);
    assert!(!made_by(&super::prehash::prehash(&password), &stored));
    // Nor does the SHA-256 of a password, which others may have lost.
    let flask = cheap().flask_compat();
    let leaked = super::prehash::sha256_hex("correct horse");
    assert!(
        flask
            .verify_here("correct horse", Some(FLASK_LONG[0]))
            .valid
    );
    assert!(!flask.verify_here(&leaked, Some(FLASK_LONG[0])).valid);
    let upper = leaked.to_uppercase();
    assert!(!flask.verify_here(&upper, Some(FLASK_LONG[0])).valid);
}

#[test]
fn flask_bcrypts_long_passwords_verify_where_they_are_expected() {
    let flask = cheap().flask_compat();
    for (password, known) in ["correct horse", &"🦀".repeat(64)]
        .into_iter()
        .zip(FLASK_LONG)
    {
        let verified = flask.verify_here(password, Some(known));
        assert!(verified.valid && verified.rehash_due);
        assert!(!made_by(password, known));
        assert!(!flask.verify_here("another", Some(known)).valid);
    }
    // So do plain ones, and new ones are neither.
    let verified = flask.verify_here("correct horse", Some(ELSEWHERE[0]));
    assert!(verified.valid && verified.rehash_due);
    let new = flask.hash_here("correct horse").unwrap();
    assert!(new.starts_with("$bcrypt-sha384$2b$04$"));
    let verified = flask.verify_here("correct horse", Some(&new));
    assert!(verified.valid && !verified.rehash_due);
}

#[test]
fn a_malformed_hash_is_nobodys() {
    let zeros = "0".repeat(64);
    for malformed in [
        "",
        "$",
        "$2",
        "!",
        "plain text",
        "$2b$04$",
        "$2b$04$tooshort",
        "$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$00$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$+5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$9z$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$05$CCCCCCCCCCCCCCCCCCCC!!E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$05$ééééééééééééééééééééééééééééé",
        "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$bcrypt-sha384",
        "$bcrypt-sha384-",
        "$bcrypt-sha384-ééé",
        "$bcrypt-sha384-AAAAAAAA$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$bcrypt-sha384$2b$04$tooshort",
        "$bcrypt-sha384$bcrypt-sha384$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "bcrypt$",
        "bcrypt_sha256$",
        "$argon2-sha384-AAAAAAAA$argon2id$v=19$m=64,t=1,p=1$4+HQopke/NfBsWWJGduJQQ$H69Y",
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA",
        "$argon2id$v=19$m=64,t=1,p=1$4+HQopke/NfBsWWJGduJQQ$",
        "$argon2id$v=19$m=4294967295,t=1,p=1$4+HQopke/NfBsWWJGduJQQ$H69YFW66M3bC/ea8ppR1LtfER2/KdttprTDg+77Lohc",
        "$argon2id$v=19$m=64,t=4294967295,p=1$4+HQopke/NfBsWWJGduJQQ$H69YFW66M3bC/ea8ppR1LtfER2/KdttprTDg+77Lohc",
        "$argon2id$v=19$m=64,t=0,p=0$4+HQopke/NfBsWWJGduJQQ$H69YFW66M3bC/ea8ppR1LtfER2/KdttprTDg+77Lohc",
        "argon2$",
        "argon2$é",
        "pbkdf2:sha256:1$salt$",
        "pbkdf2:sha256:1$salt$00",
        &format!("pbkdf2:sha256:0$salt${zeros}"),
        &format!("pbkdf2:sha256:4294967295$salt${zeros}"),
        &format!("pbkdf2:md5:1$salt${zeros}"),
        &format!("pbkdf2:sha256:1:1$salt${zeros}"),
        "pbkdf2:sha1$salt$da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "sha1$salt$da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "pbkdf2_sha256$1$salt$",
        "scrypt:2:1:1$salt$",
        &format!("scrypt:3:8:1$salt${zeros}"),
        &format!("scrypt:0:8:1$salt${zeros}"),
        &format!("scrypt:2:0:0$salt${zeros}"),
        &format!("scrypt:18446744073709551615:4294967295:1$salt${zeros}"),
        &format!("scrypt:9223372036854775808:8:1$salt${zeros}"),
        &format!("scrypt:2:1:4294967295$salt${zeros}"),
    ] {
        assert!(!made_by("password", malformed), "{malformed:?}");
        assert!(!made_by("", malformed), "{malformed:?}");
    }
}

/// With little N, it is p that takes scrypt's memory.
#[cfg(feature = "werkzeug")]
#[test]
fn scrypt_takes_no_more_memory_than_it_may() {
    let is_taken = |cost: &str| {
        let text = format!("scrypt:{cost}$salt${}", "0".repeat(64));
        super::stored::Stored::parse(&text).is_some()
    };
    for usual in [
        "16384:8:1",
        "32768:8:1",
        "32768:8:3",
        "131072:8:5",
        "262144:8:1",
    ] {
        assert!(is_taken(usual), "{usual}");
    }
    for absurd in ["2:1:4194304", "2:4:1048576", "2:1024:4096", "524288:8:1"] {
        assert!(!is_taken(absurd), "{absurd}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever stands in the column, it is no password's, and nothing panics.
    #[test]
    fn no_password_made_a_text_that_is_no_hash(
        start in prop::sample::select(vec![
            "", "$", "$2b$04$", "$bcrypt-sha384", "$bcrypt-sha384-", "bcrypt$", "bcrypt_sha256$$2b$04$",
            "$argon2id$v=19$m=64,t=1,p=1$", "$argon2-sha384-", "argon2$", "pbkdf2:sha256:2$", "scrypt:2:1:1$",
            "pbkdf2_sha256$2$", "scrypt$2$",
        ]),
        rest in "[ -~é🦀]{0,80}",
    ) {
        let text = format!("{start}{rest}");
        prop_assert!(!made_by("password", &text));
    }

    /// One character of a hash changed, doubled or lost: it is another hash, or none.
    #[test]
    fn no_password_made_a_damaged_hash(
        index in any::<prop::sample::Index>(),
        which in any::<prop::sample::Index>(),
        by in prop::sample::select(vec!["", "0", "$", "é", ",", "zz", "\0"]),
    ) {
        let known = which.get(ELSEWHERE);
        let at = index.index(known.len());
        let damaged = format!("{}{by}{}", &known[..at], &known[at + 1..]);
        // The version of a bcrypt hash says nothing about how it is made here, and padding is optional.
        prop_assume!(damaged != *known);
        prop_assume!(damaged.trim_end_matches('=') != known.trim_end_matches('='));
        // Characters of which not every bit is read.
        let loose = !known.contains(':') && (at == known.len() - 1 || at + 32 == known.len());
        prop_assume!(!loose);
        prop_assert!(!made_by("correct horse", &damaged), "{damaged}");
    }

    #[test]
    fn every_password_makes_its_own_hash(password in "[^\0]{0,90}", other in "[^\0]{0,90}") {
        let hash = hash(&password);
        prop_assert!(made_by(&password, &hash));
        prop_assert_eq!(made_by(&other, &hash), other == password);
    }
}

#[test]
fn failures_cost_the_same_whoever_is_asked_for() {
    let passwords = || Passwords::from(Bcrypt::with_cost(6).unwrap());
    let at = |cost| Passwords::from(Bcrypt::with_cost(cost).unwrap());
    let long = "x".repeat(100);
    let stored = [
        at(4).hash_here("password").unwrap(),
        at(5).hash_here("password").unwrap(),
        at(6).hash_here("password").unwrap(),
        at(6).hash_here(&long).unwrap(),
        at(6).pepper("lost").hash_here(&long).unwrap(),
        "junk".to_owned(),
        String::new(),
        "$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW".to_owned(),
    ];
    for (passwords, rounds) in [(passwords(), 1 << 6), (passwords().flask_compat(), 2 << 6)] {
        for hash in stored.iter().map(Some).chain([None]) {
            for password in ["wrong", "", &"y".repeat(100), &"a".repeat(64)] {
                let before = passwords.work_done();
                assert!(
                    !passwords
                        .verify_here(password, hash.map(String::as_str))
                        .valid
                );
                assert_eq!(passwords.work_done() - before, rounds, "{hash:?}");
            }
        }
    }
}

#[test]
fn once_a_costlier_hash_is_known_all_failures_cost_as_much() {
    let passwords = cheap();
    let costly = Passwords::from(Bcrypt::with_cost(6).unwrap());
    let costly = costly.hash_here("password").unwrap();
    let far_too_costly = "$2b$08$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    let failure = |hash: Option<&str>| {
        let before = passwords.work_done();
        assert!(!passwords.verify_here("wrong", hash).valid);
        passwords.work_done() - before
    };
    assert_eq!(failure(None), 1 << 4);
    assert_eq!(failure(Some(&costly)), 1 << 6);
    assert_eq!(failure(None), 1 << 6);
    // But not everybody is made to wait for a hash out of all proportion.
    assert_eq!(failure(Some(far_too_costly)), 1 << 8);
    assert_eq!(failure(None), 1 << 6);
}

#[cfg(all(feature = "argon2", feature = "werkzeug"))]
#[test]
fn failures_cost_the_same_over_hashes_of_all_kinds() {
    let argon2id = super::Argon2id::new(64, 2, 1).unwrap();
    for passwords in [cheap(), argon2id.into()] {
        let failure = |hash: Option<&str>| {
            let before = passwords.work_done();
            assert!(!passwords.verify_here("wrong", hash).valid);
            passwords.work_done() - before
        };
        for known in ELSEWHERE {
            failure(Some(known));
        }
        let everything = failure(None);
        for known in ELSEWHERE {
            let work = failure(Some(known));
            // Argon2's lanes and scrypt's blocks are levelled in whole ones.
            assert!(
                everything.abs_diff(work) <= 16,
                "{known}: {work} {everything}"
            );
        }
    }
}

#[cfg(feature = "argon2")]
#[test]
fn hashes_follow_the_policy_in_both_directions() {
    let bcrypt = cheap();
    let argon2id = Passwords::from(super::Argon2id::new(64, 1, 1).unwrap());
    for (old, new) in [(&bcrypt, &argon2id), (&argon2id, &bcrypt)] {
        for password in ["password", &"long ".repeat(100)] {
            let before = old.hash_here(password).unwrap();
            let verified = old.verify_here(password, Some(&before));
            assert!(verified.valid && !verified.rehash_due);
            let verified = new.verify_here(password, Some(&before));
            assert!(verified.valid && verified.rehash_due);
            assert!(!new.verify_here("wrong", Some(&before)).valid);
        }
    }
    let other_cost = Passwords::from(super::Argon2id::new(128, 1, 1).unwrap());
    let hash = argon2id.hash_here("password").unwrap();
    assert!(other_cost.verify_here("password", Some(&hash)).rehash_due);
    for (memory, passes, lanes) in [
        (7, 1, 1),
        (64, 0, 1),
        (64, 1, 0),
        (1 << 21, 1, 1),
        (64, 1, 17),
    ] {
        let error = super::Argon2id::new(memory, passes, lanes).unwrap_err();
        assert!(matches!(error, ConfigError::Argon2 { .. }));
    }
}

#[test]
fn a_pepper_is_needed_and_can_be_changed() {
    let schemes = [
        cheap(),
        #[cfg(feature = "argon2")]
        super::Argon2id::new(64, 1, 1).unwrap().into(),
    ];
    for plain in schemes {
        let first = plain.clone().pepper("first");
        let both = plain.clone().pepper("second").pepper("first");
        let second = plain.clone().pepper("second");
        for password in ["", "password", &"long ".repeat(100)] {
            let unpeppered = plain.hash_here(password).unwrap();
            let hash = first.hash_here(password).unwrap();
            assert!(hash.len() <= 130 && !hash.contains("first"), "{hash}");
            for (passwords, hash, valid, due) in [
                (&first, &hash, true, false),
                (&first, &unpeppered, true, true),
                (&both, &hash, true, true),
                (&both, &both.hash_here(password).unwrap(), true, false),
                (&second, &both.hash_here(password).unwrap(), true, false),
                (&second, &hash, false, false),
                (&plain, &hash, false, false),
            ] {
                let verified = passwords.verify_here(password, Some(hash));
                assert_eq!((verified.valid, verified.rehash_due), (valid, due));
                assert!(!passwords.verify_here("wrong", Some(hash)).valid);
            }
        }
    }
}

#[test]
fn a_rehash_is_due_when_cost_or_scheme_changed() {
    let outdated = |hash: &str, password: &str| {
        let verified = cheap().verify_here(password, Some(hash));
        assert!(verified.valid);
        verified.rehash_due
    };
    let at = |cost, password| ::bcrypt::hash(password, cost).unwrap();
    assert!(!outdated(&at(4, "short"), "short"));
    assert!(outdated(&at(5, "short"), "short"));
    let long = "x".repeat(80);
    assert!(!outdated(&hash(&long), &long));
    assert!(outdated(&at(4, &long), &long));
    assert!(outdated(
        "$2a$04$UuTkLRZZ6QofpDOlMz32MuuxEHA43WOemOYHPz6.SjsVsyO1tDU96",
        "password"
    ));
}

#[tokio::test]
async fn what_cannot_be_hashed_is_refused_before_hashing() {
    let passwords = Passwords::from(Bcrypt::with_cost(31).unwrap()); // hashing would take days
    for password in ["a\0b".to_owned(), "x".repeat(4097)] {
        let error = passwords.hash(&password).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPassword);
        let verified = passwords.verify_or_pretend(&password, None).await.unwrap();
        assert!(!verified.valid);
    }
}

#[test]
fn a_cost_bcrypt_does_not_know_is_refused() {
    for cost in [0, 3, 32] {
        assert_eq!(
            Bcrypt::with_cost(cost).unwrap_err(),
            ConfigError::BcryptCost { cost }
        );
    }
}

#[tokio::test]
async fn the_cost_is_chosen_by_what_the_machine_affords() {
    let least = Bcrypt::measure(Duration::ZERO).await.unwrap();
    assert_eq!(least.cost(), 10);
    let most = Bcrypt::measure(Duration::from_secs(100_000)).await.unwrap();
    assert_eq!(most.cost(), 18);
}

#[test]
fn no_secret_is_shown() {
    let shown = format!("{:?}", cheap().pepper("a pepper").flask_compat());
    assert!(!shown.contains("a pepper"), "{shown}");
}
