//! A row can't belong to another workspace than its parent, because its key names both. The tables' text is the same on
//! both engines, and SQLite tells it most easily.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row;

use crate::support::{Engine, Server};

#[tokio::test]
async fn what_refers_to_a_tenants_row_names_its_workspace_too() {
    let server = Server::start(Engine::Sqlite).await;
    let mut connection = server.app.db.acquire().await.unwrap();
    let columns = "select m.name, c.name as column_name from sqlite_master m, pragma_table_info(m.name) c
        where m.type = 'table' and c.name = 'workspace_id'";
    let rows = sqlx::query(columns).fetch_all(&mut *connection).await.unwrap();
    let of_tenants: BTreeSet<String> = rows.iter().map(|row| row.get("name")).collect();
    assert!(of_tenants.len() > 10, "{of_tenants:?}");

    let keys = r#"select m.name, f.id, f."table" as parent, f."from" as child_column
        from sqlite_master m, pragma_foreign_key_list(m.name) f
        where m.type = 'table'"#;
    let mut foreign_keys: BTreeMap<(String, i64, String), BTreeSet<String>> = BTreeMap::new();
    for row in sqlx::query(keys).fetch_all(&mut *connection).await.unwrap() {
        let key = (row.get("name"), row.get("id"), row.get("parent"));
        foreign_keys.entry(key).or_default().insert(row.get("child_column"));
    }
    let to_tenants = foreign_keys.iter().filter(|((_, _, parent), _)| of_tenants.contains(parent));
    let loose: Vec<_> = to_tenants.filter(|(_, columns)| !columns.contains("workspace_id")).collect();
    assert!(loose.is_empty(), "these could refer to another workspace's row: {loose:#?}");
}
