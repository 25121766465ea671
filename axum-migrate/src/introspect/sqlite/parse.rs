//! What only the text of a CREATE statement tells.

use crate::schema::{
    Action, Auto, Check, Deferrable, ForeignKey, Generated, Index, IndexKey, KeyTarget, PrimaryKey,
    Table, Unique,
};
use crate::token::{Kind, Token, join, tokens};

/// Reads what a CREATE TABLE says beyond names, types, NOT NULL and defaults; `None` where it is none.
pub(super) fn create_table(sql: &str, column_names: &[String]) -> Option<Table> {
    let mut cursor = Cursor::new(sql, column_names);
    cursor.skip_past("TABLE")?;
    cursor.skip_if_not_exists();
    cursor.table = cursor.qualified_name()?;
    cursor.without_rowid = cursor
        .tokens
        .iter()
        .rev()
        .take_while(|token| !token.is_symbol(")"))
        .any(|token| token.is("WITHOUT"));
    let mut table = Table {
        name: cursor.table.clone(),
        ..Table::default()
    };
    cursor.expect("(")?;
    loop {
        if cursor.at_table_constraint() {
            cursor.table_constraint(&mut table)?;
        } else {
            cursor.column(&mut table)?;
        }
        // The comma between two table constraints is optional.
        if !cursor.take_symbol(",") && cursor.take_symbol(")") {
            return Some(table);
        }
        cursor.peek()?;
    }
}

/// Reads a CREATE INDEX; `None` where it is none.
pub(super) fn create_index(sql: &str, column_names: &[String]) -> Option<Index> {
    let mut cursor = Cursor::new(sql, column_names);
    cursor.skip_past("CREATE")?;
    let unique = cursor.take("UNIQUE");
    cursor.skip_past("INDEX")?;
    cursor.skip_if_not_exists();
    let mut index = Index {
        name: cursor.qualified_name()?,
        unique,
        ..Index::default()
    };
    cursor.skip_past("ON")?;
    cursor.table = cursor.identifier()?;
    index.keys = cursor.keys()?;
    if cursor.take("WHERE") {
        let rest = &cursor.tokens[cursor.at..];
        index.predicate = Some(cursor.normalise(rest));
    }
    Some(index)
}

struct Cursor<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    /// The table that it is about.
    table: String,
    without_rowid: bool,
    columns: &'a [String],
}

impl<'a> Cursor<'a> {
    fn new(sql: &'a str, columns: &'a [String]) -> Self {
        let mut tokens = tokens(sql);
        if tokens.last().is_some_and(|last| last.is_symbol(";")) {
            tokens.pop();
        }
        Self {
            tokens,
            at: 0,
            table: String::new(),
            without_rowid: false,
            columns,
        }
    }

    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn peeks(&self, keyword: &str) -> bool {
        self.peek().is_some_and(|token| token.is(keyword))
    }

    fn take(&mut self, keyword: &str) -> bool {
        let found = self.peeks(keyword);
        self.at += usize::from(found);
        found
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is_symbol(symbol));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Option<()> {
        self.take_symbol(symbol).then_some(())
    }

    fn expect_word(&mut self, keyword: &str) -> Option<()> {
        self.take(keyword).then_some(())
    }

    fn skip_past(&mut self, keyword: &str) -> Option<()> {
        while !self.take(keyword) {
            self.peek()?;
            self.at += 1;
        }
        Some(())
    }

    fn skip_if_not_exists(&mut self) {
        if self.take("IF") {
            self.take("NOT");
            self.take("EXISTS");
        }
    }

    fn identifier(&mut self) -> Option<String> {
        let name = self.peek()?.identifier()?;
        self.at += 1;
        Some(name)
    }

    fn qualified_name(&mut self) -> Option<String> {
        let name = self.identifier()?;
        if self.take_symbol(".") {
            self.identifier()
        } else {
            Some(name)
        }
    }

