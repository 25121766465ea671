//! Where the bodies of triggers and routines begin and end.

use axum_db::Dialect;

/// Follows what can hold semicolons inside a statement: bodies of triggers and routines, and parentheses.
#[derive(Debug, Default)]
pub(super) struct Body {
    parentheses: usize,
    blocks: Vec<Block>,
    /// The words so far, until it is clear whether this statement can have a body.
    leading: Vec<String>,
    can_have_body: bool,
    /// A trigger's body has to begin before its statement ends.
    awaits_begin: bool,
    /// What the word before ended.
    after_end: Option<Block>,
    after_begin: bool,
    /// An ELSEIF, whose THEN opens nothing.
    after_elseif: bool,
    /// A REPEAT, which is a function where a parenthesis follows.
    after_repeat: bool,
    /// A WHILE or FOR, whose body begins with DO.
    awaits_do: bool,
    place: Place,
    /// How far the head of a routine of MySQL is read, where declarations may follow it (MariaDB's `sql_mode = 'ORACLE'`).
    head: Head,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Begin,
    Case,
    /// IF, LOOP, WHILE, REPEAT or FOR without a BEGIN around it. Inside of BEGIN and CASE they need no account: what their
    /// END takes away is put back by the word after it.
    Bare,
}

/// Where the next word stands. `begin` and `end` are names of columns, too.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where a statement or an END can be.
    #[default]
    Statement,
    /// Where a statement or a value has to be.
    Opened,
    /// Where only a name or a value can be.
    Value,
    /// After a point.
    Name,
    Between,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// It is none, or it is over.
    #[default]
    None,
    Routine,
    /// `RETURN` and a type; other functions have `RETURNS`.
    Returns,
    Named,
}

impl Place {
    fn after(word: &str) -> Self {
        match word {
            "BEGIN" | "ATOMIC" => Self::Statement,
            "THEN" | "ELSE" | "DO" | "LOOP" | "REPEAT" => Self::Opened,
            "AND" | "BY" | "DISTINCT" | "FROM" | "INTO" | "JOIN" | "NOT" | "OF" | "ON" | "OR"
            | "SELECT" | "SET" | "UPDATE" | "WHERE" => Self::Value,
            _ => Self::Between,
        }
    }
}

impl Body {
    pub(super) fn is_open(&self) -> bool {
        self.parentheses > 0 || !self.blocks.is_empty() || self.awaits_begin
    }

    pub(super) fn mark(&mut self, mark: &str) {
        match mark {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            "." if self.head == Head::Named && self.parentheses == 0 => self.head = Head::Routine,
            _ => {}
        }
        self.after_end = None;
        self.after_begin = false;
        self.begins_to_repeat(mark != "(");
        self.awaits_do &= mark != ";";
        self.place = match mark {
            ";" | ":" => Place::Statement,
            ")" | "]" => Place::Between,
            "." => Place::Name,
            _ => Place::Value,
        };
    }

    pub(super) fn other(&mut self) {
        self.after_end = None;
        self.after_begin = false;
        self.begins_to_repeat(true);
        self.place = Place::Between;
        if self.head == Head::Routine {
            self.head = Head::Named;
        }
    }

    pub(super) fn word(&mut self, word: &str, dialect: Dialect) {
        let word = word.to_ascii_uppercase();
        let after_end = self.after_end.take();
        let after_begin = std::mem::take(&mut self.after_begin);
        let place = std::mem::replace(&mut self.place, Place::after(&word));
        if self.leading.len() < 12 {
            self.leading.push(word.clone());
        }
        if !self.can_have_body {
            self.can_have_body = self.begins_body(dialect);
            if self.can_have_body && dialect == Dialect::Sqlite {
                self.awaits_begin = true;
            }
        }
        if !self.can_have_body {
            return;
        }
        self.begins_to_repeat(true);
        if dialect == Dialect::Mysql && self.parentheses == 0 && self.blocks.is_empty() {
            self.declares(&word);
        }
        if dialect == Dialect::Mysql
            && place != Place::Name
            && matches!(self.blocks.last(), None | Some(Block::Bare))
        {
            self.opens(&word, after_end.is_some());
        }
        match word.as_str() {
            // PostgreSQL's one body without quotes is BEGIN ATOMIC … END.
            "BEGIN" if dialect == Dialect::Postgres => self.after_begin = true,
            "ATOMIC" if after_begin => self.blocks.push(Block::Begin),
            _ if place == Place::Name => {}
            "BEGIN" if place == Place::Value => {}
            // A body of SQLite has one block.
            "BEGIN" if dialect == Dialect::Sqlite && !self.awaits_begin => {}
            "BEGIN" => {
                self.awaits_begin = false;
                self.blocks.push(Block::Begin);
            }
            "CASE" if after_end.is_some() => {}
            "CASE" if !self.blocks.is_empty() || dialect == Dialect::Mysql => {
                self.blocks.push(Block::Case);
            }
            "IF" | "LOOP" | "WHILE" | "REPEAT" | "FOR" => self
                .blocks
                .extend(after_end.filter(|it| *it != Block::Bare)),
            "END" if place == Place::Statement => self.after_end = self.blocks.pop(),
            // After the value of a CASE, or of an UNTIL.
            "END"
                if place == Place::Between
                    && matches!(self.blocks.last(), Some(Block::Case | Block::Bare)) =>
            {
                self.after_end = self.blocks.pop();
            }
            _ => {}
        }
    }

