//! What is wrong with a script before anything of it runs. Pure.

use axum_db::Dialect;

use super::script::{Script, StatementKind, excerpt};
use super::split::client_command;
use super::step::Direction;
use crate::revision::Revision;
use crate::{Error, ErrorKind};

/// Fails when one of the scripts cannot be carried out as it stands.
pub(crate) fn vet(
    steps: &[&Revision],
    direction: Direction,
    dialect: Dialect,
) -> Result<(), Error> {
    steps
        .iter()
        .try_for_each(|revision| vet_one(revision, direction, dialect))
}

fn vet_one(revision: &Revision, direction: Direction, dialect: Dialect) -> Result<(), Error> {
    let sql = direction.sql(revision)?;
    let file = revision.file(direction.file());
    if let Some((line, what)) = client_command(sql, dialect) {
        return Err(refused(format!("{file}, line {line}: {what}")));
    }
    let script = Script::new(sql, dialect);
    let wrapped = revision.run_in_transaction && !script.has_transaction();
    if wrapped && dialect != Dialect::Mysql {
        let ends = script.kinds.iter().position(|kind| {
            matches!(
                kind,
                StatementKind::Begin | StatementKind::Commit | StatementKind::Rollback
            )
        });
        if let Some(at) = ends {
            return Err(refused(format!(
                "{file}, line {}: the script runs in a transaction with the record of its version, and this \
                 would begin or end another:\n\n{}\n\nTake it out, or begin and commit in the script",
                script.statements[at].line,
                excerpt(script.statements[at].sql)
            )));
        }
    }
    if dialect != Dialect::Postgres {
        return Ok(());
    }
    let concurrent: Vec<bool> = script
        .statements
        .iter()
        .map(|statement| statement.is_concurrent(dialect))
        .collect();
    let Some(first) = concurrent.iter().position(|is| *is) else {
        return Ok(());
    };
    let line = script.statements[first].line;
    if wrapped || script.has_transaction() {
        return Err(refused(format!(
            "{file}, line {line}: CONCURRENTLY cannot run inside a transaction. Put it into a revision of its own \
             with run_in_transaction = false in its metadata.toml, as `revision --no-transaction` makes it"
        )));
    }
    let other = (0..script.statements.len())
        .find(|at| !concurrent[*at] && script.kinds[*at] != StatementKind::Setting);
    if let Some(at) = other {
        return Err(refused(format!(
            "{file}, line {line}: CONCURRENTLY can stop half-way and leave an invalid index, so it stands alone. \
             Move the statement of line {} into a revision of its own",
            script.statements[at].line
        )));
    }
    Ok(())
}

fn refused(what: String) -> Error {
    Error::new(ErrorKind::Script, format!("{what}. Nothing was run"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::revisions;
    use super::*;

    fn outcome(up: &str, run_in_transaction: bool, dialect: Dialect) -> Result<(), String> {
        let metadata = format!("run_in_transaction = {run_in_transaction}");
        let revisions = revisions(&[("1_a", up, &metadata)]);
        let steps: Vec<&Revision> = revisions.iter().collect();
        vet(&steps, Direction::Up, dialect).map_err(|error| error.to_string())
    }

    #[test]
    fn concurrently_stands_alone_and_outside_a_transaction() {
        let index = "CREATE INDEX CONCURRENTLY i ON a (b);";
        let postgres = Dialect::Postgres;
        assert_eq!(outcome(index, false, postgres), Ok(()));
        let settings = format!("SET statement_timeout = 0; DROP INDEX CONCURRENTLY j; {index}");
        assert_eq!(outcome(&settings, false, postgres), Ok(()));
        let refresh = "REFRESH MATERIALIZED VIEW CONCURRENTLY v; SELECT 'CONCURRENTLY'";
        assert_eq!(outcome(refresh, true, postgres), Ok(()));
        let inside = outcome(index, true, postgres).unwrap_err();
        assert!(
            inside.contains("line 1: CONCURRENTLY cannot run inside"),
            "{inside}"
        );
        let inside = outcome(&format!("BEGIN; {index} COMMIT"), false, postgres).unwrap_err();
        assert!(inside.contains("cannot run inside"), "{inside}");
        let mixed = outcome(
            &format!("CREATE TABLE a (b int);\n{index}"),
            false,
            postgres,
        );
        let mixed = mixed.unwrap_err();
        assert!(
            mixed.contains("line 2") && mixed.contains("of line 1"),
            "{mixed}"
        );
        assert!(mixed.ends_with("Nothing was run"), "{mixed}");
    }

    #[test]
    fn what_only_a_client_understands_is_named_with_its_line() {
        for (up, dialect, says) in [
            (
                "SELECT 1;\n\\restrict x",
                Dialect::Postgres,
                "line 2: \\restrict is a command of the client psql",
            ),
            (
                "\n\nCOPY a (b) FROM stdin;\n1\n\\.\n",
                Dialect::Postgres,
                "line 3: COPY … FROM STDIN",
            ),
            ("SELECT 1\\G", Dialect::Mysql, "command of the client mysql"),
            ("source other.sql", Dialect::Mysql, "SOURCE"),
            (
                ".read other.sql",
                Dialect::Sqlite,
                ".read is a command of the client sqlite3",
            ),
        ] {
            let text = outcome(up, true, dialect).unwrap_err();
            assert!(text.contains(says), "{text}");
        }
        for (up, dialect) in [
            (
                "SELECT '\\x'; COPY a FROM '/tmp/x'; SELECT 'COPY a FROM STDIN'",
                Dialect::Postgres,
            ),
            (
                "DELIMITER //\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @x = '\\\\'; END//\n",
                Dialect::Mysql,
            ),
            ("SELECT a.b FROM a", Dialect::Sqlite),
        ] {
            assert_eq!(outcome(up, true, dialect), Ok(()), "{up}");
        }
    }

    #[test]
    fn a_script_does_not_end_the_runners_transaction() {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            let text = outcome("SELECT 1; COMMIT; SELECT 2", true, dialect).unwrap_err();
            assert!(text.contains("would begin or end another"), "{text}");
            assert_eq!(outcome("BEGIN; SELECT 1; COMMIT", true, dialect), Ok(()));
        }
    }
}
