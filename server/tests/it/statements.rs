//! Every SQL statement is understood by both engines.

use std::collections::HashSet;

use sqlx::{Executor, SqlSafeStr};

use crate::support::{Server, on_each_engine};

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
    for (name, texts) in sautikit::statements::batches(server.app.db.dialect()) {
        for sql in texts {
            if let Err(error) = connection.prepare(sql.into_sql_str()).await {
                panic!("{name} does not prepare: {error}\n{sql}");
            }
        }
    }
    assert!(names.len() > 20);
}
