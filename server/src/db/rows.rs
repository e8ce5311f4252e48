//! Statements that carry many rows at once: what a flush of the record writer is made of.
//!
//! A [`Rows`] is written once, with `{rows}` where the rows stand, `{columns}` for the names that the list has, `{by_key:
//! table.key}` where the first column is looked up as that key and, where it tells something, `{answer: a, b}` for what. [`super::batch`] runs several of them as one message to the database.

use std::ops::Range;

use super::Dialect;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// TEXT.
    Text,
    /// BIGINT.
    Int,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// TEXT or null.
    Text(Option<String>),
    /// BIGINT or null.
    Int(Option<i64>),
}

/// PostgreSQL's TEXT takes every character but NUL, and a row that is refused for one would be refused for good, with all
/// that are written together with it. Texts come from peers and customers, so it becomes the character for what can't be
/// shown, on both engines.
fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(Some(storable(text)))
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(storable))
    }
}

impl From<i64> for Cell {
    fn from(int: i64) -> Self {
        Self::Int(Some(int))
    }
}

impl From<Option<i64>> for Cell {
    fn from(int: Option<i64>) -> Self {
        Self::Int(int)
    }
}

/// What a statement tells of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tells {
    /// Nothing.
    Nothing,
    /// How many rows of the table it changed.
    Changes,
    /// What its `{answer: …}` names, a JSON array for each row.
    Answers,
}

/// A statement for many rows.
#[derive(Debug)]
pub(crate) struct Rows {
    /// What its store calls it.
    pub(super) name: &'static str,
    sql: &'static str,
    pub(super) columns: &'static [Column],
    /// So many of its rows a call has as a rule; more are possible, and dearer.
    pub(super) per_call: usize,
    pub(super) tells: Tells,
}

impl Rows {
    /// The statement `name` of its store. Its rows have these columns; the first is never null. A call has `per_call` of
    /// them as a rule.
    pub(crate) const fn new(
        name: &'static str,
        per_call: usize,
        tells: Tells,
        sql: &'static str,
        columns: &'static [Column],
    ) -> Self {
        Self { name, sql, columns, per_call, tells }
    }

    /// The statement with the rows that `cells` make up.
    pub(crate) fn with(&'static self, cells: impl IntoIterator<Item = Cell>) -> Filled {
        let filled = Filled { statement: self, cells: cells.into_iter().collect() };
        debug_assert_eq!(filled.cells.len() % self.columns.len(), 0, "{}: whole rows", self.name);
        filled
    }

    /// The text for `size` rows. On PostgreSQL its parameters are numbered from `first` on; SQLite gets `?`, because to
    /// bind a numbered parameter the driver asks for its name, and SQLite walks through all names.
    pub(super) fn text(&self, dialect: Dialect, size: usize, first: usize) -> String {
        let width = self.columns.len();
        let place = |row: usize, at: usize| match (dialect, row) {
            (Dialect::Sqlite, _) => "?".to_owned(),
            // PostgreSQL takes the types of a list from its first row.
            (Dialect::Postgres, 0) => match self.columns[at] {
                Column::Text => format!("cast(${} as text)", first + at),
                Column::Int => format!("cast(${} as bigint)", first + at),
            },
            (Dialect::Postgres, _) => format!("${}", first + row * width + at),
        };
        let row = |row: usize| {
            let places: Vec<_> = (0..width).map(|at| place(row, at)).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<_> = (0..size).map(row).collect();
        let columns: Vec<_> = (1..=width).map(|at| format!("v.column{at}")).collect();
        let text = self.sql.replace("{rows}", &format!("(values {})", rows.join(", ")));
        let mut text = text.replace("{columns}", &columns.join(", "));
        if let Some((place, key)) = within(&text, "{by_key: ") {
            text.replace_range(place, &by_key(dialect, &key));
        }
        match within(&text, "{answer: ") {
            Some((place, names)) => {
                let mut told = text.clone();
                told.replace_range(place, &self.told(dialect, &names));
                told
            }
            None => text,
        }
    }

    /// The columns of a row that tells `names`.
    fn told(&self, dialect: Dialect, names: &str) -> String {
        match dialect {
            Dialect::Sqlite => format!("'{}' as statement, json_array({names}) as answer", self.name),
            Dialect::Postgres => format!("cast(json_build_array({names}) as text) as answer"),
        }
    }
}

/// Where what begins so, and ends with a brace, stands in a text, and what it names.
fn within(text: &str, opens: &str) -> Option<(Range<usize>, String)> {
    let start = text.find(opens)?;
    let end = start + text.get(start..)?.find('}')? + 1;
    let names = text.get(start + opens.len()..end - 1)?;
    Some((start..end, names.to_owned()))
}

/// That `table.key` is the first column of a row.
///
/// PostgreSQL may read the whole table instead, for each row of the list, where it planned the statement while the table was
/// small. A row that it believes to be the only one it looks up by the key; and what is compared with a subquery's answer it
/// believes to be rare.
fn by_key(dialect: Dialect, key: &str) -> String {
    let table = key.split('.').next().unwrap_or_default();
    match dialect {
        Dialect::Sqlite => format!("{key} = v.column1"),
        Dialect::Postgres => format!(
            "{key} = v.column1 and v.column1 = (select k.{column} from {table} k where k.{column} = v.column1)",
            column = key.rsplit('.').next().unwrap_or_default()
        ),
    }
}

/// A statement with its rows.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(super) statement: &'static Rows,
    /// Row after row.
    pub(super) cells: Vec<Cell>,
}

#[cfg(test)]
mod tests {
    use super::*;

    static PAIRS: Rows = Rows::new(
        "PAIRS",
        1,
        Tells::Answers,
        "select {answer: v.column1, v.column2} from {rows} as v where v.column1 is not null",
        &[Column::Text, Column::Int],
    );

    static LOOKED_UP: Rows = Rows::new(
        "LOOKED_UP",
        1,
        Tells::Changes,
        "update calls set status = v.column2 from {rows} as v where {by_key: calls.id}",
        &[Column::Text, Column::Text],
    );

    #[test]
    fn no_text_holds_what_an_engine_refuses() {
        let kept = Cell::Text(Some("a\u{fffd}b".to_owned()));
        for cell in [Cell::from("a\0b"), Cell::from("a\0b".to_owned()), Cell::from(Some("a\0b".to_owned()))] {
            assert_eq!(cell, kept);
        }
        assert_eq!(Cell::from("Asha"), Cell::Text(Some("Asha".to_owned())));
    }

    #[test]
    fn what_is_looked_up_by_its_key_is_one_row_for_the_planner() {
        assert!(LOOKED_UP.text(Dialect::Sqlite, 1, 1).ends_with("as v where calls.id = v.column1"));
        let text = LOOKED_UP.text(Dialect::Postgres, 1, 1);
        let by_key = "calls.id = v.column1 and v.column1 = (select k.id from calls k where k.id = v.column1)";
        assert!(text.ends_with(by_key), "{text}");
    }

    #[test]
    fn a_text_has_as_many_rows_as_its_size() {
        assert_eq!(
            PAIRS.text(Dialect::Sqlite, 2, 1),
            "select 'PAIRS' as statement, json_array(v.column1, v.column2) as answer \
             from (values (?, ?), (?, ?)) as v where v.column1 is not null"
        );
        assert_eq!(
            PAIRS.text(Dialect::Postgres, 2, 5),
            "select cast(json_build_array(v.column1, v.column2) as text) as answer \
             from (values (cast($5 as text), cast($6 as bigint)), ($7, $8)) as v where v.column1 is not null"
        );
    }
}