    /// Opens what has no BEGIN around it, as the body of many a trigger: `FOR EACH ROW IF … THEN …; END IF`.
    fn opens(&mut self, word: &str, after_end: bool) {
        match word {
            "WHILE" | "FOR" | "LOOP" | "REPEAT" if after_end => {}
            "ELSEIF" => self.after_elseif = true,
            "THEN" if !std::mem::take(&mut self.after_elseif) => self.blocks.push(Block::Bare),
            "WHILE" | "FOR" => self.awaits_do = true,
            // Of a trigger's FOR EACH ROW.
            "EACH" => self.awaits_do = false,
            "DO" if std::mem::take(&mut self.awaits_do) => self.blocks.push(Block::Bare),
            "LOOP" => {
                self.awaits_do = false;
                self.blocks.push(Block::Bare);
            }
            "REPEAT" => self.after_repeat = true,
            _ => {}
        }
    }

    fn begins_to_repeat(&mut self, is_statement: bool) {
        if std::mem::take(&mut self.after_repeat) && is_statement {
            self.blocks.push(Block::Bare);
        }
    }

    /// Waits for BEGIN where declarations stand before it, as they do in the programs of Oracle.
    fn declares(&mut self, word: &str) {
        const CHARACTERISTICS: [&str; 15] = [
            "COMMENT",
            "CONTAINS",
            "CURRENT_USER",
            "DATA",
            "DEFINER",
            "DETERMINISTIC",
            "INVOKER",
            "LANGUAGE",
            "MODIFIES",
            "NO",
            "NOT",
            "READS",
            "SECURITY",
            "SQL",
            "AUTHID",
        ];
        self.head = match (self.head, word) {
            (Head::None, "PROCEDURE" | "FUNCTION") if self.leading.len() < 12 => Head::Routine,
            (Head::Named | Head::Returns, "AS" | "IS") => {
                self.awaits_begin = true;
                Head::None
            }
            (Head::Named, "RETURN") => Head::Returns,
            // IF NOT EXISTS stands before the name.
            (Head::Named, "EXISTS") => Head::Routine,
            (Head::Named, word) if CHARACTERISTICS.contains(&word) => Head::Named,
            (Head::Routine, _) => Head::Named,
            (Head::Returns, _) => Head::Returns,
            _ => Head::None,
        };
        if word == "DECLARE" && self.leading.first().is_some_and(|it| it == "CREATE") {
            self.awaits_begin = true;
        }
    }

    /// Whether the words so far are those of a statement with a body.
    fn begins_body(&self, dialect: Dialect) -> bool {
        const KINDS: [&str; 9] = [
            "TABLE",
            "INDEX",
            "VIEW",
            "DATABASE",
            "SEQUENCE",
            "TRIGGER",
            "FUNCTION",
            "PROCEDURE",
            "EVENT",
        ];
        let kind = self.leading.iter().find(|it| KINDS.contains(&it.as_str()));
        let makes = |kinds: &[&str]| kind.is_some_and(|kind| kinds.contains(&kind.as_str()));
        match self.leading.first().map(String::as_str) {
            Some("CREATE") => match dialect {
                // CREATE [TEMP] TRIGGER; further on it would be a name.
                Dialect::Sqlite => {
                    self.leading.len() <= 3
                        && self.leading.last().is_some_and(|word| word == "TRIGGER")
                }
                Dialect::Postgres => makes(&["FUNCTION", "PROCEDURE"]),
                Dialect::Mysql => makes(&["TRIGGER", "FUNCTION", "PROCEDURE", "EVENT"]),
            },
            Some("BEGIN") => {
                dialect == Dialect::Mysql && self.leading.get(1..) == Some(&["NOT".into()])
            }
            _ => false,
        }
    }
}
