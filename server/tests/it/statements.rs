//! Every SQL statement is understood by both engines.

use std::collections::HashSet;

use sautikit::statements::BatchTexts;
use sqlx::{AssertSqlSafe, Executor, Row, SqlSafeStr};

use crate::support::{Engine, Server, on_each_engine};

on_each_engine! { every_statement_prepares }

async fn every_statement_prepares(server: Server) {
    let mut connection = server.app.db.acquire().await.unwrap();
    let mut names = HashSet::new();
    for (room, name, sql) in sautikit::statements::all() {
        assert!(names.insert((room, name)), "{room}::{name} is listed twice");
        if let Err(error) = connection.prepare(sql.into_sql_str()).await {
            panic!("{room}::{name} does not prepare: {error}");
        }
    }
    for BatchTexts { name, texts, .. } in sautikit::statements::batches(server.app.db.dialect()) {
        for sql in texts {
            if let Err(error) = connection.prepare(sql.into_sql_str()).await {
                panic!("{name} does not prepare: {error}\n{sql}");
            }
        }
    }
    assert!(names.len() > 20);
}

/// PostgreSQL keeps the plan of a statement until a table's statistics are made: one that it chose while the tables were empty
/// must be right for full ones. Whatever a flush looks up, it looks up by a key.
#[tokio::test]
async fn a_flush_finds_its_rows_by_their_keys_whatever_was_planned_when() {
    let Some(engine) = Engine::postgres() else { return };
    let server = Server::start(engine).await;
    let mut tx = server.app.db.begin_write_by_key().await.unwrap();
    let mut looked_at = 0;
    for BatchTexts { name, is_kept, texts } in sautikit::statements::batches(server.app.db.dialect()) {
        for text in texts.into_iter().filter(|_| is_kept) {
            tx.execute(sqlx::raw_sql(AssertSqlSafe(format!("prepare flush as {text}")))).await.unwrap();
            let count = "select cast(cardinality(parameter_types) as bigint) from pg_prepared_statements
                where name = 'flush'";
            let parameters: i64 = sqlx::query_scalar(count).fetch_one(&mut *tx).await.unwrap();
            let nulls = vec!["null"; parameters as usize].join(", ");
            let explain = format!("explain execute flush({nulls})");
            let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *tx).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            for (at, line) in plan.iter().enumerate() {
                let is_read = line.contains("Index Scan using") || line.contains("Index Only Scan using");
                let by_key = plan.get(at + 1).is_some_and(|next| next.contains("Index Cond:"));
                assert!(!is_read || by_key, "{name} reads all of it: {line}\n{}", plan.join("\n"));
                // Of one row.
                let is_whole = line.contains("Seq Scan on ") && !line.contains("Seq Scan on webhook_dispatcher ");
                assert!(!is_whole, "{name}: {line}");
                looked_at += usize::from(is_read);
            }
            tx.execute("deallocate flush").await.unwrap();
        }
    }
    assert!(looked_at > 20, "{looked_at}");
}
