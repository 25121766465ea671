//! Branches: made, listed, drawn, run by themselves, joined.

use axum_migrate::ErrorKind;
use serde_json::Value;

use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(
    branches_run_by_themselves_and_together,
    a_diamond_goes_up_and_down,
    stamping_over_merges_and_to_several_heads,
    a_revision_is_done_again,
);

type Sqlite = Project<axum_db::Sqlite>;

/// a ─┬─ b ─ d
///    └─ c           shop1 ─ shop2, which needs d
async fn branched<B: Tested>() -> Project<B> {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    project.table("a", "").await;
    project.table("b", "").await;
    project
        .table("c", "--head a --splice --branch-label side")
        .await;
    project.table("d", "--head b").await;
    project
        .table("shop1", "--head base --branch-label shop")
        .await;
    project
        .table("shop2", "--head shop@head --depends-on d")
        .await;
    project
}

async fn branches_run_by_themselves_and_together<B: Tested>() {
    let project = branched::<B>().await;
    // Labels tell the heads apart, so nothing is wrong.
    assert_eq!(project.ok("check --heads").await, "Nothing found.\n");
    let error = project.err("upgrade").await;
    assert_eq!(error.kind(), ErrorKind::Graph);
    let text = error.to_string();
    assert!(
        text.contains("3 heads") && text.contains("c (make c), d (make d), shop2 (make shop2)"),
        "{text}"
    );

    project.ok("upgrade shop@+1").await;
    assert_eq!(project.tables().await, ["shop1"]);
    project.ok("upgrade shop@head").await;
    assert_eq!(project.tables().await, ["a", "b", "d", "shop1", "shop2"]);
    let current = project.ok("current").await;
    assert_eq!(
        current,
        "d (head)  make d\nshop2 (head, shop, needs d)  make shop2\n1 revision is left to apply; run `upgrade`.\n"
    );
    project.ok("upgrade heads").await;
    // What needs d goes with it; the branch beside it stays.
    project.ok("downgrade b --allow-data-loss").await;
    assert_eq!(project.tables().await, ["a", "b", "c", "shop1"]);
    project.ok("downgrade side@base --allow-data-loss").await;
    assert_eq!(project.tables().await, ["a", "b", "shop1"]);
    project.ok("downgrade shop@base --allow-data-loss").await;
    assert_eq!(project.tables().await, ["a", "b"]);
    project.ok("upgrade side@head").await;
    project.ok("upgrade b+1").await;
    assert_eq!(project.tables().await, ["a", "b", "c", "d"]);
    project.ok("downgrade base --allow-data-loss").await;
    assert!(project.tables().await.is_empty());
}

async fn a_diamond_goes_up_and_down<B: Tested>() {
    let project = branched::<B>().await;
    let merged = project.ok("merge c d -m 'join them' --rev-id e").await;
    assert!(
        merged.contains("which joins c (make c), d (make d)"),
        "{merged}"
    );
    project.table("f", "--head e").await;
    project.ok("upgrade f").await;
    assert_eq!(project.tables().await, ["a", "b", "c", "d", "f"]);
    // Back to one side of the merge, the other side stays.
    project.ok("downgrade b --allow-data-loss").await;
    assert_eq!(project.tables().await, ["a", "b", "c"]);
    project.ok("upgrade e").await;
    project.ok("downgrade -1").await;
    assert_eq!(project.tables().await, ["a", "b", "c", "d"]);
    for (line, says) in [
        ("upgrade e-1", "branches meet there: c (make c), d (make d)"),
        ("upgrade a+1", "branches part there: b (make b), c (make c)"),
        ("upgrade shop@f", "on that branch"),
        ("downgrade f", "the database is not at f"),
        ("downgrade heads", "goes back"),
    ] {
        let error = project.err(line).await;
        assert!(error.to_string().contains(says), "{line}: {error}");
    }
}

async fn stamping_over_merges_and_to_several_heads<B: Tested>() {
    let project = branched::<B>().await;
    project.ok("merge c d --rev-id e").await;
    let at = async || {
        let text = project.ok("current --json").await;
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let tips = value["current"].as_array().expect("a list").clone();
        tips.iter()
            .map(|tip| tip["id"].as_str().expect("an id").to_owned())
            .collect::<Vec<_>>()
    };
    project.ok("stamp e").await;
    assert_eq!(at().await, ["e"]);
    assert_eq!(project.versions().await.len(), 5);
    // Over the merge, to one side of it: the other side stays.
    project.ok("stamp d").await;
    assert_eq!(at().await, ["c", "d"]);
    project.ok("stamp a").await;
    assert_eq!(at().await, ["a"]);
    project.ok("stamp c shop2").await;
    assert_eq!(at().await, ["c", "d", "shop2"]);
    project.ok("stamp shop@base").await;
    assert_eq!(at().await, ["c", "d"]);
    project.ok("stamp --purge shop1").await;
    assert_eq!(at().await, ["shop1"]);
    project.ok("stamp heads").await;
    assert_eq!(at().await, ["shop2", "e"]);
    project.ok("stamp base").await;
    assert!(at().await.is_empty() && project.tables().await.is_empty());
    assert_eq!(project.err("stamp +1").await.kind(), ErrorKind::Usage);
}

