//! SQL of the dispatcher's lease.

use sqlx::{AnyConnection, Row};

use crate::db::{Dialect, statements};
use crate::webhooks::delivery::watch::Lease;

statements! {
    /// As it was seen.
    TAKE_LEASE = "
        update webhook_dispatcher
        set node_id = $1, epoch = epoch + 1, lease_until = $2
        where id = 1 and node_id = $3 and epoch = $4 and lease_until = $5
        returning epoch, last_position";
    RELEASE_LEASE = "
        update webhook_dispatcher
        set lease_until = 0
        where node_id = $1 and epoch = $2";
    /// Changes nothing but takes the row's lock: nobody takes over before what is written with it.
    HOLD_LEASE = "
        update webhook_dispatcher
        set epoch = epoch
        where node_id = $1 and epoch = $2";
    FIND_LEASE = "
        select node_id, epoch, lease_until
        from webhook_dispatcher
        where id = 1";
}

/// On PostgreSQL, before the lease is taken: waits for whoever holds it beside its own turn.
const WAIT_FOR_HOLDERS: &str = "
        select id
        from webhook_dispatcher
        where id = 1
        for update";
/// On PostgreSQL: as `HOLD_LEASE`, without waiting for the turn that keeps the lease meanwhile, nor it for this.
const HOLD_LEASE_BESIDE: &str = "
        select epoch
        from webhook_dispatcher
        where node_id = $1 and epoch = $2
        for key share";

/// Epoch and last place, where the lease stands as it was `seen`.
pub(in crate::webhooks) async fn take_lease(
    tx: &mut AnyConnection,
    dialect: Dialect,
    (node_id, until_us): (&str, i64),
    seen: &Lease,
) -> Result<Option<(i64, i64)>, sqlx::Error> {
    if dialect == Dialect::Postgres {
        sqlx::query(WAIT_FOR_HOLDERS).execute(&mut *tx).await?;
    }
    let query = sqlx::query(TAKE_LEASE).bind(node_id.to_owned()).bind(until_us);
    let query = query.bind(seen.node_id.clone()).bind(seen.epoch).bind(seen.until);
    let row = query.fetch_optional(tx).await?;
    row.map(|row| Ok((row.try_get("epoch")?, row.try_get("last_position")?))).transpose()
}

pub(in crate::webhooks) async fn release_lease(
    tx: &mut AnyConnection,
    node_id: &str,
    epoch: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(RELEASE_LEASE).bind(node_id.to_owned()).bind(epoch).execute(tx).await.map(drop)
}

/// Whether the lease is this node's still, to the end of the transaction.
pub(in crate::webhooks) async fn hold_lease(
    tx: &mut AnyConnection,
    node_id: &str,
    epoch: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(HOLD_LEASE).bind(node_id.to_owned()).bind(epoch).execute(tx).await?;
    Ok(done.rows_affected() == 1)
}

/// As [`hold_lease`], on PostgreSQL and beside the turn that keeps the lease: neither waits for the other, and whoever takes the
/// lease waits for both.
pub(in crate::webhooks) async fn hold_lease_beside(
    tx: &mut AnyConnection,
    node_id: &str,
    epoch: i64,
) -> Result<bool, sqlx::Error> {
    let held = sqlx::query(HOLD_LEASE_BESIDE).bind(node_id.to_owned()).bind(epoch).fetch_optional(tx).await?;
    Ok(held.is_some())
}

/// The lease as it stands.
pub(in crate::webhooks) async fn find(conn: &mut AnyConnection) -> Result<Lease, sqlx::Error> {
    let row = sqlx::query(FIND_LEASE).fetch_one(conn).await?;
    Ok(Lease { node_id: row.try_get("node_id")?, epoch: row.try_get("epoch")?, until: row.try_get("lease_until")? })
}
