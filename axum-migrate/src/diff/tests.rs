use super::{Hints, diff};
use crate::error::ErrorKind;
use crate::op::{Op, inverse};
use crate::schema::{
    Column, ForeignKey, Index, IndexKey, KeyTarget, PrimaryKey, Schema, Table, Unique,
};

fn column(name: &str, ty: &str) -> Column {
    Column {
        name: name.into(),
        ty: ty.into(),
        nullable: true,
        ..Column::default()
    }
}

fn table(name: &str, columns: &[&str]) -> Table {
    Table {
        name: name.into(),
        columns: columns.iter().map(|name| column(name, "integer")).collect(),
        primary_key: Some(PrimaryKey {
            name: Some(format!("{name}_pkey")),
            columns: vec![columns[0].into()],
            ..PrimaryKey::default()
        }),
        ..Table::default()
    }
}

fn pointing(mut table: Table, column: &str, to: &str) -> Table {
    table.foreign_keys.push(ForeignKey {
        name: Some(format!("{}_{column}_fkey", table.name)),
        columns: vec![column.into()],
        table: to.into(),
        referenced: vec!["id".into()],
        ..ForeignKey::default()
    });
    table
}

fn index(name: &str, column: &str) -> Index {
    let key = IndexKey {
        target: KeyTarget::Column(column.into()),
        suffix: String::new(),
    };
    Index {
        name: name.into(),
        keys: vec![key],
        ..Index::default()
    }
}

fn schema<const N: usize>(tables: [Table; N]) -> Schema {
    Schema {
        tables: tables
            .into_iter()
            .map(|table| (table.name.clone(), table))
            .collect(),
        ..Schema::default()
    }
}

fn lines(ops: &[Op]) -> Vec<String> {
    ops.iter().map(ToString::to_string).collect()
}

fn dropping(tables: &[&str]) -> Hints {
    Hints {
        dropped_tables: tables.iter().map(|name| (*name).to_owned()).collect(),
        ..Hints::default()
    }
}

#[test]
fn tables_come_after_what_they_point_at_and_a_cycle_is_closed_at_the_end() {
    let a = pointing(table("a", &["id", "b_id"]), "b_id", "b");
    let b = pointing(table("b", &["id", "a_id"]), "a_id", "a");
    let c = pointing(table("aa", &["id", "b_id"]), "b_id", "b");
    let wanted = schema([a, b, c]);
    let made = diff(&Schema::default(), &wanted, &Hints::default()).expect("a difference");
    assert_eq!(
        lines(&made.ops),
        [
            "+ table a (2 columns)",
            "+ table b (2 columns)",
            "+ table aa (2 columns)",
            "+ foreign key a (b_id) → b (id)",
        ]
    );
    assert!(made.target.is_same_as(&wanted));
    let gone =
        diff(&wanted, &Schema::default(), &dropping(&["a", "b", "aa"])).expect("a difference");
    assert_eq!(
        lines(&gone.ops),
        [
            "- foreign key a (b_id) → b (id)",
            "- table aa",
            "- table b",
            "- table a"
        ]
    );
}

#[test]
fn a_table_without_a_model_goes_only_when_someone_says_so() {
    let from = schema([table("mine", &["id"]), table("theirs", &["id"])]);
    let mut hints = Hints::default();
    hints.managed_tables.insert("mine".into());
    let kept = diff(&from, &Schema::default(), &hints).expect("nothing to refuse");
    assert!(kept.ops.is_empty());
    assert_eq!(
        (kept.orphaned, kept.unmanaged),
        (vec!["mine".to_owned()], vec!["theirs".to_owned()])
    );
    assert_eq!(kept.target, from);
    let gone = diff(&from, &Schema::default(), &dropping(&["mine"])).expect("a difference");
    assert_eq!(lines(&gone.ops), ["- table mine"]);
    assert_eq!(gone.unmanaged, ["theirs"]);
}

#[test]
fn a_table_that_another_still_points_at_is_not_dropped() {
    let from = schema([
        table("a", &["id"]),
        pointing(table("b", &["id", "a_id"]), "a_id", "a"),
    ]);
    let error = diff(&from, &Schema::default(), &dropping(&["a"])).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(
        error.to_string().contains("drop both (--drop a --drop b)"),
        "{error}"
    );
}

