//! PostgreSQL: every change in place, all in one transaction.

use axum_db::Dialect;

mod enums;

use super::{Script, constraint, deferrable, foreign_key, literal, quoted_list};
use crate::error::Error;
use crate::op::Op;
use crate::schema::{Auto, Check, Column, Index, KeyTarget, PrimaryKey, Schema, Table, Unique};

const POSTGRES: Dialect = Dialect::Postgres;

pub(super) fn render(ops: &[Op], from: &Schema) -> Result<Script, Error> {
    let mut state = from.clone();
    let mut statements = Vec::new();
    for op in ops {
        match op {
            Op::AlterEnum { from, to } => enums::alter(from, to, ops, &state, &mut statements),
            op => write(op, &state, &mut statements),
        }
        state.apply(op);
    }
    Ok(Script {
        statements,
        run_in_transaction: true,
    })
}

fn quote(name: &str) -> String {
    POSTGRES.quote(name)
}

fn write(op: &Op, state: &Schema, out: &mut Vec<String>) {
    let alter = |change: String| format!("ALTER TABLE {} {change}", quote(op.table()));
    match op {
        Op::RenameTable { from, to } => {
            out.push(format!(
                "ALTER TABLE {} RENAME TO {}",
                quote(from),
                quote(to)
            ));
        }
        Op::RenameColumn { from, to, .. } => {
            out.push(alter(format!(
                "RENAME COLUMN {} TO {}",
                quote(from),
                quote(to)
            )));
        }
        Op::CreateTable(table) => create_table(table, out),
        Op::DropTable(table) => out.push(format!("DROP TABLE {}", quote(&table.name))),
        Op::AddColumn {
            table,
            column,
            backfill,
        } => add_column(table, column, backfill.as_deref(), out),
        Op::DropColumn { column, .. } => {
            out.push(alter(format!("DROP COLUMN {}", quote(&column.name))))
        }
        Op::AlterColumn {
            table,
            from,
            to,
            backfill,
        } => {
            let by_text = state.enums.values().any(|own| own.is_type_of(from));
            alter_column(table, from, to, backfill.as_deref(), by_text, out);
        }
        Op::AddPrimaryKey { key, .. } => out.push(alter(format!("ADD {}", primary_key(key)))),
        Op::AddUnique { unique: it, .. } => out.push(alter(format!("ADD {}", unique(it)))),
        Op::AddCheck { check: it, .. } => out.push(alter(format!("ADD {}", check(it)))),
        Op::AddForeignKey { key, .. } => {
            out.push(alter(format!("ADD {}", foreign_key(POSTGRES, key))))
        }
        Op::DropPrimaryKey {
            key: PrimaryKey { name, .. },
            ..
        }
        | Op::DropUnique {
            unique: Unique { name, .. },
            ..
        }
        | Op::DropCheck {
            check: Check { name, .. },
            ..
        } => {
            out.push(alter(format!(
                "DROP CONSTRAINT {}",
                quote(name.as_deref().unwrap_or_default())
            )));
        }
        Op::DropForeignKey { key, .. } => {
            out.push(alter(format!(
                "DROP CONSTRAINT {}",
                quote(key.name.as_deref().unwrap_or_default())
            )));
        }
        Op::AddIndex { table, index } => out.push(create_index(table, index)),
        Op::DropIndex { index, .. } => out.push(format!("DROP INDEX {}", quote(&index.name))),
        Op::RenameIndex { from, to, .. } => {
            out.push(format!(
                "ALTER INDEX {} RENAME TO {}",
                quote(&from.name),
                quote(&to.name)
            ));
        }
        Op::CreateEnum(own) => out.push(enums::create(own)),
        Op::DropEnum(own) => out.push(format!("DROP TYPE {}", quote(&own.name))),
        Op::AlterEnum { .. } => {} // needs to know the other changes
        Op::AlterOptions { table, to, .. } => out.push(table_comment(table, to.comment.as_deref())),
    }
}

fn create_table(table: &Table, out: &mut Vec<String>) {
    let mut lines: Vec<String> = table
        .columns
        .iter()
        .map(|own| column(own, !own.nullable))
        .collect();
    lines.extend(table.primary_key.iter().map(primary_key));
    lines.extend(table.uniques.iter().map(unique));
    lines.extend(table.checks.iter().map(check));
    lines.extend(
        table
            .foreign_keys
            .iter()
            .map(|key| foreign_key(POSTGRES, key)),
    );
    out.push(format!(
        "CREATE TABLE {} (\n  {}\n)",
        quote(&table.name),
        lines.join(",\n  ")
    ));
    out.extend(
        table
            .indexes
            .iter()
            .map(|index| create_index(&table.name, index)),
    );
    if let Some(comment) = &table.options.comment {
        out.push(table_comment(&table.name, Some(comment)));
    }
    for column in table
        .columns
        .iter()
        .filter(|column| column.comment.is_some())
    {
        out.push(column_comment(&table.name, column));
    }
}

