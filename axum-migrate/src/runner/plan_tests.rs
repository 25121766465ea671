use super::*;

fn history() -> History {
    let revision = |number: u32, id: &str, revises: &[&str]| Revision {
        name: format!("000{number}_{id}"),
        version: format!("000{number}"),
        id: id.into(),
        message: id.into(),
        revises: Some(revises.iter().map(ToString::to_string).collect()),
        run_in_transaction: true,
        forgets_transaction: false,
        up: String::new(),
        down: (id != "stuck").then(String::new),
        generated_checksum: None,
        down_loses: None,
        folder: None,
    };
    // users ─ posts ─┬─ tags
    //                └─ stuck
    History::new(vec![
        revision(1, "users", &[]),
        revision(2, "posts", &["users"]),
        revision(3, "tags", &["posts"]),
        revision(4, "stuck", &["posts"]),
    ])
    .unwrap()
}

fn target(typed: &str) -> Target {
    typed.parse().unwrap()
}

fn ids(steps: Result<Vec<&Revision>, Error>) -> Vec<String> {
    steps.unwrap().iter().map(|step| step.id.clone()).collect()
}

#[test]
fn an_upgrade_runs_what_is_missing_in_order() {
    let history = history();
    let none = Applied::default();
    assert_eq!(
        ids(upgrade(&history, &none, &target("heads"))),
        ["users", "posts", "tags", "stuck"]
    );
    assert_eq!(
        ids(upgrade(&history, &none, &target("tags"))),
        ["users", "posts", "tags"]
    );
    assert_eq!(
        ids(upgrade(&history, &none, &target("+2"))),
        ["users", "posts"]
    );
    let some: Applied = ["0001", "0004"].into_iter().collect();
    assert_eq!(
        ids(upgrade(&history, &some, &target("tags"))),
        ["posts", "tags"]
    );
    assert!(ids(upgrade(&history, &some, &target("users"))).is_empty());
    let error = upgrade(&history, &none, &target("head")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Graph);
    for wrong in ["+5", "-1", "base"] {
        let error = upgrade(&history, &none, &target(wrong)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{wrong}");
    }
}

#[test]
fn a_downgrade_keeps_the_named_revision_and_what_it_builds_on() {
    let history = history();
    let applied: Applied = ["0001", "0002", "0003"].into_iter().collect();
    assert_eq!(ids(downgrade(&history, &applied, &target("-1"))), ["tags"]);
    assert_eq!(
        ids(downgrade(&history, &applied, &target("users"))),
        ["tags", "posts"]
    );
    assert_eq!(
        ids(downgrade(&history, &applied, &target("base"))),
        ["tags", "posts", "users"]
    );
    assert!(ids(downgrade(&history, &applied, &target("tags"))).is_empty());
    let all: Applied = ["0001", "0002", "0003", "0004"].into_iter().collect();
    let stuck = downgrade(&history, &all, &target("base"))
        .unwrap_err()
        .to_string();
    assert!(stuck.contains("0004_stuck cannot be reverted"), "{stuck}");
    for (wrong, kind) in [
        ("stuck", ErrorKind::Revision),
        ("-4", ErrorKind::Usage),
        ("+1", ErrorKind::Usage),
        ("head", ErrorKind::Usage),
    ] {
        let error = downgrade(&history, &applied, &target(wrong)).unwrap_err();
        assert_eq!(error.kind(), kind, "{wrong}: {error}");
    }
}

#[test]
fn unknown_versions_stop_both_ways_and_say_whether_the_database_is_newer() {
    let history = history();
    let newer: Applied = ["0001", "0009"].into_iter().collect();
    let missing: Applied = ["0001", "00015"].into_iter().collect();
    for (applied, says) in [
        (
            newer,
            "newer than these migrations: it has 0009, and the latest here is 0004",
        ),
        (missing, "the database has 00015, which is missing"),
    ] {
        for error in [
            upgrade(&history, &applied, &target("heads")).unwrap_err(),
            downgrade(&history, &applied, &target("-1")).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::DatabaseNewer);
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}

#[test]
fn a_stamp_records_the_ancestry() {
    let history = history();
    let versions = |typed: &str| {
        stamp(&history, &target(typed))
            .unwrap()
            .into_iter()
            .collect::<Vec<_>>()
    };
    assert_eq!(versions("tags"), ["0001", "0002", "0003"]);
    assert_eq!(versions("heads").len(), 4);
    assert!(versions("base").is_empty());
    assert!(stamp(&history, &target("+1")).is_err());
    assert!(stamp(&history, &target("nothing")).is_err());
}

#[test]
fn targets_are_parsed_or_refused() {
    assert_eq!(target("+3"), Target::Relative(3));
    assert_eq!(target("-12"), Target::Relative(-12));
    assert_eq!(target("1f2e"), Target::Revision("1f2e".into()));
    for wrong in ["", "+0", "-", "+x", "--purge"] {
        assert!(wrong.parse::<Target>().is_err(), "{wrong}");
    }
}