#[test]
fn a_rename_is_never_guessed_and_a_wrong_one_is_refused() {
    let from = schema([table("a", &["id", "old"])]);
    let to = schema([table("a", &["id", "new"])]);
    let guessless = diff(&from, &to, &Hints::default()).expect("a difference");
    assert_eq!(
        lines(&guessless.ops),
        ["+ column a.new: integer", "- column a.old"]
    );

    let rename = |table: &str, old: &str, new: &str| Hints {
        renamed_columns: vec![(table.into(), old.into(), new.into())],
        ..Hints::default()
    };
    let told = diff(&from, &to, &rename("a", "old", "new")).expect("a difference");
    assert_eq!(lines(&told.ops), ["~ column a.old → new"]);
    for (table, old, new, why) in [
        ("b", "old", "new", "no table b"),
        ("a", "older", "new", "no column older"),
        (
            "a",
            "old",
            "newer",
            "no model of table a has a column newer",
        ),
        ("a", "old", "id", "has a column id already"),
    ] {
        let error = diff(&from, &to, &rename(table, old, new)).expect_err(why);
        assert!(error.to_string().contains(why), "{error}");
    }
    for (old, new, why) in [
        ("b", "a", "no table b"),
        ("a", "c", "no model has the table c"),
    ] {
        let hints = Hints {
            renamed_tables: vec![(old.into(), new.into())],
            ..Hints::default()
        };
        let error = diff(&from, &to, &hints).expect_err(why);
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn a_change_of_case_is_a_rename() {
    let from = schema([table("Users", &["id", "Name"])]);
    let to = schema([table("users", &["id", "name"])]);
    let found = diff(&from, &to, &Hints::default()).expect("a difference");
    assert_eq!(
        lines(&found.ops),
        ["~ table Users → users", "~ column users.Name → name"]
    );
}

#[test]
fn names_of_constraints_do_not_matter_and_a_taken_one_is_avoided() {
    let unique = |name: &str, column: &str| Unique {
        name: Some(name.into()),
        columns: vec![column.into()],
        ..Unique::default()
    };
    let mut before = table("a", &["id", "x", "y"]);
    before.uniques.push(unique("first", "x"));
    let mut after = before.clone();
    after.uniques[0].name = Some("another".into());
    let (from, to) = (schema([before.clone()]), schema([after.clone()]));
    assert!(
        diff(&from, &to, &Hints::default())
            .expect("nothing to refuse")
            .ops
            .is_empty()
    );
    assert_eq!(from.hash(), to.hash());

    after.uniques.push(unique("first", "y"));
    let found = diff(&from, &schema([after]), &Hints::default()).expect("a difference");
    let [Op::AddUnique { unique, .. }] = found.ops.as_slice() else {
        panic!("{:?}", found.ops);
    };
    assert_eq!(unique.name.as_deref(), Some("first_1"));
}

#[test]
fn a_foreign_key_steps_aside_while_the_type_under_it_changes() {
    let b = pointing(table("b", &["id", "a_id"]), "a_id", "a");
    let from = schema([table("a", &["id"]), b.clone()]);
    let mut wide = table("a", &["id"]);
    wide.columns[0].ty = "bigint".into();
    let found = diff(&from, &schema([wide, b]), &Hints::default()).expect("a difference");
    assert_eq!(
        lines(&found.ops),
        [
            "- foreign key b (a_id) → a (id)",
            "~ column a.id: integer → bigint",
            "+ foreign key b (a_id) → a (id)",
        ]
    );
}

#[test]
fn an_index_under_another_name_is_renamed_unless_the_name_is_taken() {
    let mut before = table("a", &["id", "x"]);
    before.indexes = vec![index("one", "x"), index("two", "id")];
    let mut after = before.clone();
    after.indexes[0].name = "three".into();
    let renamed = diff(
        &schema([before.clone()]),
        &schema([after]),
        &Hints::default(),
    )
    .expect("a difference");
    assert_eq!(lines(&renamed.ops), ["~ index a.one → three"]);
    let mut swapped = before.clone();
    swapped.indexes[0].name = "two".into();
    swapped.indexes[1].name = "one".into();
    let found =
        diff(&schema([before]), &schema([swapped]), &Hints::default()).expect("a difference");
    assert_eq!(
        lines(&found.ops),
        [
            "- index a.one",
            "- index a.two",
            "+ index a.two",
            "+ index a.one"
        ]
    );
}

#[test]
fn the_inverse_of_the_inverse_is_the_change_and_leads_back() {
    let from = schema([
        table("a", &["id", "x"]),
        pointing(table("b", &["id", "a_id"]), "a_id", "a"),
    ]);
    let mut other = table("a", &["id", "y"]);
    other.indexes.push(index("a_y_idx", "y"));
    let to = schema([other, table("c", &["id"])]);
    let found = diff(&from, &to, &dropping(&["b"])).expect("a difference");
    let back = inverse(&found.ops);
    let mut state = found.target.clone();
    back.iter().for_each(|op| state.apply(op));
    assert!(state.is_same_as(&from));
    assert_eq!(lines(&inverse(&back)), lines(&found.ops));
}

#[test]
fn losing_and_filling_are_told() {
    let required = Column {
        nullable: false,
        ..column("x", "varchar(20)")
    };
    let add = Op::AddColumn {
        table: "a".into(),
        column: required.clone(),
        backfill: None,
    };
    assert_eq!(add.missing_backfill(), Some(("a", "x")));
    assert!(!add.loses_data() && add.inverse().loses_data());
    let back = add.inverse().inverse();
    assert!(
        matches!(&back, Op::AddColumn { backfill: Some(value), .. } if value == "''"),
        "{back:?}"
    );
    let alter = |from: &str, to: &str| Op::AlterColumn {
        table: "a".into(),
        from: column("x", from),
        to: column("x", to),
        backfill: None,
    };
    for (from, to, loses) in [
        ("varchar(20)", "varchar(30)", false),
        ("varchar(20)", "text", false),
        ("VARCHAR(20)", "VARCHAR(10)", true),
        ("text", "varchar(10)", true),
        ("integer", "bigint", false),
        ("int(11)", "smallint(6)", true),
        ("numeric(8,2)", "numeric(10,4)", false),
        ("numeric(8,2)", "numeric(8,4)", true),
        ("integer", "text", false),
        ("json", "integer", true),
    ] {
        assert_eq!(alter(from, to).loses_data(), loses, "{from} → {to}");
    }
}
