use super::*;

fn history() -> History {
    let revision = |number: u32, id: &str, revises: &[&str]| Revision {
        name: format!("000{number}_{id}"),
        version: format!("000{number}"),
        id: id.into(),
        message: id.into(),
        revises: Some(revises.iter().map(ToString::to_string).collect()),
        down: (id != "stuck").then(String::new),
        ..Revision::default()
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
    for (applied, kind, says) in [
        (
            newer,
            ErrorKind::DatabaseNewer,
            "newer than these migrations: it has 0009, and the latest here is 0004",
        ),
        (
            missing,
            ErrorKind::Missing,
            "the database has 00015, which is missing",
        ),
    ] {
        for error in [
            upgrade(&history, &applied, &target("heads")).unwrap_err(),
            downgrade(&history, &applied, &target("-1")).unwrap_err(),
        ] {
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}

#[test]
fn a_stamp_records_the_ancestry_and_leaves_other_branches() {
    let history = history();
    let versions = |applied: &[&str], typed: &[&str]| {
        let targets: Vec<Target> = typed.iter().map(|typed| target(typed)).collect();
        stamp(&history, &applied.iter().copied().collect(), &targets)
            .unwrap()
            .into_iter()
            .collect::<Vec<_>>()
    };
    assert_eq!(versions(&[], &["tags"]), ["0001", "0002", "0003"]);
    assert_eq!(versions(&[], &["heads"]).len(), 4);
    assert_eq!(versions(&[], &["tags", "stuck"]).len(), 4);
    assert!(versions(&["0001", "0002"], &["base"]).is_empty());
    let all = ["0001", "0002", "0003", "0004"];
    assert_eq!(versions(&all, &["posts"]), ["0001", "0002"]);
    assert_eq!(versions(&all[..3], &["stuck"]), all);
    assert_eq!(versions(&all, &["tags@base"]), ["0001", "0002", "0004"]);
    let refused = |typed| stamp(&history, &Applied::default(), &[target(typed)]).is_err();
    assert!(refused("+1") && refused("nothing"));
}

/// 1 ─┬─ 2 ─ 4 ─┬─ 6 ─ 7      and 3 needs 2, 5 is of another beginning, labelled `shop`, and needs 4
///    └─ 3 ─────┘
fn wide() -> History {
    let revision = |number: u32, revises: &[u32], needs: &[u32]| Revision {
        name: format!("000{number}_r{number}"),
        version: format!("000{number}"),
        id: format!("r{number}"),
        revises: Some(revises.iter().map(|n| format!("r{n}")).collect()),
        depends_on: needs.iter().map(|n| format!("r{n}")).collect(),
        labels: (number == 5)
            .then(|| "shop".to_owned())
            .into_iter()
            .collect(),
        down: Some(String::new()),
        ..Revision::default()
    };
    History::new(vec![
        revision(1, &[], &[]),
        revision(2, &[1], &[]),
        revision(3, &[1], &[2]),
        revision(4, &[2], &[]),
        revision(5, &[], &[4]),
        revision(6, &[3, 4], &[]),
        revision(7, &[6], &[]),
        revision(8, &[5], &[]),
    ])
    .unwrap()
}

#[test]
fn steps_and_branches_are_followed_up() {
    let history = wide();
    for (applied, typed, runs) in [
        (vec![], "r3", vec!["r1", "r2", "r3"]),
        (vec![], "shop", vec!["r1", "r2", "r4", "r5"]),
        (vec![], "shop@head", vec!["r1", "r2", "r4", "r5", "r8"]),
        (vec![], "shop@+1", vec!["r1", "r2", "r4", "r5"]),
        (vec!["0001"], "r6", vec!["r2", "r3", "r4", "r6"]),
        (vec![], "r6+1", vec!["r1", "r2", "r3", "r4", "r6", "r7"]),
        (vec![], "r7-1", vec!["r1", "r2", "r3", "r4", "r6"]),
        (vec![], "r2@head-1", vec!["r1", "r2", "r3", "r4", "r6"]),
        (vec![], "shop@base+1", vec!["r1", "r2", "r4", "r5"]),
    ] {
        let applied: Applied = applied.into_iter().collect();
        assert_eq!(
            ids(upgrade(&history, &applied, &target(typed))),
            runs,
            "{typed}"
        );
    }
    for (typed, says) in [
        ("r1+1", "branches part there: r2 (), r3 ()"),
        ("r6-1", "branches meet there: r3 (), r4 ()"),
        ("r7+1", "goes past the head"),
        ("r1-2", "goes past the beginning"),
        ("shop@r7", "on that branch"),
        ("shop@+3", "+3 goes past the head"),
        ("r1-1", "goes forward"),
        ("head", "2 heads"),
    ] {
        let error = upgrade(&history, &Applied::default(), &target(typed)).unwrap_err();
        assert!(error.to_string().contains(says), "{typed}: {error}");
    }
}

#[test]
fn going_back_over_a_merge_leaves_the_branches_beside_the_target() {
    let history = wide();
    let all: Applied = [
        "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008",
    ]
    .into_iter()
    .collect();
    for (typed, reverts) in [
        // 4 stays, and so does what needs it.
        ("r3", vec!["r7", "r6"]),
        ("r4", vec!["r7", "r6"]),
        // 3 needs 2, which stays; 5 needs 4, which goes.
        ("r2", vec!["r8", "r7", "r6", "r5", "r4"]),
        ("r1", vec!["r8", "r7", "r6", "r5", "r4", "r3", "r2"]),
        ("shop@base", vec!["r8", "r5"]),
        ("shop@-1", vec!["r8"]),
        ("shop", vec!["r8"]),
        ("-2", vec!["r8", "r7"]),
        ("r1@r2", vec!["r8", "r7", "r6", "r5", "r4"]),
    ] {
        assert_eq!(
            ids(downgrade(&history, &all, &target(typed))),
            reverts,
            "{typed}"
        );
    }
    assert!(downgrade(&history, &all, &target("r1@heads")).is_ok());
    assert!(downgrade(&history, &all, &target("shop@-3")).is_err());
}

#[test]
fn targets_are_parsed_or_refused() {
    assert_eq!(target("+3"), Target::Relative(3, None));
    assert_eq!(target("-12"), Target::Relative(-12, None));
    assert_eq!(target("shop@-1"), Target::Relative(-1, Some("shop".into())));
    assert_eq!(target("1f2e"), Target::Revision("1f2e".into()));
    for wrong in ["", "+0", "-", "+x", "--purge", "shop@+x"] {
        assert!(wrong.parse::<Target>().is_err(), "{wrong}");
    }
}
