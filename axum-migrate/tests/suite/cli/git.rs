//! Two branches of a repository that both add a revision, brought together by git itself.

use std::process::Command;

use axum_db::Metadata;
use axum_migrate::ErrorKind;

use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(
    both_sides_are_joined,
    mine_is_put_after_theirs,
    mine_that_ran_is_taken_back_first,
);

/// Runs git in the project's folder, away from whatever the machine says about git; whether it succeeded.
fn git<B: Tested>(project: &Project<B>, line: &str) -> bool {
    let folder = project.migrations();
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=Tests",
            "-c",
            "user.email=tests@example.org",
        ])
        .args(line.split(' '))
        .current_dir(folder.parent().expect("a folder"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git");
    output.status.success()
}

fn commit<B: Tested>(project: &Project<B>, message: &str) {
    assert!(git(project, "add -A") && git(project, &format!("commit -m {message}")));
}

/// `theirs` on one branch, `mine` and `mine2` on the other, a merge of both that stopped at a conflict.
async fn collided<B: Tested>() -> Project<B> {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    project.table("common", "").await;
    assert!(git(&project, "init -b main"));
    commit(&project, "common");
    assert!(git(&project, "checkout -b other"));
    // Older than theirs, as the one who pushes last mostly is not.
    project.table("mine", "").await;
    project.table("mine2", "").await;
    commit(&project, "mine");
    assert!(git(&project, "checkout main"));
    project.table("theirs", "").await;
    commit(&project, "theirs");
    assert!(git(&project, "checkout other"));
    assert!(!git(&project, "merge main"), "both sides changed HEAD");
    project
}

fn head<B: Tested>(project: &Project<B>) -> String {
    std::fs::read_to_string(project.migrations().join("HEAD")).expect("HEAD")
}

/// Everything is in order, as git and each command see it.
async fn mended<B: Tested>(project: &Project<B>, head_id: &str) {
    assert!(!head(project).contains("<<<<"), "{}", head(project));
    assert!(
        head(project).contains(&format!("head = \"{head_id}\"")),
        "{}",
        head(project)
    );
    assert_eq!(project.ok("check --heads").await, "Nothing found.\n");
    commit(project, "together");
    project.ok("upgrade").await;
    assert_eq!(
        project.tables().await,
        ["common", "mine", "mine2", "theirs"]
    );
    project.ok("check --drift").await;
    project.ok("check --checksums").await;
    project.ok("downgrade base --allow-data-loss").await;
    assert!(project.tables().await.is_empty());
    project.ok("upgrade").await;
    assert!(
        !git(project, "diff --quiet HEAD~1"),
        "the merge changed something"
    );
    assert!(git(project, "diff --quiet"), "and running it did not");
}

async fn both_sides_are_joined<B: Tested>() {
    let project = collided::<B>().await;
    assert!(head(&project).contains("<<<<<<<"));
    let error = project.err("revision -m x").await;
    assert_eq!(error.kind(), ErrorKind::Graph);
    let (code, text) = project.run(&Metadata::default(), "check").await.unwrap();
    assert_eq!(code, 3, "{text}");
    for says in [
        "git's conflict markers",
        "`rebase` puts one",
        "`merge` joins them",
    ] {
        assert!(text.contains(says), "{text}");
    }
    let error = project.err("upgrade").await.to_string();
    assert!(
        error.contains("mine2 (make mine2), theirs (make theirs)"),
        "{error}"
    );
    project.ok("merge --rev-id joined").await;
    mended(&project, "joined").await;
}

async fn mine_is_put_after_theirs<B: Tested>() {
    let project = collided::<B>().await;
    // The database has neither, so it cannot tell whose is whose.
    project.ok("upgrade common").await;
    let error = project.err("rebase").await;
    assert_eq!(error.kind(), ErrorKind::NeedsInput);
    assert!(
        error
            .to_string()
            .contains("mine2 (make mine2), theirs (make theirs)"),
        "{error}"
    );
    let text = project.ok("rebase mine").await;
    assert!(
        text.contains("They build on theirs (make theirs) now."),
        "{text}"
    );
    let names: Vec<String> = project
        .entries()
        .iter()
        .filter_map(|entry| entry.split_once('_').map(|(_, words)| words.to_owned()))
        .collect();
    assert_eq!(
        names,
        ["make_common", "make_theirs", "make_mine", "make_mine2"]
    );
    let drawn = project.ok("history").await;
    assert_eq!(
        drawn,
        "* mine2 (head)  make mine2\n* mine  make mine\n* theirs  make theirs\n* common  make common\n"
    );
    mended(&project, "mine2").await;
}

async fn mine_that_ran_is_taken_back_first<B: Tested>() {
    let project = collided::<B>().await;
    project.ok("upgrade mine2").await;
    let before = project.entries();
    for (line, says) in [
        (
            "rebase mine",
            "the database has mine (make mine), mine2 (make mine2)",
        ),
        ("rebase theirs --onto common", "Nothing to move"),
    ] {
        match project.run(&Metadata::default(), line).await {
            Ok((_, text)) => assert!(text.contains(says), "{text}"),
            Err(error) => assert!(error.to_string().contains(says), "{error}"),
        }
    }
    assert_eq!(project.entries(), before);
    project.ok("downgrade common --allow-data-loss").await;
    project.ok("upgrade theirs").await;
    // Now the database tells.
    project.ok("rebase").await;
    mended(&project, "mine2").await;
}