fn column(column: &Column, required: bool) -> String {
    let mut sql = format!("{} {}", quote(&column.name), type_with_collation(column));
    match &column.auto {
        Some(Auto::Serial { .. }) => {
            sql = format!("{} {}", quote(&column.name), serial(&column.ty))
        }
        Some(Auto::Identity { always }) => {
            sql.push_str(&format!(" GENERATED {} AS IDENTITY", when(*always)));
        }
        Some(Auto::Increment) | None => {}
    }
    if let Some(generated) = &column.generated {
        sql.push_str(&format!(
            " GENERATED ALWAYS AS ({}) STORED",
            generated.expression
        ));
    }
    if let Some(default) = &column.default {
        sql.push_str(&format!(" DEFAULT {default}"));
    }
    if required {
        sql.push_str(" NOT NULL");
    }
    sql
}

fn type_with_collation(column: &Column) -> String {
    match &column.collation {
        Some(collation) => format!("{} COLLATE {collation}", column.ty),
        None => column.ty.clone(),
    }
}

fn serial(ty: &str) -> &'static str {
    match ty {
        "bigint" => "bigserial",
        "smallint" => "smallserial",
        _ => "serial",
    }
}

fn when(always: bool) -> &'static str {
    if always { "ALWAYS" } else { "BY DEFAULT" }
}

fn add_column(table: &str, own: &Column, backfill: Option<&str>, out: &mut Vec<String>) {
    let name = quote(&own.name);
    let alter = format!("ALTER TABLE {}", quote(table));
    match backfill {
        Some(expression) => {
            out.push(format!("{alter} ADD COLUMN {}", column(own, false)));
            out.push(format!("UPDATE {} SET {name} = {expression}", quote(table)));
            if !own.nullable {
                out.push(format!("{alter} ALTER COLUMN {name} SET NOT NULL"));
            }
        }
        None => out.push(format!("{alter} ADD COLUMN {}", column(own, !own.nullable))),
    }
    if own.comment.is_some() {
        out.push(column_comment(table, own));
    }
}

fn alter_column(
    table: &str,
    from: &Column,
    to: &Column,
    backfill: Option<&str>,
    by_text: bool,
    out: &mut Vec<String>,
) {
    let name = quote(&to.name);
    let quoted_table = quote(table);
    let alter = |change: String| format!("ALTER TABLE {quoted_table} ALTER COLUMN {name} {change}");
    if from.generated != to.generated {
        if to.generated.is_some() {
            out.push(format!("ALTER TABLE {quoted_table} DROP COLUMN {name}"));
            return add_column(table, to, None, out);
        }
        out.push(alter("DROP EXPRESSION".to_owned()));
    }
    let recounts = from.auto.is_some() && !same_auto(from, to);
    match &from.auto {
        Some(Auto::Serial { sequence }) if recounts => {
            out.push(alter("DROP DEFAULT".to_owned()));
            out.push(format!("DROP SEQUENCE {sequence}"));
        }
        Some(Auto::Identity { .. }) if recounts && !is_identity(to) => {
            out.push(alter("DROP IDENTITY".to_owned()));
        }
        _ => {}
    }
    let retypes = from.ty != to.ty || from.collation != to.collation;
    if from.default.is_some() && (retypes || to.default.is_none()) {
        out.push(alter("DROP DEFAULT".to_owned()));
    }
    if retypes {
        out.push(alter(format!(
            "TYPE {} USING {name}::{}{}",
            type_with_collation(to),
            if by_text { "text::" } else { "" },
            to.ty
        )));
        if let (Some(Auto::Serial { sequence }), true) = (&from.auto, same_auto(from, to)) {
            out.push(format!("ALTER SEQUENCE {sequence} AS {}", to.ty));
        }
    }
    if let Some(default) = &to.default
        && (retypes || from.default != to.default)
    {
        out.push(alter(format!("SET DEFAULT {default}")));
    }
    match (from.nullable, to.nullable) {
        (true, false) => {
            if let Some(value) = backfill.or(to.default.as_deref()) {
                out.push(format!(
                    "UPDATE {quoted_table} SET {name} = {value} WHERE {name} IS NULL"
                ));
            }
            out.push(alter("SET NOT NULL".to_owned()));
        }
        (false, true) => out.push(alter("DROP NOT NULL".to_owned())),
        _ => {}
    }
    if !same_auto(from, to) {
        count(table, from, to, out);
    }
    if from.comment != to.comment {
        out.push(column_comment(table, to));
    }
}

