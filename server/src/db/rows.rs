//! Statements that carry many rows at once: what a flush of the record writer is made of.
//!
//! A [`Rows`] is written once, with `{rows}` where the rows stand; it is run with as many as there are. The text is made
//! for powers of two up to [`MOST`], so that each size is planned once per connection; what is missing to a size is
//! filled with rows of nulls, which every statement leaves out by its first column. SQLite gets `?` instead of `$1`: to
//! bind a numbered parameter the driver asks for its name, and SQLite walks through all names.

use std::sync::OnceLock;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection};

use super::Dialect;

/// Rows of one execution at most: 64 rows of the widest table stay far below the engines' bounds on parameters (32,766
/// and 65,535), and a larger batch saves nothing that can be measured.
const MOST: usize = 64;
/// 1, 2, 4, … 64.
const SIZES: usize = MOST.ilog2() as usize + 1;

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

/// A statement for many rows. In its text `{rows}` becomes the list of rows and `{columns}` the names that the list has.
pub(crate) struct Rows {
    name: &'static str,
    sql: &'static str,
    columns: &'static [Column],
    texts: OnceLock<[[&'static str; SIZES]; 2]>,
}

impl Rows {
    /// The statement `name` of its store. Its rows have these columns; the first is never null.
    pub(crate) const fn new(name: &'static str, sql: &'static str, columns: &'static [Column]) -> Self {
        Self { name, sql, columns, texts: OnceLock::new() }
    }

    /// What its store calls it.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// The texts of all sizes, for the test that prepares them.
    pub(crate) fn texts(&self, dialect: Dialect) -> impl Iterator<Item = &'static str> {
        self.all_texts()[engine(dialect)].into_iter()
    }

    /// Runs it for `cells`, row after row; how many rows of the table it changed.
    ///
    /// # Errors
    /// The database failed.
    pub(crate) async fn execute(
        &self,
        conn: &mut AnyConnection,
        dialect: Dialect,
        cells: Vec<Cell>,
    ) -> Result<u64, sqlx::Error> {
        let mut changed = 0;
        for query in self.queries(dialect, cells) {
            changed += query.execute(&mut *conn).await?.rows_affected();
        }
        Ok(changed)
    }

    /// Runs it for `cells`, row after row; what it returns.
    ///
    /// # Errors
    /// The database failed.
    pub(crate) async fn fetch(
        &self,
        conn: &mut AnyConnection,
        dialect: Dialect,
        cells: Vec<Cell>,
    ) -> Result<Vec<AnyRow>, sqlx::Error> {
        let mut rows = Vec::new();
        for query in self.queries(dialect, cells) {
            rows.extend(query.fetch_all(&mut *conn).await?);
        }
        Ok(rows)
    }

    fn queries(&self, dialect: Dialect, cells: Vec<Cell>) -> impl Iterator<Item = Query<'static, Any, AnyArguments>> {
        let texts = &self.all_texts()[engine(dialect)];
        let width = self.columns.len();
        debug_assert_eq!(cells.len() % width, 0, "{}: whole rows", self.name);
        let mut left = cells.len() / width;
        let mut cells = cells.into_iter();
        std::iter::from_fn(move || {
            let rows = left.min(MOST);
            if rows == 0 {
                return None;
            }
            left -= rows;
            let size = rows.next_power_of_two();
            let query = sqlx::query(texts[size.ilog2() as usize]);
            let query = cells.by_ref().take(rows * width).fold(query, |query, cell| match cell {
                Cell::Text(text) => query.bind(text),
                Cell::Int(int) => query.bind(int),
            });
            let missing = std::iter::repeat_n(self.columns, size - rows).flatten();
            Some(missing.fold(query, |query, column| match column {
                Column::Text => query.bind(None::<String>),
                Column::Int => query.bind(None::<i64>),
            }))
        })
    }

    fn all_texts(&self) -> &[[&'static str; SIZES]; 2] {
        // Made once per statement and kept for the process, because the driver keeps texts by reference.
        self.texts.get_or_init(|| {
            [Dialect::Sqlite, Dialect::Postgres]
                .map(|dialect| std::array::from_fn(|power| self.text(dialect, 1 << power).leak() as &'static str))
        })
    }

    fn text(&self, dialect: Dialect, size: usize) -> String {
        let width = self.columns.len();
        let place = |row: usize, at: usize| match (dialect, row) {
            (Dialect::Sqlite, _) => "?".to_owned(),
            // PostgreSQL takes the types of a list from its first row.
            (Dialect::Postgres, 0) => match self.columns[at] {
                Column::Text => format!("cast(${} as text)", at + 1),
                Column::Int => format!("cast(${} as bigint)", at + 1),
            },
            (Dialect::Postgres, _) => format!("${}", row * width + at + 1),
        };
        let row = |row: usize| {
            let places: Vec<_> = (0..width).map(|at| place(row, at)).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<_> = (0..size).map(row).collect();
        let columns: Vec<_> = (1..=width).map(|at| format!("v.column{at}")).collect();
        self.sql.replace("{rows}", &format!("(values {})", rows.join(", "))).replace("{columns}", &columns.join(", "))
    }
}

const fn engine(dialect: Dialect) -> usize {
    match dialect {
        Dialect::Sqlite => 0,
        Dialect::Postgres => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static PAIRS: Rows = Rows::new(
        "PAIRS",
        "select {columns} from {rows} as v where v.column1 is not null",
        &[Column::Text, Column::Int],
    );

    #[test]
    fn a_text_has_as_many_rows_as_its_size() {
        assert_eq!(
            PAIRS.text(Dialect::Sqlite, 2),
            "select v.column1, v.column2 from (values (?, ?), (?, ?)) as v where v.column1 is not null"
        );
        assert_eq!(
            PAIRS.text(Dialect::Postgres, 2),
            "select v.column1, v.column2 from (values (cast($1 as text), cast($2 as bigint)), ($3, $4)) as v \
             where v.column1 is not null"
        );
    }

    #[test]
    fn rows_are_spread_over_as_few_executions_as_can_be() {
        let cells = |rows: usize| (0..rows).flat_map(|_| [Cell::from("a"), Cell::from(1)]).collect();
        let executions = |rows: usize| PAIRS.queries(Dialect::Sqlite, cells(rows)).count();
        assert_eq!([0, 1, 3, 64, 65, 200].map(executions), [0, 1, 1, 1, 2, 4]);
    }
}
