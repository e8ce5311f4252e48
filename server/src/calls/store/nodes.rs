//! SQL of nodes: who is alive, and whose calls somebody else has to close.

use sqlx::AnyConnection;

use crate::db::rows::{Cell, Column, Filled, Rows, Tells};
use crate::db::statements;

statements! {
    /// Nodes that have something to do, or left it, with the end of their lease; 0 where one never said that it lives.
    LIST_BUSY = "
        select busy.node_id, coalesce(n.lease_until, 0)
        from (
            select c.node_id
            from calls c
            where c.ended_at is null and c.node_id is not null
            union
            select h.node_id
            from wallet_holds h
            where h.held_minor > 0
        ) busy
        left join nodes n on n.id = busy.node_id
        where busy.node_id <> $1
        order by busy.node_id
        limit $2";
    LIST_LIVING = "
        select id
        from nodes
        where lease_until >= $1 and id <> $2
        order by id
        limit $3";
    LIST_HOLDS_OF_NODE = "
        select workspace_id
        from wallet_holds
        where node_id = $1 and held_minor > 0";
}

pub(in crate::calls) static RENEW_LEASE: Rows = Rows::new(
    "RENEW_LEASE",
    1,
    Tells::Nothing,
    "insert into nodes (id, lease_until)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict (id) do update set lease_until = excluded.lease_until",
    &[Column::Text, Column::Int],
);

/// Says until when the node is alive, in microseconds UTC.
pub(in crate::calls) fn renew_lease(node_id: &str, lease_until: Option<i64>) -> Filled {
    RENEW_LEASE.with(lease_until.into_iter().flat_map(|until| [Cell::from(node_id), until.into()]))
}

/// Nodes other than `own` that have open calls or hold money, with the end of their lease in microseconds UTC.
pub(in crate::calls) async fn list_busy(
    conn: &mut AnyConnection,
    own: &str,
    limit: i64,
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(LIST_BUSY).bind(own.to_owned()).bind(limit).fetch_all(conn).await
}

/// Nodes other than `own` whose lease has not lapsed by `now_us`.
pub(in crate::calls) async fn list_living(
    conn: &mut AnyConnection,
    own: &str,
    now_us: i64,
    limit: i64,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(LIST_LIVING).bind(now_us).bind(own.to_owned()).bind(limit).fetch_all(conn).await
}

/// The workspaces of which the node holds money.
pub(in crate::calls) async fn list_holds_of_node(
    conn: &mut AnyConnection,
    node_id: &str,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(LIST_HOLDS_OF_NODE).bind(node_id.to_owned()).fetch_all(conn).await
}