    /// The tokens up to a comma or a closing parenthesis of this level.
    fn until_comma(&mut self) -> Vec<Token<'a>> {
        let mut depth = 0_usize;
        let start = self.at;
        while let Some(token) = self.peek() {
            if depth == 0 && (token.is_symbol(",") || token.is_symbol(")")) {
                break;
            }
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth -= 1;
            }
            self.at += 1;
        }
        self.tokens[start..self.at].to_vec()
    }

    /// The tokens between two parentheses, which are taken too.
    fn parenthesised(&mut self) -> Option<Vec<Token<'a>>> {
        self.expect("(")?;
        let start = self.at;
        let mut depth = 1_usize;
        while let Some(token) = self.peek() {
            self.at += 1;
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth -= 1;
                if depth == 0 {
                    return Some(self.tokens[start..self.at - 1].to_vec());
                }
            }
        }
        None
    }

    fn expression(&mut self) -> Option<String> {
        let inner = self.parenthesised()?;
        Some(self.normalise(&inner))
    }

    /// The columns or expressions between parentheses, each with its collation and order.
    fn keys(&mut self) -> Option<Vec<IndexKey>> {
        self.expect("(")?;
        let mut keys = Vec::new();
        loop {
            let mut item = self.until_comma();
            if item.last().is_some_and(|last| last.is("AUTOINCREMENT")) {
                item.pop();
            }
            keys.push(self.index_key(item));
            if !self.take_symbol(",") {
                self.expect(")")?;
                return Some(keys);
            }
        }
    }

    /// The columns of a key, and what follows each where any has something.
    fn key_columns(&mut self) -> Option<(Vec<String>, Vec<String>)> {
        let mut columns = Vec::new();
        let mut suffixes = Vec::new();
        for key in self.keys()? {
            let KeyTarget::Column(name) = key.target else {
                return None;
            };
            columns.push(name);
            suffixes.push(key.suffix);
        }
        if suffixes.iter().all(String::is_empty) {
            suffixes.clear();
        }
        Some((columns, suffixes))
    }

    /// The columns of a foreign key.
    fn names(&mut self) -> Option<Vec<String>> {
        self.expect("(")?;
        let mut names = Vec::new();
        loop {
            let item = self.until_comma();
            names.push(self.own_column(&item.first()?.identifier()?));
            if !self.take_symbol(",") {
                self.expect(")")?;
                return Some(names);
            }
        }
    }

    /// A column of this table in the spelling of its definition.
    fn own_column(&self, name: &str) -> String {
        let found = self
            .columns
            .iter()
            .find(|column| column.eq_ignore_ascii_case(name));
        found.cloned().unwrap_or_else(|| name.to_owned())
    }

    fn at_table_constraint(&self) -> bool {
        ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]
            .iter()
            .any(|word| self.peeks(word))
    }

    fn constraint_name(&mut self) -> Option<String> {
        if self.take("CONSTRAINT") {
            self.identifier()
        } else {
            None
        }
    }

    fn table_constraint(&mut self, table: &mut Table) -> Option<()> {
        let name = self.constraint_name();
        if self.take("PRIMARY") {
            self.expect_word("KEY")?;
            let auto = self.tokens[self.at..]
                .iter()
                .take_while(|token| !token.is_symbol(")"))
                .any(|token| token.is("AUTOINCREMENT"));
            let (columns, mut suffixes) = self.key_columns()?;
            if let [only] = columns.as_slice() {
                let column = table
                    .columns
                    .iter_mut()
                    .find(|column| column.name == *only)?;
                if auto {
                    column.auto = Some(Auto::Increment);
                }
                // Here, and not where it is written at the column, a descending one is the rowid all the same.
                if column.ty.eq_ignore_ascii_case("INTEGER") && !self.without_rowid {
                    suffixes.clear();
                }
            }
            let on_conflict = self.conflict();
            table.primary_key = Some(PrimaryKey {
                name,
                columns,
                suffixes,
                on_conflict,
                ..PrimaryKey::default()
            });
        } else if self.take("UNIQUE") {
            let (columns, suffixes) = self.key_columns()?;
            let on_conflict = self.conflict();
            table.uniques.push(Unique {
                name,
                columns,
                suffixes,
                on_conflict,
                ..Unique::default()
            });
        } else if self.take("CHECK") {
            let expression = self.expression()?;
            self.conflict();
            table.checks.push(Check {
                name,
                expression,
                ..Check::default()
            });
        } else if self.take("FOREIGN") {
            self.expect_word("KEY")?;
            let columns = self.names()?;
            self.expect_word("REFERENCES")?;
            let key = self.references(name, columns)?;
            table.foreign_keys.push(key);
        } else {
            // A name that nothing follows is legal, and means nothing.
            name?;
        }
        Some(())
    }

    fn column(&mut self, table: &mut Table) -> Option<()> {
        let name = self.identifier()?;
        let name = self.own_column(&name);
        table.columns.push(crate::schema::Column {
            name: name.clone(),
            ..Default::default()
        });
        while let Some(token) = self.peek() {
            if token.is_symbol(",") || token.is_symbol(")") {
                break;
            }
            let constraint = self.constraint_name();
            let column = table.columns.last_mut()?;
            if self.take("PRIMARY") {
                self.expect_word("KEY")?;
                let descending = !self.take("ASC") && self.take("DESC");
                let on_conflict = self.conflict();
                if self.take("AUTOINCREMENT") {
                    column.auto = Some(Auto::Increment);
                }
                let columns = vec![name.clone()];
                let suffixes = descending.then(|| " DESC".to_owned());
                table.primary_key = Some(PrimaryKey {
                    name: constraint,
                    columns,
                    suffixes: suffixes.into_iter().collect(),
                    on_conflict,
                    ..PrimaryKey::default()
                });
            } else if self.peeks("NOT") && !self.next_is("DEFERRABLE") {
                self.at += 1;
                self.expect_word("NULL")?;
                column.on_conflict = self.conflict();
            } else if self.take("NULL") {
                self.conflict();
            } else if self.take("UNIQUE") {
                let on_conflict = self.conflict();
                let columns = vec![name.clone()];
                table.uniques.push(Unique {
                    name: constraint,
                    columns,
                    on_conflict,
                    ..Unique::default()
                });
            } else if self.take("CHECK") {
                let expression = self.expression()?;
                self.conflict();
                table.checks.push(Check {
                    name: constraint,
                    expression,
                    ..Check::default()
                });
            } else if self.take("DEFAULT") {
                self.default_value()?;
            } else if self.take("COLLATE") {
                column.collation = self.identifier();
            } else if self.take("REFERENCES") {
                let key = self.references(constraint, vec![name.clone()])?;
                table.foreign_keys.push(key);
            } else if self.take("GENERATED") {
                self.expect_word("ALWAYS")?;
            } else if self.take("AS") {
                let expression = self.expression()?;
                let stored = self.take("STORED");
                self.take("VIRTUAL");
                column.generated = Some(Generated { expression, stored });
            } else if self.at_deferrable() {
                // It may stand apart from its foreign key.
                let deferrable = self.deferrable()?;
                if let Some(key) = table.foreign_keys.last_mut() {
                    key.deferrable = deferrable;
                }
            } else if token.is_symbol("(") {
                self.parenthesised()?; // of the type
                column.ty.push_str("()");
            } else if constraint.is_none() {
                column.ty.push_str(&token.identifier().unwrap_or_default());
                self.at += 1;
            }
        }
        Some(())
    }

    fn default_value(&mut self) -> Option<()> {
        let token = self.peek()?;
        if token.is_symbol("(") {
            self.parenthesised()?;
            return Some(());
        }
        self.at += if token.is_symbol("-") || token.is_symbol("+") {
            2
        } else {
            1
        };
        Some(())
    }

    fn conflict(&mut self) -> Option<String> {
        let asks = self.peeks("ON")
            && self
                .tokens
                .get(self.at + 1)
                .is_some_and(|next| next.is("CONFLICT"));
        if !asks {
            return None;
        }
        self.at += 2;
        let action = self.identifier()?.to_uppercase();
        (action != "ABORT").then_some(action)
    }

    fn references(&mut self, name: Option<String>, columns: Vec<String>) -> Option<ForeignKey> {
        let mut key = ForeignKey {
            name,
            columns,
            table: self.identifier()?,
            ..ForeignKey::default()
        };
        if self.take_symbol("(") {
            loop {
                key.referenced.push(self.identifier()?);
                if !self.take_symbol(",") {
                    self.expect(")")?;
                    break;
                }
            }
        }
        loop {
            if self.take("ON") {
                let deletes = self.take("DELETE");
                if !deletes {
                    // ON INSERT is accepted by SQLite, and ignored.
                    let _ = self.take("UPDATE") || self.take("INSERT");
                }
                let action = self.action()?;
                if deletes {
                    key.on_delete = action;
                } else {
                    key.on_update = action;
                }
            } else if self.take("MATCH") {
                self.identifier()?;
            } else if self.at_deferrable() {
                key.deferrable = self.deferrable()?;
            } else {
                return Some(key);
            }
        }
    }

    fn at_deferrable(&self) -> bool {
        self.peeks("DEFERRABLE") || self.peeks("NOT") && self.next_is("DEFERRABLE")
    }

    /// `[NOT] DEFERRABLE [INITIALLY …]`.
    fn deferrable(&mut self) -> Option<Option<Deferrable>> {
        let not = self.take("NOT");
        self.expect_word("DEFERRABLE")?;
        let mut deferrable = Deferrable::Immediate;
        if self.take("INITIALLY") && self.identifier()?.eq_ignore_ascii_case("DEFERRED") {
            deferrable = Deferrable::Deferred;
        }
        Some((!not).then_some(deferrable))
    }

    fn next_is(&self, keyword: &str) -> bool {
        self.tokens
            .get(self.at + 1)
            .is_some_and(|token| token.is(keyword))
    }

    fn action(&mut self) -> Option<Action> {
        if self.take("CASCADE") {
            return Some(Action::Cascade);
        }
        if self.take("RESTRICT") {
            return Some(Action::Restrict);
        }
        if self.take("NO") {
            return self.take("ACTION").then_some(Action::NoAction);
        }
        self.expect_word("SET")?;
        if self.take("NULL") {
            return Some(Action::SetNull);
        }
        self.take("DEFAULT").then_some(Action::SetDefault)
    }

    fn index_key(&self, mut item: Vec<Token<'a>>) -> IndexKey {
        let mut suffix = String::new();
        if item.last().is_some_and(|last| last.is("DESC")) {
            suffix = " DESC".to_owned();
            item.pop();
        } else if item.last().is_some_and(|last| last.is("ASC")) {
            item.pop();
        }
        if let [.., before, collation] = item.as_slice()
            && before.is("COLLATE")
        {
            let name = collation.identifier().unwrap_or_default().to_uppercase();
            let name = if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                name
            } else {
                axum_db::Dialect::Sqlite.quote(&name)
            };
            suffix = format!(" COLLATE {name}{suffix}");
            item.truncate(item.len() - 2);
        }
        let target = match item.as_slice() {
            [only] if only.kind != Kind::Number && only.kind != Kind::Symbol => {
                KeyTarget::Column(self.own_column(&only.identifier().unwrap_or_default()))
            }
            _ => KeyTarget::Expression(self.normalise(&item)),
        };
        IndexKey { target, suffix }
    }

    /// An expression in one spelling: columns quoted, blanks and comments normalised.
    fn normalise(&self, expression: &[Token<'_>]) -> String {
        const KEYWORDS: [&str; 25] = [
            "and", "or", "not", "in", "is", "null", "like", "glob", "between", "case", "when",
            "then", "else", "end", "cast", "as", "collate", "escape", "match", "regexp",
            "distinct", "from", "isnull", "notnull", "exists",
        ];
        // The table may have another name while it is rebuilt.
        let mut expression = expression.to_vec();
        while let Some(at) = expression.windows(2).position(|pair| {
            pair[1].is_symbol(".")
                && matches!(pair[0].kind, Kind::Word | Kind::Quoted)
                && pair[0]
                    .identifier()
                    .is_some_and(|name| name.eq_ignore_ascii_case(&self.table))
        }) {
            expression.drain(at..at + 2);
        }
        let words: Vec<String> = expression
            .iter()
            .enumerate()
            .map(|(at, token)| {
                let before = at.checked_sub(1).and_then(|before| expression.get(before));
                let names_something_else = before.is_some_and(|it| it.is("AS") || it.is("COLLATE"))
                    || expression
                        .get(at + 1)
                        .is_some_and(|next| next.is_symbol("("))
                    || KEYWORDS.iter().any(|keyword| token.is(keyword));
                let column = match token.kind {
                    Kind::Word if !names_something_else => token.identifier(),
                    Kind::Quoted => token.identifier(),
                    _ => None,
                };
                column
                    .and_then(|name| {
                        self.columns
                            .iter()
                            .find(|own| own.eq_ignore_ascii_case(&name))
                    })
                    .map_or_else(
                        || token.text.to_owned(),
                        |own| axum_db::Dialect::Sqlite.quote(own),
                    )
            })
            .collect();
        join(words.iter().map(String::as_str))
    }
}
