//! What writers of SQLite may rely on when they share a commit.

use std::time::Duration;

use sqlx::{Executor, raw_sql};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::config::Database;
use crate::db::{Db, Tx};

struct Rows {
    db: Db,
    _folder: TempDir,
}

impl Rows {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("rows.db").display());
        let db = Db::connect(&Database { url, max_connections: 4 }).await.unwrap();
        db.pool().execute("create table rows (n bigint primary key)").await.unwrap();
        Self { db, _folder: folder }
    }

    async fn all(&self) -> Vec<i64> {
        sqlx::query_scalar("select n from rows order by n").fetch_all(self.db.pool()).await.unwrap()
    }

    /// Waits until so many writers wait to begin.
    async fn awaited(&self) {
        while !self.db.writers.turns.are_awaited() {
            tokio::task::yield_now().await;
        }
    }
}

async fn insert(tx: &mut Tx, n: i64) -> Result<(), sqlx::Error> {
    sqlx::query("insert into rows (n) values ($1)").bind(n).execute(&mut **tx).await.map(drop)
}

/// One that commits while another waits to begin: its commit, which is not done, and the other's transaction.
async fn left_and_joined(rows: &Rows) -> (tokio::task::JoinHandle<Result<(), sqlx::Error>>, Tx) {
    let mut first = rows.db.begin_write().await.unwrap();
    insert(&mut first, 1).await.unwrap();
    let db = rows.db.clone();
    let second = tokio::spawn(async move { db.begin_write().await });
    rows.awaited().await;
    let committing = tokio::spawn(first.commit());
    (committing, second.await.unwrap().unwrap())
}

#[tokio::test]
async fn who_waits_joins_and_one_commit_is_for_both() {
    let rows = Rows::new().await;
    let (committing, mut second) = left_and_joined(&rows).await;
    insert(&mut second, 2).await.unwrap();
    assert!(rows.all().await.is_empty());
    assert!(!committing.is_finished());
    second.commit().await.unwrap();
    committing.await.unwrap().unwrap();
    assert_eq!(rows.all().await, [1, 2]);
}

#[tokio::test]
async fn a_member_that_is_dropped_takes_back_its_own_changes_only() {
    let rows = Rows::new().await;
    let (committing, mut second) = left_and_joined(&rows).await;
    insert(&mut second, 2).await.unwrap();
    drop(second);
    committing.await.unwrap().unwrap();
    assert_eq!(rows.all().await, [1]);
}

#[tokio::test]
async fn a_member_that_rolls_back_takes_back_its_own_changes_only() {
    let rows = Rows::new().await;
    let (committing, mut second) = left_and_joined(&rows).await;
    insert(&mut second, 2).await.unwrap();
    second.rollback().await.unwrap();
    committing.await.unwrap().unwrap();
    assert_eq!(rows.all().await, [1]);
}

#[tokio::test]
async fn a_refused_statement_leaves_the_group_as_it_was() {
    let rows = Rows::new().await;
    let (committing, mut second) = left_and_joined(&rows).await;
    insert(&mut second, 2).await.unwrap();
    assert!(insert(&mut second, 1).await.is_err());
    second.commit().await.unwrap();
    committing.await.unwrap().unwrap();
    assert_eq!(rows.all().await, [1, 2]);
}

#[tokio::test]
async fn a_commit_goes_on_when_nobody_waits_for_it() {
    let rows = Rows::new().await;
    let (committing, second) = left_and_joined(&rows).await;
    committing.abort();
    second.commit().await.unwrap();
    assert_eq!(rows.all().await, [1]);
}

#[tokio::test]
async fn a_group_that_is_lost_is_told_to_all_its_members() {
    let rows = Rows::new().await;
    let (committing, mut second) = left_and_joined(&rows).await;
    // As SQLite itself does when the disk is full.
    second.execute(raw_sql("rollback")).await.unwrap();
    drop(second);
    assert!(committing.await.unwrap().is_err());
    assert!(rows.all().await.is_empty());
    let mut next = rows.db.begin_write().await.unwrap();
    insert(&mut next, 3).await.unwrap();
    next.commit().await.unwrap();
    assert_eq!(rows.all().await, [3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_exactly_the_committed_rows_are_there() {
    let rows = Rows::new().await;
    let mut writers = JoinSet::new();
    for n in 0..300 {
        let db = rows.db.clone();
        writers.spawn(async move {
            let mut tx = db.begin_write().await.unwrap();
            insert(&mut tx, n).await.unwrap();
            match n % 5 {
                0 => drop(tx),
                1 => tx.rollback().await.unwrap(),
                // One that is refused, and one whose client hangs up in the middle of its commit.
                2 => assert!(insert(&mut tx, n).await.is_err()),
                3 => drop(tokio::time::timeout(Duration::ZERO, tx.commit()).await),
                _ => {
                    tx.commit().await.unwrap();
                    return Some(n);
                }
            }
            None
        });
    }
    let committed: Vec<i64> = writers.join_all().await.into_iter().flatten().collect();
    assert_eq!(committed.len(), 60);
    // The commits that were left alone end before this one, which stands behind them.
    rows.db.begin_write().await.unwrap().commit().await.unwrap();
    let there = rows.all().await;
    assert!(committed.iter().all(|n| there.contains(n)));
    assert!(there.iter().all(|n| matches!(n % 5, 3 | 4)), "{there:?}");
}
