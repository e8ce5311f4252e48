//! Several statements for many rows as one message to the database.
//!
//! A message costs two changes of thread on SQLite, whose connection is a thread, and a round trip on PostgreSQL: for a
//! flush of a dozen statements that was most of its cost. On SQLite a batch is one text of several statements, which run
//! in their order. On PostgreSQL it is one statement in which each is a common table expression: they all see what was
//! there before, their order is not defined, and foreign keys are looked at when all are done.
//!
//! Texts are made for 1, 2, 4, … [`MOST`] calls, so that each is planned once per connection. What is missing to a size is
//! filled with rows of nulls, which every statement leaves out by its first column. What is more than one message holds goes
//! statement by statement, each in texts of its own of up to [`MOST_ALONE`] calls: in those of all statements ten thousand
//! nulls of the others would go along.

use std::collections::HashMap;
use std::sync::OnceLock;

use futures::TryStreamExt;
use serde::de::DeserializeOwned;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::error::BoxDynError;
use sqlx::{Any, AnyConnection, Arguments, Either, Executor, Row};

use super::Dialect;
use super::rows::{Cell, Column, Filled, Rows, Tells};

/// Calls of one message at most: their parameters, some 170 a call, stay far below the engines' bounds (32,766 a statement
/// and 65,535), and more save nothing that can be measured.
const MOST: usize = 64;
/// 1, 2, 4, … 64.
const SIZES: usize = MOST.ilog2() as usize + 1;
/// Calls of one message of a statement that goes alone.
const MOST_ALONE: usize = 256;
/// 1, 2, 4, … 256.
const SIZES_ALONE: usize = MOST_ALONE.ilog2() as usize + 1;

