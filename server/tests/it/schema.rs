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

/// PostgreSQL keeps the plan of a key's check until the parent's statistics are made: one that it chose while the table was
/// empty must be right for a full one.
#[tokio::test]
async fn a_foreign_key_is_checked_by_its_own_key() {
    let Some(engine) = Engine::postgres() else { return };
    let server = Server::start(engine).await;
    let mut connection = server.app.db.acquire().await.unwrap();
    let keys = "select cast(c.conname as text) as name, cast(cast(c.confrelid as regclass) as text) as parent,
            cast(string_agg(a.attname, ',' order by k.place) as text) as columns
        from pg_constraint c, unnest(c.confkey) with ordinality as k (column_number, place), pg_attribute a
        where c.contype = 'f' and a.attrelid = c.confrelid and a.attnum = k.column_number
        group by c.conname, c.conrelid, c.confrelid";
    let keys = sqlx::query(keys).fetch_all(&mut *connection).await.unwrap();
    assert!(keys.len() > 20, "{}", keys.len());
    sqlx::query("set plan_cache_mode = force_generic_plan").execute(&mut *connection).await.unwrap();
    let mut wrong = Vec::new();
    for key in keys {
        let (name, parent): (String, String) = (key.get("name"), key.get("parent"));
        let columns: String = key.get("columns");
        let matches: Vec<_> =
            columns.split(',').enumerate().map(|(at, column)| format!("{column} = ${}", at + 1)).collect();
        let check =
            format!("prepare look as select 1 from only {parent} where {} for key share", matches.join(" and "));
        let values = vec!["null"; matches.len()].join(", ");
        for statement in [check, format!("explain execute look({values})"), "deallocate look".to_owned()] {
            let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).fetch_all(&mut *connection).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            let Some(scan) = plan.iter().find(|line| line.contains("using ")) else { continue };
            let index = scan.split("using ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().to_owned();
            // It leads with the key's columns, so that it has one entry for a row.
            let led_by = "select cast(count(*) as bigint) from pg_class c, pg_attribute a
                where a.attrelid = c.oid and c.relname = $1 and a.attnum <= $2
                    and a.attname = any(string_to_array($3, ','))";
            let led_by: i64 = sqlx::query_scalar(led_by)
                .bind(&index)
                .bind(matches.len() as i64)
                .bind(&columns)
                .fetch_one(&mut *connection)
                .await
                .unwrap();
            if led_by != matches.len() as i64 {
                wrong.push(format!("{name}: {parent} ({columns}) is looked up in {index}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
