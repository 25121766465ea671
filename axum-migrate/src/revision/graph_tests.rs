use super::*;

fn revision(name: &str, id: Option<&str>, revises: &[&str]) -> Revision {
    let version = crate::revision::name::version_of(name);
    Revision {
        name: name.into(),
        id: id.map_or(version.clone(), str::to_owned),
        version,
        message: crate::revision::name::message_of(name),
        revises: id.map(|_| revises.iter().map(ToString::to_string).collect()),
        ..Revision::default()
    }
}

fn ids(revisions: &[&Revision]) -> Vec<String> {
    revisions
        .iter()
        .map(|revision| revision.id.clone())
        .collect()
}

/// 1 ─ 2 ─┬─ 3 ─┬─ 5
///        └─ 4 ─┘
fn diamond() -> Vec<Revision> {
    vec![
        revision("0005_join", Some("eee"), &["ccc", "ddd"]),
        revision("0001_users", Some("aaa"), &[]),
        revision("0003_left", Some("ccc"), &["bbb"]),
        revision("0004_right", Some("ddd"), &["bbb"]),
        revision("0002_posts", Some("bbb"), &["aaa"]),
    ]
}

#[test]
fn a_diamond_has_one_head_and_every_ancestor() {
    let history = History::new(diamond()).unwrap();
    assert_eq!(history.head().unwrap().unwrap().id, "eee");
    assert_eq!(history.ancestry(history.find("ccc").unwrap()).len(), 3);
    assert_eq!(history.ancestry(history.find("eee").unwrap()).len(), 5);
    assert_eq!(
        ids(&history.parents(history.find("eee").unwrap())),
        ["ccc", "ddd"]
    );
}

#[test]
fn two_branches_are_two_heads_and_an_error_that_names_both() {
    let mut revisions = diamond();
    revisions.remove(0);
    let history = History::new(revisions).unwrap();
    assert_eq!(ids(&history.heads()), ["ccc", "ddd"]);
    let error = history.head().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Graph);
    let message = error.to_string();
    assert!(message.contains("ccc (left), ddd (right)"), "{message}");
}

#[test]
fn folders_of_diesel_cli_follow_one_another_and_ours_follow_them() {
    let history = History::new(vec![
        revision("00000000000000_diesel_initial_setup", None, &[]),
        revision("2024-01-01-000000_users", None, &[]),
        revision("2026-01-01-000000-0000_posts", Some("abc"), &[]),
        revision("2026-01-02-000000-0000_more", None, &[]),
    ])
    .unwrap();
    assert_eq!(history.heads().len(), 1);
    assert_eq!(history.ancestry(history.head().unwrap().unwrap()).len(), 4);
}

#[test]
fn broken_histories_say_what_to_do() {
    let mut orphan = diamond();
    orphan.remove(1);
    let mut backwards = diamond();
    backwards[1] = revision("0009_users", Some("aaa"), &[]);
    let mut twice = diamond();
    twice.push(revision("00-05_again", Some("fff"), &[]));
    let mut copied = diamond();
    copied.push(revision("0006_copy", Some("eee"), &[]));
    for (revisions, says) in [
        (orphan, "restore that folder"),
        (backwards, "does not sort after it"),
        (twice, "same version 0005"),
        (copied, "same id eee"),
    ] {
        let message = History::new(revisions).unwrap_err().to_string();
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn a_circle_is_named_and_a_wrong_order_is_what_lenient_reading_allows() {
    let mut round = diamond();
    round[4].revises = Some(vec!["ddd".into()]);
    let error = History::lenient(round).unwrap_err().to_string();
    assert!(
        error.contains("in a circle: 0002_posts → 0004_right → 0002_posts"),
        "{error}"
    );
    let mut own = diamond();
    own[1].depends_on = vec!["aaa".into()];
    let error = History::lenient(own).unwrap_err().to_string();
    assert!(error.contains("0001_users → 0001_users"), "{error}");

    let mut backwards = diamond();
    backwards[1] = revision("0009_users", Some("aaa"), &[]);
    let history = History::lenient(backwards).unwrap();
    assert_eq!(history.out_of_order().len(), 1);
    assert_eq!(ids(&history.heads()), ["eee"]);
}

#[test]
fn labels_are_of_a_branch_and_one_only() {
    let mut revisions = diamond();
    revisions.remove(0);
    revisions[1].labels = vec!["left".into()];
    let history = History::new(revisions.clone()).unwrap();
    let left = history.find("left").unwrap();
    assert_eq!(left.id, "ccc");
    assert_eq!(history.labels_of(left), ["left"]);
    assert!(history.labels_of(history.find("bbb").unwrap()).is_empty());
    // Their labels tell the two heads apart.
    assert!(history.collisions().is_empty());
    revisions[2].labels = vec!["left".into()];
    let error = History::new(revisions).unwrap_err().to_string();
    assert!(
        error.contains("both give their branch the label left"),
        "{error}"
    );
}

#[test]
fn revisions_are_found_by_any_beginning() {
    let history = History::new(vec![
        revision("2026-01-01-000000-0000_users", Some("a1b2"), &[]),
        revision("2026-01-02-000000-0000_posts", Some("a3c4"), &["a1b2"]),
    ])
    .unwrap();
    for typed in [
        "a1",
        "a1b2",
        "2026-01-01",
        "20260101",
        "2026-01-01-000000-0000_users",
    ] {
        assert_eq!(history.find(typed).unwrap().message, "users", "{typed}");
    }
    let several = history.find("a").unwrap_err().to_string();
    assert!(several.contains("a1b2 (users), a3c4 (posts)"), "{several}");
    let near = history.find("post").unwrap_err().to_string();
    assert!(near.contains("did you mean a3c4 (posts)"), "{near}");
    let nothing = history.find("zzzz").unwrap_err().to_string();
    assert!(nothing.contains("`history` lists them"), "{nothing}");
    assert!(history.find("").is_err());
}

#[test]
fn a_long_history_with_many_labels_is_walked_quickly() {
    let mut revisions = Vec::new();
    for number in 0..1_000 {
        let (id, before) = (format!("r{number}"), format!("r{}", number - 1));
        let parents: &[&str] = if number == 0 { &[] } else { &[&before] };
        let mut one = revision(&format!("{number:04}_step"), Some(&id), parents);
        if number % 50 == 0 {
            one.labels.push(format!("label_{number}"));
        }
        revisions.push(one);
    }
    let history = History::new(revisions).unwrap();
    // Cubic in the revisions, this would take minutes.
    for (at, one) in history.revisions().iter().enumerate() {
        assert_eq!(history.labels_of(one).len(), 20, "{at}");
        assert_eq!(history.children(one).len(), usize::from(at < 999));
    }
}
