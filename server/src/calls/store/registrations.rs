//! SQL of which node has which browsers and devices.

use sautikit_api::ids::WorkspaceId;
use sqlx::AnyConnection;

use crate::db::statements;

statements! {
    INSERT_REGISTRATION = "
        insert into node_registrations (workspace_id, name, node_id, number_id)
        values ($1, $2, $3, $4)
        on conflict (workspace_id, name, node_id) do update set number_id = excluded.number_id";
    DELETE_REGISTRATION = "
        delete from node_registrations
        where workspace_id = $1 and name = $2 and node_id = $3";
    DELETE_REGISTRATIONS_OF_NODE = "
        delete from node_registrations
        where node_id = $1";
    /// Of those that have not lived for long.
    DELETE_REGISTRATIONS_OF_DEAD = "
        delete from node_registrations
        where node_id not in (
            select id
            from nodes
            where lease_until >= $1 or started_at >= $1
        )";
    LIST_NODES_WITH = "
        select n.id, n.address
        from node_registrations r
        join nodes n on n.id = r.node_id
        where r.workspace_id = $1 and r.name = $2 and r.node_id <> $3 and n.lease_until >= $4 and n.address > ''
        order by n.id
        limit $5";
    LIST_NAMES_OF_OTHERS = "
        select distinct r.name
        from node_registrations r
        join nodes n on n.id = r.node_id
        where r.workspace_id = $1 and r.node_id <> $2 and n.lease_until >= $3 and n.address > ''
            and (r.number_id = '' or r.number_id = $4)
        order by r.name
        limit $5";
}

/// Says that the node has this name; `number_id` is that of a device, empty for a browser.
pub(in crate::calls) async fn insert_registration(
    conn: &mut AnyConnection,
    node_id: &str,
    (workspace, name): (WorkspaceId, &str),
    number_id: &str,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT_REGISTRATION).bind(workspace.to_string()).bind(name.to_owned());
    query.bind(node_id.to_owned()).bind(number_id.to_owned()).execute(conn).await.map(drop)
}

/// Says that the node has this name no more.
pub(in crate::calls) async fn delete_registration(
    conn: &mut AnyConnection,
    node_id: &str,
    (workspace, name): (WorkspaceId, &str),
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(DELETE_REGISTRATION).bind(workspace.to_string()).bind(name.to_owned());
    query.bind(node_id.to_owned()).execute(conn).await.map(drop)
}

/// Says that the node has nobody.
pub(in crate::calls) async fn delete_registrations_of_node(
    conn: &mut AnyConnection,
    node_id: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_REGISTRATIONS_OF_NODE).bind(node_id.to_owned()).execute(conn).await.map(drop)
}

/// Forgets what nodes had that have not lived since `before_us`.
pub(in crate::calls) async fn delete_registrations_of_dead(
    conn: &mut AnyConnection,
    before_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_REGISTRATIONS_OF_DEAD).bind(before_us).execute(conn).await.map(drop)
}

/// The nodes other than `own` that live by `now_us` and have this name, each with its internal listener.
pub(in crate::calls) async fn list_nodes_with(
    conn: &mut AnyConnection,
    (workspace, name): (WorkspaceId, &str),
    own: &str,
    now_us: i64,
    limit: i64,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    let query = sqlx::query_as(LIST_NODES_WITH).bind(workspace.to_string()).bind(name.to_owned());
    query.bind(own.to_owned()).bind(now_us).bind(limit).fetch_all(conn).await
}

/// The workspace's browsers, and the number's devices, that nodes other than `own` have.
pub(in crate::calls) async fn list_names_of_others(
    conn: &mut AnyConnection,
    (workspace, number_id): (WorkspaceId, &str),
    own: &str,
    now_us: i64,
    limit: i64,
) -> Result<Vec<String>, sqlx::Error> {
    let query = sqlx::query_scalar(LIST_NAMES_OF_OTHERS).bind(workspace.to_string()).bind(own.to_owned());
    query.bind(now_us).bind(number_id.to_owned()).bind(limit).fetch_all(conn).await
}
