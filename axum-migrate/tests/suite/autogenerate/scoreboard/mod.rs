//! Changes of one thing each, on schemas that have a bit of everything: none may be missed, none imagined.
//!
//! A file has the statements of the start, its rows, and the changes as texts of the start and what stands there
//! instead. A change is made to the database, undone by a migration, and made again: both ways it has to be seen.

use super::harness::{Case, Server, run_all, statements};
use super::laws;

/// Runs every change of a file; fails with all that were missed, or did not come out right.
pub async fn run<E: Server>(file: &'static str) {
    let (start, rows, cases) = read(file);
    assert!(cases.len() >= 70, "{} changes", cases.len());
    run_all::<E>(start, rows, cases).await;
}

/// Finds nothing to do where nothing was changed.
pub async fn untouched<E: Server>(file: &'static str) {
    let (start, _, _) = read(file);
    assert!(!statements(start).is_empty());
    laws::no_false_alarm::<E>(start).await;
}

fn read(file: &'static str) -> (&'static str, &'static str, Vec<Case>) {
    let (schema, changes) = file.split_once("\n## ").expect("changes");
    let (start, rows) = schema.split_once("\n-- rows\n").expect("rows");
    (start, rows, changes.split("\n## ").map(case).collect())
}

fn case(text: &'static str) -> Case {
    let (name, mut text) = text.split_once('\n').expect("a change below its name");
    let mut case = Case::new(name, []);
    loop {
        let (line, rest) = text.split_once('\n').expect("a change");
        if let Some(columns) = line.strip_prefix("reformats ") {
            case = case.reformats(columns.split(", ").collect());
        } else if let Some(backfill) = line.strip_prefix("backfill ") {
            let (column, value) = backfill.split_once(" = ").expect("an expression");
            let (table, column) = column.split_once('.').expect("a column");
            case = case.backfill(table, column, value);
        } else if let Some(table) = line.strip_prefix("drop ") {
            case = case.drop_table(table);
        } else {
            break;
        }
        text = rest;
    }
    let replacements = text.trim_end_matches('\n').split("\n---\n");
    case.replace = replacements
        .map(|pair| {
            let (find, replace) = pair.split_once("\n=>").expect("a replacement");
            (find, replace.strip_prefix('\n').unwrap_or(replace))
        })
        .collect();
    case
}
