//! Renames carried through everything that names the renamed thing.

use super::{KeyTarget, Schema, Table};

impl Schema {
    /// Renames a table, here and in the foreign keys that point at it.
    pub(crate) fn rename_table(&mut self, from: &str, to: &str) {
        if let Some(mut table) = self.tables.remove(from) {
            to.clone_into(&mut table.name);
            self.tables.insert(to.to_owned(), table);
        }
        for key in self
            .tables
            .values_mut()
            .flat_map(|table| &mut table.foreign_keys)
        {
            if key.table == from {
                to.clone_into(&mut key.table);
            }
        }
        for object in &mut self.unmanaged {
            if object.table.as_deref() == Some(from) {
                object.table = Some(to.to_owned());
            }
        }
    }

    /// Renames a column, here and in the foreign keys that point at it.
    pub(crate) fn rename_column(&mut self, table: &str, from: &str, to: &str) {
        for other in self.tables.values_mut() {
            for key in &mut other.foreign_keys {
                if key.table == table {
                    rename_in(&mut key.referenced, from, to);
                }
            }
        }
        if let Some(table) = self.tables.get_mut(table) {
            table.rename_column(from, to);
        }
    }
}

impl Table {
    fn rename_column(&mut self, from: &str, to: &str) {
        for column in &mut self.columns {
            if column.name == from {
                to.clone_into(&mut column.name);
            }
            let texts = column.check.iter_mut();
            for text in texts.chain(column.generated.iter_mut().map(|it| &mut it.expression)) {
                *text = rename_identifier(text, from, to);
            }
        }
        if let Some(key) = &mut self.primary_key {
            rename_in(&mut key.columns, from, to);
        }
        for unique in &mut self.uniques {
            rename_in(&mut unique.columns, from, to);
            rename_in(&mut unique.include, from, to);
        }
        for key in &mut self.foreign_keys {
            rename_in(&mut key.columns, from, to);
        }
        for check in &mut self.checks {
            check.expression = rename_identifier(&check.expression, from, to);
        }
        for index in &mut self.indexes {
            rename_in(&mut index.include, from, to);
            if let Some(text) = &mut index.predicate {
                *text = rename_identifier(text, from, to);
            }
            for key in &mut index.keys {
                match &mut key.target {
                    KeyTarget::Column(name) if name == from => to.clone_into(name),
                    KeyTarget::Column(_) => {}
                    KeyTarget::Expression(text) => *text = rename_identifier(text, from, to),
                }
            }
        }
    }
}

fn rename_in(names: &mut [String], from: &str, to: &str) {
    for name in names.iter_mut().filter(|name| *name == from) {
        to.clone_into(name);
    }
}

/// Replaces an identifier in an SQL expression, in the quoting it has there.
pub(crate) fn rename_identifier(sql: &str, from: &str, to: &str) -> String {
    let plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let mut renamed = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' | '`' => quoted_length(rest, first),
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        let quoted =
            |mark: char| format!("{mark}{}{mark}", to.replace(mark, &format!("{mark}{mark}")));
        match first {
            '"' | '`' if unquote(token, first) == from => renamed.push_str(&quoted(first)),
            _ if token == from && !after.trim_start().starts_with('(') => {
                renamed.push_str(&if plain(to) {
                    to.to_owned()
                } else {
                    quoted('"')
                });
            }
            _ => renamed.push_str(token),
        }
    }
    renamed
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn quoted_length(sql: &str, mark: char) -> usize {
    let mut characters = sql.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == mark {
            if characters.peek().is_some_and(|(_, next)| *next == mark) {
                characters.next();
            } else {
                return at + c.len_utf8();
            }
        }
    }
    sql.len()
}

fn unquote(token: &str, mark: char) -> String {
    let inner = token.strip_prefix(mark).unwrap_or(token);
    let inner = inner.strip_suffix(mark).unwrap_or(inner);
    inner.replace(&format!("{mark}{mark}"), &mark.to_string())
}

#[cfg(test)]
mod tests {
    use super::rename_identifier;

    #[test]
    fn renames_whole_identifiers_only_and_never_inside_literals() {
        let renamed = rename_identifier("(a > 0) AND aa <> 'a' AND \"a\" < `a`", "a", "b c");
        assert_eq!(renamed, "(\"b c\" > 0) AND aa <> 'a' AND \"b c\" < `b c`");
        assert_eq!(
            rename_identifier("lower(lower)", "lower", "name"),
            "lower(name)"
        );
    }
}
