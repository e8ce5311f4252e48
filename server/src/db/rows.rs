//! Statements that carry many rows at once: what a flush of the record writer is made of.
//!
//! A [`Rows`] is written once, with `{rows}` where the rows stand, `{columns}` for the names that the list has and, where
//! it tells something, `{answer: a, b}` for what. [`super::batch`] runs several of them as one message to the database.

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

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
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
        let text = text.replace("{columns}", &columns.join(", "));
        match answer(&text) {
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

/// Where `{answer: …}` stands in a text, and what it names.
fn answer(text: &str) -> Option<(Range<usize>, String)> {
    const OPENS: &str = "{answer: ";
    let start = text.find(OPENS)?;
    let end = start + text.get(start..)?.find('}')? + 1;
    let names = text.get(start + OPENS.len()..end - 1)?;
    Some((start..end, names.to_owned()))
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