async fn a_revision_is_done_again<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    project.table("a", "").await;
    let folder = project.table("b", "").await;
    project.ok("upgrade").await;
    project.execute("INSERT INTO a (id) VALUES (1)").await;
    std::fs::write(
        folder.join("up.sql"),
        "CREATE TABLE b (id INTEGER PRIMARY KEY, name VARCHAR(9));",
    )
    .unwrap();
    assert_eq!(project.err("redo").await.kind(), ErrorKind::DataLoss);
    let text = project.ok("redo --allow-data-loss").await;
    assert!(
        text.ends_with("Done: 1 revision reverted and applied again.\n"),
        "{text}"
    );
    project
        .execute("INSERT INTO b (id, name) VALUES (1, 'x')")
        .await;
    assert_eq!(project.rows("SELECT 'x' AS value FROM a").await, ["x"]);
    project.ok("check --checksums").await;
    let text = project.ok("redo -2 --allow-data-loss").await;
    assert!(
        text.ends_with("Done: 2 revisions reverted and applied again.\n"),
        "{text}"
    );
    assert_eq!(project.err("redo -3").await.kind(), ErrorKind::Usage);
    assert_eq!(project.versions().await.len(), 2);
}

#[tokio::test]
async fn history_is_drawn() {
    let project = branched::<axum_db::Sqlite>().await;
    project.ok("merge c d -m 'join them' --rev-id e").await;
    project.ok("upgrade d").await;
    insta::assert_snapshot!(project.ok("history -i").await, @r"
    o e (head, side)  join them
    ├─╮
    │ │ o shop2 (head, shop, needs d)  make shop2
    │ │ o shop1 (shop)  make shop1
    │ * d (current)  make d
    o │ c (side)  make c
    │ * b  make b
    ├─╯
    * a  make a
    ");
    insta::assert_snapshot!(project.ok("branches").await, @r"
    a  make a
      → b  make b
      → c (side)  make c
    ");
    insta::assert_snapshot!(project.ok("heads").await, @r"
    shop2 (head, shop, needs d)  make shop2
    e (head, side)  join them
    ");
    let branches: Value = serde_json::from_str(&project.ok("branches --json").await).unwrap();
    assert_eq!(branches[0]["children"][1]["labels"][0], "side");
    let ids = async |line: &str| {
        let value: Value = serde_json::from_str(&project.ok(line).await).expect("JSON");
        let list = value.as_array().expect("a list").clone();
        let ids = list
            .iter()
            .map(|one| one["id"].as_str().expect("an id").to_owned());
        ids.collect::<Vec<_>>().join(" ")
    };
    for (range, shown) in [
        ("a:d", "d b a"),
        ("b:", "e shop2 d b"),
        (":c", "c a"),
        ("-1:e", "e d"),
        ("b:+1", "d b"),
        ("base:+2", "b a"),
        ("current:shop2", "shop2 d"),
        ("shop@base:shop@head", "shop2 shop1 d b a"),
    ] {
        assert_eq!(
            ids(&format!("history --json -r {range}")).await,
            shown,
            "{range}"
        );
    }
    for (range, says) in [
        ("a", "write it as FROM:TO"),
        ("-x:a", "no number of steps"),
        ("zz:", "no revision"),
    ] {
        let error = project.err(&format!("history -r {range}")).await;
        assert!(error.to_string().contains(says), "{error}");
    }
    let verbose = project.ok("history -v").await;
    assert!(verbose.contains("│ │   Revises:   c, d\n"), "{verbose}");
    assert!(verbose.contains("Needs:     d\n"), "{verbose}");
}

#[tokio::test]
async fn a_new_revision_says_where_it_goes_or_is_refused() {
    let project = branched::<axum_db::Sqlite>().await;
    let before = project.entries();
    for (line, kind, says) in [
        ("revision -m x", ErrorKind::Graph, "3 heads"),
        ("revision -m x --head a", ErrorKind::Graph, "say --splice"),
        (
            "revision -m x --head nobody",
            ErrorKind::Revision,
            "no revision",
        ),
        (
            "revision -m x --head b@head --rev-id a",
            ErrorKind::Graph,
            "called already",
        ),
        (
            "revision -m x --head d --branch-label shop",
            ErrorKind::Graph,
            "called already",
        ),
        (
            "revision -m x --head d --branch-label head",
            ErrorKind::Usage,
            "cannot be a branch's label",
        ),
        (
            "revision -m x --head d --branch-label my@shop",
            ErrorKind::Usage,
            "cannot be a branch's label",
        ),
        (
            "revision -m x --head d --depends-on base",
            ErrorKind::Revision,
            "before the first revision",
        ),
        ("merge", ErrorKind::Usage, ""),
        ("merge a d", ErrorKind::Graph, "join the heads instead"),
        ("merge d", ErrorKind::Usage, "two revisions or more"),
    ] {
        if line == "merge" {
            // Heads that labels tell apart are not joined unless they are named.
            assert!(project.ok(line).await.starts_with("Nothing to join"));
            continue;
        }
        let error = project.err(line).await;
        assert_eq!(error.kind(), kind, "{line}: {error}");
        assert!(error.to_string().contains(says), "{line}: {error}");
    }
    assert_eq!(project.entries(), before);
}

#[tokio::test]
async fn an_id_that_begins_alike_names_the_candidates() {
    let project = Sqlite::new().await;
    project.ok("init").await;
    project.table("abc1", "").await;
    project.table("abc2", "").await;
    let error = project.err("upgrade abc").await.to_string();
    assert!(
        error.contains("2 revisions begin with \"abc\": abc1 (make abc1), abc2 (make abc2)"),
        "{error}"
    );
    project.ok("upgrade abc1").await;
}

#[tokio::test]
async fn what_was_broken_by_hand_is_named_and_mended() {
    let project = Sqlite::new().await;
    project.ok("init").await;
    project.table("a", "").await;
    let b = project.table("b", "").await;
    let c = project.table("c", "").await;
    let edit = |folder: &std::path::Path, from: &str, to: &str| {
        let path = folder.join("metadata.toml");
        let text = std::fs::read_to_string(&path).expect("metadata.toml");
        assert!(text.contains(from), "{text}");
        std::fs::write(path, text.replace(from, to)).expect("metadata.toml");
    };
    edit(&b, "revises = [\"a\"]", "revises = [\"c\"]");
    let error = project.err("upgrade").await;
    assert_eq!(error.kind(), ErrorKind::Graph);
    assert!(error.to_string().contains("in a circle: "), "{error}");
    edit(&c, "revises = [\"b\"]", "revises = [\"a\"]");

    // Now b builds on c and sorts before it.
    let error = project.err("upgrade").await;
    assert!(error.to_string().contains("`rebase b`"), "{error}");
    let (code, text) = project
        .run(&axum_db::Metadata::default(), "check")
        .await
        .unwrap();
    assert!(code == 3 && text.contains("`rebase b`"), "{text}");
    assert!(text.contains("HEAD names [\"c\"]"), "{text}");
    let text = project.ok("rebase").await;
    assert!(text.contains("_make_b → "), "{text}");
    project.ok("check --heads").await;
    project.ok("upgrade").await;
    assert!(
        project
            .ok("history")
            .await
            .starts_with("* b (head)  make b\n* c  make c\n")
    );
    assert!(project.ok("rebase").await.starts_with("Nothing to move"));
}

#[tokio::test]
async fn what_finds_nothing_to_join_or_move_writes_nothing() {
    let project = Sqlite::new().await;
    project.ok("init").await;
    project.table("a", "").await;
    let head = project.migrations().join("HEAD");
    let text = std::fs::read_to_string(&head).unwrap();
    let text = text.replace("schema = \"\"", "schema = \"53ee4085\"");
    std::fs::write(&head, &text).unwrap();
    for line in ["merge", "rebase"] {
        project.ok(line).await;
        assert_eq!(std::fs::read_to_string(&head).unwrap(), text, "{line}");
    }
    std::fs::write(&head, text.replace("\"a\"", "\"gone\"")).unwrap();
    assert!(project.ok("merge").await.contains("HEAD was written anew"));
    project.ok("check --heads").await;
    let json = project.ok("merge --json").await;
    assert!(json.contains("\"written\": null"), "{json}");
}

#[tokio::test]
async fn a_merge_and_a_stamp_answer_programs() {
    let project = Sqlite::new().await;
    project.ok("init").await;
    project.table("a", "").await;
    project.table("b", "").await;
    project.table("c", "--head a --splice").await;
    let answer: serde_json::Value =
        serde_json::from_str(&project.ok("merge --json").await).unwrap();
    assert_eq!(answer["joined"], serde_json::json!(["b", "c"]));
    let written = answer["written"].as_str().unwrap().replace('…', "");
    assert!(written.contains("merge"), "{answer}");
    let answer: serde_json::Value =
        serde_json::from_str(&project.ok("stamp head --json").await).unwrap();
    assert_eq!(answer, serde_json::json!({"added": 4, "removed": 0}));
    let shown = project.ok("revision -m x --sql").await;
    assert!(shown.starts_with("-- up.sql\n"), "{shown}");
    assert_eq!(project.entries().len(), 5);
}
