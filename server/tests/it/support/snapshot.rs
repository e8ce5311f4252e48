//! The whole database as text, to see whether anything was written.

use std::collections::BTreeMap;

use sautikit::db::Dialect;
use sqlx::AssertSqlSafe;

use super::Server;

/// Columns that reading touches: when and from where a credential was last used.
const TOUCHED: [&str; 3] = ["last_used_at", "last_used_ip", "sessions.workspace_id"];

/// The log of requests, which holds refused ones too.
const LOGS: [&str; 1] = ["requests"];

/// Rows by table, in a fixed order.
pub(crate) struct Snapshot(BTreeMap<String, Vec<String>>);

impl Snapshot {
    pub(crate) async fn of(server: &Server) -> Self {
        let mut tables = BTreeMap::new();
        let mut names = texts(server, list_of_tables(server.app.db.dialect())).await;
        names.retain(|name| !LOGS.contains(&name.as_str()));
        for table in names {
            let columns = texts(server, list_of_columns(server.app.db.dialect(), &table)).await;
            let kept = columns.into_iter().filter(|column| {
                !TOUCHED.contains(&column.as_str()) && !TOUCHED.contains(&format!("{table}.{column}").as_str())
            });
            let shown: Vec<String> = kept.map(|column| as_text(server.app.db.dialect(), &column)).collect();
            let rows = format!("select {} from {table} order by 1", shown.join(" || '|' || "));
            let rows = texts(server, rows).await;
            tables.insert(table, rows);
        }
        assert!(!tables["workspaces"].is_empty(), "the snapshot sees the database");
        Self(tables)
    }

    /// Fails the test if anything was written since.
    pub(crate) async fn is_still(&self, server: &Server) {
        let now = Self::of(server).await;
        for (table, rows) in &self.0 {
            assert_eq!(rows, &now.0[table], "{table} was written to");
        }
    }
}

fn as_text(dialect: Dialect, column: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("quote({column})"),
        Dialect::Postgres => format!("coalesce({column}::text, 'null')"),
    }
}

fn list_of_tables(dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => {
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'".to_owned()
        }
        Dialect::Postgres => {
            "select table_name::text from information_schema.tables where table_schema = current_schema()".to_owned()
        }
    }
}

fn list_of_columns(dialect: Dialect, table: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("select name from pragma_table_info('{table}')"),
        Dialect::Postgres => format!(
            "select column_name::text from information_schema.columns \
             where table_schema = current_schema() and table_name = '{table}'"
        ),
    }
}

async fn texts(server: &Server, query: String) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(server.app.db.pool()).await.expect("the database's own tables")
}
