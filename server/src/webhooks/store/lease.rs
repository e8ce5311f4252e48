//! SQL of the dispatcher's lease.

use sqlx::{AnyConnection, Row};

use crate::db::statements;

statements! {
    TAKE_LEASE = "
        update webhook_dispatcher
        set node_id = $1, epoch = epoch + 1, lease_until = $2
        where id = 1 and (node_id = $1 or lease_until <= $3)
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
        select lease_until
        from webhook_dispatcher
        where id = 1";
}

/// Epoch and last place, where nobody else delivers.
pub(in crate::webhooks) async fn take_lease(
    tx: &mut AnyConnection,
    node_id: &str,
    until_us: i64,
    now_us: i64,
) -> Result<Option<(i64, i64)>, sqlx::Error> {
    let query = sqlx::query(TAKE_LEASE).bind(node_id.to_owned()).bind(until_us).bind(now_us);
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

/// Until when some node delivers, in microseconds UTC.
pub(in crate::webhooks) async fn leased_until(conn: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(FIND_LEASE).fetch_one(conn).await
}
