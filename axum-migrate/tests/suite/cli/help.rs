//! What a newcomer reads.

use clap::{CommandFactory as _, Parser as _};

use crate::support::Cli;

const COMMANDS: [&str; 24] = [
    "init",
    "adopt",
    "models",
    "migrate",
    "revision",
    "merge",
    "rebase",
    "edit",
    "upgrade",
    "downgrade",
    "redo",
    "stamp",
    "repair",
    "current",
    "history",
    "heads",
    "branches",
    "show",
    "check",
    "verify",
    "create",
    "drop",
    "reset",
    "completions",
];

#[test]
fn the_help_of_every_command() {
    let mut texts = vec![help(&["db", "--help"])];
    texts.extend(
        COMMANDS
            .iter()
            .map(|command| help(&["db", command, "--help"])),
    );
    insta::assert_snapshot!(texts.join("\n────────\n"));
}

#[test]
fn every_command_is_in_the_snapshot() {
    let command = Cli::command();
    let names: Vec<&str> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    assert_eq!(names, COMMANDS);
}

#[test]
fn mistakes_in_the_arguments_end_with_2_and_say_how_to_write_it() {
    for (line, says) in [
        ("db fly", "unrecognized subcommand 'fly'"),
        (
            "db upgrde",
            "similar subcommands exist: 'downgrade', 'upgrade'",
        ),
        ("db revision", "--message <WORDS>"),
        ("db stamp", "<REVISION>..."),
        (
            "db migrate --rename posts.title",
            "posts.title=posts.headline for a column",
        ),
        (
            "db migrate --rename posts.title=news.title",
            "rename the table by itself: posts=news",
        ),
        ("db migrate --backfill views=0", "posts.views=0"),
        ("db migrate --backfill posts.views=", "posts.views=0"),
        (
            "db upgrade +x",
            "neither a number of steps, as +2 or -1, nor a revision",
        ),
    ] {
        let error = Cli::try_parse_from(line.split(' '))
            .err()
            .unwrap_or_else(|| panic!("{line}"));
        assert_eq!(error.exit_code(), 2, "{line}");
        assert!(error.to_string().contains(says), "{line}: {error}");
    }
}

fn help(line: &[&str]) -> String {
    let error = Cli::try_parse_from(line).expect_err("help");
    assert_eq!(error.exit_code(), 0);
    error.to_string()
}