fn is_identity(column: &Column) -> bool {
    matches!(column.auto, Some(Auto::Identity { .. }))
}

fn same_auto(from: &Column, to: &Column) -> bool {
    match (&from.auto, &to.auto) {
        (Some(Auto::Serial { .. }), Some(Auto::Serial { .. })) => true,
        (from, to) => from == to,
    }
}

/// Lets the server count the column, from where it stands.
fn count(table: &str, from: &Column, to: &Column, out: &mut Vec<String>) {
    let (quoted_table, name) = (quote(table), quote(&to.name));
    let alter = format!("ALTER TABLE {quoted_table} ALTER COLUMN {name}");
    let next = format!("(SELECT coalesce(max({name}), 0) + 1 FROM {quoted_table}), false)");
    match &to.auto {
        Some(Auto::Serial { sequence }) => {
            let named = literal(POSTGRES, sequence);
            out.push(format!(
                "CREATE SEQUENCE {sequence} AS {} OWNED BY {quoted_table}.{name}",
                to.ty
            ));
            out.push(format!("SELECT setval({named}, {next}"));
            out.push(format!("{alter} SET DEFAULT nextval({named}::regclass)"));
        }
        Some(Auto::Identity { always }) if is_identity(from) => {
            out.push(format!("{alter} SET GENERATED {}", when(*always)));
        }
        Some(Auto::Identity { always }) => {
            out.push(format!(
                "{alter} ADD GENERATED {} AS IDENTITY",
                when(*always)
            ));
            let owner = literal(POSTGRES, &quoted_table);
            let column = literal(POSTGRES, &to.name);
            out.push(format!(
                "SELECT setval(pg_get_serial_sequence({owner}, {column}), {next}"
            ));
        }
        Some(Auto::Increment) | None => {}
    }
}

fn primary_key(key: &PrimaryKey) -> String {
    format!(
        "{}PRIMARY KEY ({})",
        constraint(POSTGRES, key.name.as_ref()),
        quoted_list(POSTGRES, &key.columns)
    )
}

fn unique(unique: &Unique) -> String {
    format!(
        "{}UNIQUE {}({}){}{}",
        constraint(POSTGRES, unique.name.as_ref()),
        if unique.nulls_not_distinct {
            "NULLS NOT DISTINCT "
        } else {
            ""
        },
        quoted_list(POSTGRES, &unique.columns),
        include(&unique.include),
        deferrable(unique.deferrable)
    )
}

fn include(columns: &[String]) -> String {
    if columns.is_empty() {
        String::new()
    } else {
        format!(" INCLUDE ({})", quoted_list(POSTGRES, columns))
    }
}

fn check(check: &Check) -> String {
    format!(
        "{}CHECK ({})",
        constraint(POSTGRES, check.name.as_ref()),
        check.expression
    )
}

fn create_index(table: &str, index: &Index) -> String {
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| match &key.target {
            KeyTarget::Column(name) => format!("{}{}", quote(name), key.suffix),
            KeyTarget::Expression(sql) => format!("({sql}){}", key.suffix),
        })
        .collect();
    format!(
        "CREATE {}INDEX {} ON {}{} ({}){}{}{}",
        if index.unique { "UNIQUE " } else { "" },
        quote(&index.name),
        quote(table),
        index
            .method
            .as_ref()
            .map(|method| format!(" USING {}", quote(method)))
            .unwrap_or_default(),
        keys.join(", "),
        include(&index.include),
        if index.nulls_not_distinct {
            " NULLS NOT DISTINCT"
        } else {
            ""
        },
        index
            .predicate
            .as_ref()
            .map(|it| format!(" WHERE {it}"))
            .unwrap_or_default()
    )
}

fn table_comment(table: &str, comment: Option<&str>) -> String {
    format!(
        "COMMENT ON TABLE {} IS {}",
        quote(table),
        comment_text(comment)
    )
}

fn column_comment(table: &str, column: &Column) -> String {
    let text = comment_text(column.comment.as_deref());
    format!(
        "COMMENT ON COLUMN {}.{} IS {text}",
        quote(table),
        quote(&column.name)
    )
}

fn comment_text(comment: Option<&str>) -> String {
    comment.map_or("NULL".to_owned(), |comment| literal(POSTGRES, comment))
}