/// Statements that go together, in their order.
pub(crate) struct Batch {
    name: &'static str,
    statements: &'static [&'static Rows],
    /// Whether its plan is kept.
    is_kept: bool,
    texts: OnceLock<[[&'static str; SIZES]; 2]>,
    /// Of each statement by itself.
    alone: OnceLock<[Vec<[&'static str; SIZES_ALONE]>; 2]>,
}

/// What the statements of a batch told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    changes: HashMap<&'static str, u64>,
    answers: HashMap<String, Vec<String>>,
}

impl Told {
    /// How many rows of its table a statement changed that tells [`Tells::Changes`].
    pub(crate) fn changes(&self, statement: &Rows) -> u64 {
        debug_assert_eq!(statement.tells, Tells::Changes, "{}", statement.name);
        self.changes.get(statement.name).copied().unwrap_or(0)
    }

    /// What a statement told that tells [`Tells::Answers`], in no order.
    ///
    /// # Errors
    /// An answer is not what is asked for.
    pub(crate) fn answers<T: DeserializeOwned>(&self, statement: &Rows) -> Result<Vec<T>, sqlx::Error> {
        debug_assert_eq!(statement.tells, Tells::Answers, "{}", statement.name);
        let answers = self.answers.get(statement.name).into_iter().flatten();
        answers.map(|answer| serde_json::from_str(answer).map_err(|error| sqlx::Error::Decode(error.into()))).collect()
    }

    fn hear(&mut self, row: &AnyRow) -> Result<(), sqlx::Error> {
        self.answers.entry(row.try_get("statement")?).or_default().push(row.try_get("answer")?);
        Ok(())
    }
}

impl Batch {
    /// The batch `name` of these statements.
    pub(crate) const fn new(name: &'static str, statements: &'static [&'static Rows]) -> Self {
        Self { name, statements, is_kept: true, texts: OnceLock::new(), alone: OnceLock::new() }
    }

    /// The same, planned each time: for what does not go by whole keys, so that the right index depends on how large the
    /// tables are.
    pub(crate) const fn planned_each_time(name: &'static str, statements: &'static [&'static Rows]) -> Self {
        Self { name, statements, is_kept: false, texts: OnceLock::new(), alone: OnceLock::new() }
    }

    /// Whether it is planned once per connection.
    pub(crate) const fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Its name.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// The texts of all sizes, for the test that prepares them.
    pub(crate) fn texts(&self, dialect: Dialect) -> impl Iterator<Item = &'static str> {
        let alone = self.texts_alone()[engine(dialect)].iter().flatten();
        self.all_texts()[engine(dialect)].iter().chain(alone).copied()
    }

    /// Runs the statements that are filled, all of them the batch's, in the batch's order.
    ///
    /// # Errors
    /// The database failed.
    pub(crate) async fn run(
        &self,
        conn: &mut AnyConnection,
        dialect: Dialect,
        filled: Vec<Filled>,
    ) -> Result<Told, sqlx::Error> {
        let mut told = Told::default();
        let cells = self.in_order(filled);
        let size = size_of(self.statements, &cells);
        if size == 0 {
            return Ok(told);
        }
        if size <= MOST {
            let text = self.all_texts()[engine(dialect)][size.ilog2() as usize];
            self.send(conn, dialect, (self.statements, text, size), cells, &mut told).await?;
            return Ok(told);
        }
        // What a statement refers to must stand before it.
        let alone = &self.texts_alone()[engine(dialect)];
        for ((statement, texts), mut cells) in self.statements.chunks(1).zip(alone).zip(cells) {
            let most = MOST_ALONE * statement[0].per_call * statement[0].columns.len();
            while !cells.is_empty() {
                let rest = cells.split_off(cells.len().min(most));
                let one = vec![std::mem::replace(&mut cells, rest)];
                let size = size_of(statement, &one);
                let text = texts[size.ilog2() as usize];
                self.send(conn, dialect, (statement, text, size), one, &mut told).await?;
            }
        }
        Ok(told)
    }

    /// The cells of each statement, in the batch's order.
    fn in_order(&self, filled: Vec<Filled>) -> Vec<Vec<Cell>> {
        let mut cells = vec![Vec::new(); self.statements.len()];
        for one in filled {
            let place = self.statements.iter().position(|statement| std::ptr::eq(*statement, one.statement));
            debug_assert!(place.is_some(), "{} is none of {}", one.statement.name, self.name);
            if let Some(cells) = place.and_then(|place| cells.get_mut(place)) {
                cells.extend(one.cells);
            }
        }
        cells
    }

    async fn send(
        &self,
        conn: &mut AnyConnection,
        dialect: Dialect,
        (statements, text, size): (&[&'static Rows], &'static str, usize),
        cells: Vec<Vec<Cell>>,
        told: &mut Told,
    ) -> Result<(), sqlx::Error> {
        let mut arguments = AnyArguments::default();
        arguments.reserve(size * statements.iter().map(|one| one.per_call * one.columns.len()).sum::<usize>(), 0);
        for (statement, cells) in statements.iter().zip(cells) {
            fill(&mut arguments, statement, size * statement.per_call, cells).map_err(sqlx::Error::Encode)?;
        }
        let mut outcomes = conn.fetch_many(sqlx::query_with::<Any, _>(text, arguments).persistent(self.is_kept));
        // SQLite tells how many rows changed after each statement.
        let mut ended = statements.iter();
        while let Some(outcome) = outcomes.try_next().await? {
            match outcome {
                Either::Left(done) => {
                    if let Some(statement) = ended.next()
                        && dialect == Dialect::Sqlite
                        && statement.tells == Tells::Changes
                    {
                        *told.changes.entry(statement.name).or_default() += done.rows_affected();
                    }
                }
                Either::Right(row) => told.hear(&row)?,
            }
        }
        drop(outcomes);
        if dialect == Dialect::Postgres {
            for statement in statements.iter().filter(|statement| statement.tells == Tells::Changes) {
                let counts = told.answers.remove(statement.name).unwrap_or_default();
                let changes = counts.iter().filter_map(|count| count.parse::<u64>().ok()).sum::<u64>();
                *told.changes.entry(statement.name).or_default() += changes;
            }
        }
        Ok(())
    }

    fn all_texts(&self) -> &[[&'static str; SIZES]; 2] {
        // Made once per batch and kept for the process, because the driver keeps texts by reference.
        self.texts.get_or_init(|| {
            [Dialect::Sqlite, Dialect::Postgres].map(|dialect| {
                std::array::from_fn(|power| text(self.statements, dialect, 1 << power).leak() as &'static str)
            })
        })
    }

    fn texts_alone(&self) -> &[Vec<[&'static str; SIZES_ALONE]>; 2] {
        self.alone.get_or_init(|| {
            [Dialect::Sqlite, Dialect::Postgres].map(|dialect| {
                let sizes = |one: &[&'static Rows]| {
                    std::array::from_fn(|power| text(one, dialect, 1 << power).leak() as &'static str)
                };
                self.statements.chunks(1).map(sizes).collect()
            })
        })
    }
}

/// The size of the text that holds all: the calls that have so many rows as a rule. 0 where there is nothing.
fn size_of(statements: &[&'static Rows], cells: &[Vec<Cell>]) -> usize {
    let calls = statements.iter().zip(cells).map(|(statement, cells)| {
        let rows = cells.len() / statement.columns.len();
        rows.div_ceil(statement.per_call)
    });
    match calls.max() {
        None | Some(0) => 0,
        Some(calls) => calls.next_power_of_two(),
    }
}

/// One message of these statements.
fn text(statements: &[&'static Rows], dialect: Dialect, size: usize) -> String {
    let mut first = 1;
    let texts = statements.iter().map(|statement| {
        let text = statement.text(dialect, size * statement.per_call, first);
        first += size * statement.per_call * statement.columns.len();
        text
    });
    match dialect {
        Dialect::Sqlite => texts.collect::<Vec<_>>().join(";\n"),
        Dialect::Postgres => {
            let expressions: Vec<_> = texts
                .zip(statements)
                .map(|(text, statement)| {
                    let counts = if statement.tells == Tells::Changes { "\nreturning 1" } else { "" };
                    format!("{} as (\n{text}{counts}\n)", statement.name)
                })
                .collect();
            let told = statements.iter().filter_map(|statement| {
                let name = statement.name;
                match statement.tells {
                    Tells::Nothing => None,
                    Tells::Changes => Some(format!(
                        "select cast('{name}' as text) as statement, cast(count(*) as text) as answer from {name}"
                    )),
                    Tells::Answers => Some(format!("select cast('{name}' as text) as statement, answer from {name}")),
                }
            });
            let told: Vec<_> = told.collect();
            // What changes rows runs whether or not anything is asked of it; a row that tells nothing is none.
            let told = if told.is_empty() { "select 1 where false".to_owned() } else { told.join("\nunion all ") };
            format!("with {}\n{told}", expressions.join(",\n"))
        }
    }
}

/// Adds `cells` and what is missing to `rows` rows of the statement. To the list itself: a query that is built up is moved
/// with each of some thousand values.
fn fill(arguments: &mut AnyArguments, statement: &Rows, rows: usize, cells: Vec<Cell>) -> Result<(), BoxDynError> {
    let missing = rows * statement.columns.len() - cells.len();
    for cell in cells {
        match cell {
            Cell::Text(text) => arguments.add(text)?,
            Cell::Int(int) => arguments.add(int)?,
        }
    }
    for column in statement.columns.iter().cycle().take(missing) {
        match column {
            Column::Text => arguments.add(None::<String>)?,
            Column::Int => arguments.add(None::<i64>)?,
        }
    }
    Ok(())
}

const fn engine(dialect: Dialect) -> usize {
    match dialect {
        Dialect::Sqlite => 0,
        Dialect::Postgres => 1,
    }
}

#[cfg(test)]
mod tests;
