use chrono::TimeZone as _;

use super::*;

fn revision(version: &str, id: &str, revises: &[&str]) -> Revision {
    Revision {
        name: format!("{version}_{id}_words"),
        version: version.into(),
        id: id.into(),
        revises: (!revises.contains(&"foreign"))
            .then(|| revises.iter().map(ToString::to_string).collect()),
        ..Revision::default()
    }
}

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 10, 15, 7).unwrap()
}

/// root ─┬─ mine1 ─ mine2
///       └─ theirs
fn fork() -> Vec<Revision> {
    vec![
        revision("2025", "root", &[]),
        revision("202502", "mine1", &["root"]),
        revision("202504", "theirs", &["root"]),
        revision("202505", "mine2", &["mine1"]),
    ]
}

/// A folder's name, the one it gets, and its new parents where they change.
type Moved = (String, String, Option<Vec<String>>);

fn moves(
    revisions: Vec<Revision>,
    named: Option<&str>,
    onto: Option<&str>,
    applied: &[&str],
) -> Result<Vec<Moved>, String> {
    let history = History::lenient(revisions).unwrap();
    let applied = |revision: &Revision| applied.contains(&revision.id.as_str());
    let Some(rebase) = history
        .rebase(named, onto, &applied)
        .map_err(|error| error.to_string())?
    else {
        return Ok(Vec::new());
    };
    let moves = rebase.moves(&history, now()).unwrap();
    Ok(moves
        .into_iter()
        .map(|one| (one.from, one.to, one.metadata.map(|(_, revises)| revises)))
        .collect())
}

fn moved(from: &str, to: &str, revises: Option<&str>) -> Moved {
    (from.into(), to.into(), revises.map(|id| vec![id.into()]))
}

#[test]
fn my_branch_comes_after_theirs_whichever_of_it_is_named() {
    let expected = [
        moved(
            "202502_mine1_words",
            "2026-03-01-101507-0000_mine1_words",
            Some("theirs"),
        ),
        moved(
            "202505_mine2_words",
            "2026-03-01-101507-0001_mine2_words",
            None,
        ),
    ];
    for named in [Some("mine1"), Some("mine2")] {
        assert_eq!(moves(fork(), named, None, &[]).unwrap(), expected);
    }
    // The other side is applied, so this one is meant.
    assert_eq!(
        moves(fork(), None, None, &["root", "theirs"]).unwrap(),
        expected
    );
    assert_eq!(
        moves(fork(), None, Some("theirs"), &["theirs"]).unwrap(),
        expected
    );
}

#[test]
fn what_is_not_clear_or_ran_is_refused() {
    for (named, onto, applied, says) in [
        (None, None, vec![], "say which of them is yours"),
        (
            None,
            None,
            vec!["theirs", "mine1"],
            "join the branches with `merge`",
        ),
        (Some("mine2"), None, vec!["mine1"], "the database has mine1"),
        (Some("mine1"), Some("mine2"), vec![], "builds on mine1"),
        (Some("nobody"), None, vec![], "there is no revision"),
    ] {
        let error = moves(fork(), named, onto, &applied).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn one_line_needs_no_rebase() {
    let mut line = fork();
    line.truncate(2);
    assert!(moves(line.clone(), None, None, &[]).unwrap().is_empty());
    assert!(moves(line, Some("mine1"), None, &[]).unwrap().is_empty());
    assert!(
        moves(fork(), Some("theirs"), Some("root"), &[])
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_wrong_order_is_mended_and_the_parents_stay() {
    let mut wrong = fork();
    wrong[1].revises = Some(vec!["theirs".into()]);
    assert_eq!(
        moves(wrong, None, None, &["root", "theirs"]).unwrap(),
        [
            moved(
                "202502_mine1_words",
                "2026-03-01-101507-0000_mine1_words",
                None
            ),
            moved(
                "202505_mine2_words",
                "2026-03-01-101507-0001_mine2_words",
                None
            ),
        ]
    );
}

#[test]
fn a_folder_of_diesel_that_moves_says_whom_it_follows() {
    let mut mixed = fork();
    mixed[3] = revision("202505", "202505", &["foreign"]);
    // It follows theirs, which comes before it.
    let moved_too = moves(mixed, Some("202505"), Some("mine1"), &["root", "mine1"]).unwrap();
    assert_eq!(moved_too[0].0, "202504_theirs_words");
    assert_eq!(
        moved_too[1].2.as_deref(),
        Some(["theirs".to_owned()].as_slice())
    );
}

#[test]
fn a_merge_on_my_branch_keeps_its_parents_of_that_branch() {
    let mut merged = fork();
    merged.push(revision("202506", "join", &["mine2", "root"]));
    let moved = moves(merged, Some("join"), None, &[]).unwrap();
    assert_eq!(moved.len(), 3);
    assert_eq!(moved[2].2.as_deref(), Some(["mine2".to_owned()].as_slice()));
}
