//! SQL of nodes: who is alive, and whose calls somebody else has to close.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::calls::nodes::Node;
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
            union
            select m.node_id
            from live_conferences m
            where m.node_id > ''
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
    /// One that never said that it lives is no more alive for it.
    ANNOUNCE = "
        insert into nodes (id, lease_until, address, version, started_at)
        values ($1, 0, $2, $3, $4)
        on conflict (id) do update set address = excluded.address, version = excluded.version,
            started_at = excluded.started_at, draining_since = null";
    SET_DRAINING = "
        update nodes
        set draining_since = $2
        where id = $1 and draining_since is null";
    /// Those that lived or were started lately, with how many calls are open on each.
    LIST_NODES = "
        select n.id, n.lease_until, n.address, n.version, n.started_at, n.draining_since,
            coalesce(running.calls, 0) as calls
        from nodes n
        left join (
            select node_id, count(*) as calls
            from calls
            where ended_at is null and node_id is not null
            group by node_id
        ) running on running.node_id = n.id
        where n.lease_until >= $1 or n.started_at >= $1 or running.calls > 0
        order by n.id
        limit $2";
    LIST_REACHABLE = "
        select id, address
        from nodes
        where lease_until >= $1 and id <> $2 and address > ''
        order by id
        limit $3";
    FIND_ADDRESS = "
        select address
        from nodes
        where id = $1";
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

/// Says where the node's internal listener is, which release runs on it and since when, and that it takes calls.
pub(in crate::calls) async fn announce(
    conn: &mut AnyConnection,
    node_id: &str,
    (address, version): (&str, &str),
    started_at_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(ANNOUNCE).bind(node_id.to_owned()).bind(address.to_owned()).bind(version.to_owned());
    query.bind(started_at_us).execute(conn).await.map(drop)
}

/// Says since when the node takes no new calls.
pub(in crate::calls) async fn set_draining(
    conn: &mut AnyConnection,
    node_id: &str,
    since_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(SET_DRAINING).bind(node_id.to_owned()).bind(since_us).execute(conn).await.map(drop)
}

/// Nodes that lived or were started after `after_us`, or have open calls, by their ids.
pub(in crate::calls) async fn list_nodes(
    conn: &mut AnyConnection,
    after_us: i64,
    limit: i64,
) -> Result<Vec<Node>, sqlx::Error> {
    let rows = sqlx::query(LIST_NODES).bind(after_us).bind(limit).fetch_all(conn).await?;
    rows.iter().map(node).collect()
}

fn node(row: &AnyRow) -> Result<Node, sqlx::Error> {
    Ok(Node {
        id: row.try_get("id")?,
        lease_until_us: row.try_get("lease_until")?,
        address: row.try_get("address")?,
        version: row.try_get("version")?,
        started_at_us: row.try_get("started_at")?,
        draining_since_us: row.try_get("draining_since")?,
        calls: row.try_get("calls")?,
    })
}

/// Where the node's internal listener is.
pub(in crate::calls) async fn find_address(
    conn: &mut AnyConnection,
    node_id: &str,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(FIND_ADDRESS).bind(node_id.to_owned()).fetch_optional(conn).await
}

/// Nodes other than `own` whose lease has not lapsed by `now_us` and that have an internal listener, with where it is.
pub(in crate::calls) async fn list_reachable(
    conn: &mut AnyConnection,
    own: &str,
    now_us: i64,
    limit: i64,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    sqlx::query_as(LIST_REACHABLE).bind(now_us).bind(own.to_owned()).bind(limit).fetch_all(conn).await
}
