//! SQL of listeners that other nodes may ask, and of what they ask.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use crate::db::statements;
use crate::row;
use crate::webhooks::listener::nodes::There;

statements! {
    LIST_LISTENERS = "
        select id, node_id, workspace_id, numbers, origin, began_at, beat
        from webhook_listeners
        order by began_at, id";
    INSERT_LISTENER = "
        insert into webhook_listeners (id, node_id, workspace_id, numbers, origin, began_at, beat)
        values ($1, $2, $3, $4, $5, $6, 0)
        on conflict do nothing";
    BEAT = "
        update webhook_listeners
        set beat = beat + 1
        where node_id = $1";
    DELETE_LISTENER = "
        delete from webhook_listeners
        where id = $1 and node_id = $2";
    DELETE_LISTENERS = "
        delete from webhook_listeners
        where node_id = $1";
    /// As it was seen last.
    DELETE_DEAD = "
        delete from webhook_listeners
        where id = $1 and node_id = $2 and beat = $3";
    INSERT_ASK = "
        insert into webhook_asks (id, workspace_id, node_id, listener_id, request, is_taken, created_at)
        values ($1, $2, $3, $4, $5, 0, $6)";
    LIST_UNTAKEN = "
        select id
        from webhook_asks
        where node_id = $1 and is_taken = 0";
    TAKE_ASK = "
        update webhook_asks
        set is_taken = 1
        where id = $1 and node_id = $2 and is_taken = 0
        returning listener_id, request";
    ANSWER_ASK = "
        update webhook_asks
        set answer = $2
        where id = $1";
    FIND_ANSWER = "
        select answer
        from webhook_asks
        where id = $1 and answer is not null";
    DELETE_ASK = "
        delete from webhook_asks
        where id = $1";
    DELETE_OLD = "
        delete from webhook_asks
        where created_at < $1";
}

fn listener(row: &AnyRow) -> Result<There, sqlx::Error> {
    let (numbers, origin): (String, Option<String>) = (row.try_get("numbers")?, row.try_get("origin")?);
    Ok(There {
        id: row::parsed(row, "id")?,
        node_id: row.try_get("node_id")?,
        workspace: row::parsed(row, "workspace_id")?,
        numbers: numbers.split(',').map(str::to_owned).collect(),
        origin: origin.and_then(|origin| origin.parse().ok()),
        began_at: row.try_get("began_at")?,
        beat: row.try_get("beat")?,
    })
}

/// Those of all nodes, the oldest first.
pub(in crate::webhooks) async fn list(conn: &mut AnyConnection) -> Result<Vec<There>, sqlx::Error> {
    sqlx::query(LIST_LISTENERS).fetch_all(conn).await?.iter().map(listener).collect()
}

pub(in crate::webhooks) async fn insert(tx: &mut AnyConnection, one: &There) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT_LISTENER).bind(one.id.to_string()).bind(one.node_id.clone());
    let query = query.bind(one.workspace.to_string()).bind(one.numbers.join(","));
    let query = query.bind(one.origin.as_ref().map(ToString::to_string)).bind(one.began_at);
    query.execute(tx).await.map(drop)
}

/// Says that the node is there.
pub(in crate::webhooks) async fn beat(tx: &mut AnyConnection, node_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(BEAT).bind(node_id.to_owned()).execute(tx).await.map(drop)
}

pub(in crate::webhooks) async fn delete(tx: &mut AnyConnection, id: Uuid, node_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_LISTENER).bind(id.to_string()).bind(node_id.to_owned()).execute(tx).await.map(drop)
}

/// All of the node.
pub(in crate::webhooks) async fn delete_all(tx: &mut AnyConnection, node_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_LISTENERS).bind(node_id.to_owned()).execute(tx).await.map(drop)
}

/// One that nobody renews; not where it was renewed since it was read.
pub(in crate::webhooks) async fn delete_dead(tx: &mut AnyConnection, one: &There) -> Result<(), sqlx::Error> {
    let query = sqlx::query(DELETE_DEAD).bind(one.id.to_string()).bind(one.node_id.clone());
    query.bind(one.beat).execute(tx).await.map(drop)
}

/// Writes what is asked of a listener, sealed.
pub(in crate::webhooks) async fn insert_ask(
    tx: &mut AnyConnection,
    id: Uuid,
    of: &There,
    request: String,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT_ASK).bind(id.to_string()).bind(of.workspace.to_string()).bind(of.node_id.clone());
    query.bind(of.id.to_string()).bind(request).bind(now_us).execute(tx).await.map(drop)
}

/// What the node's listeners are to be asked still.
pub(in crate::webhooks) async fn list_untaken(
    conn: &mut AnyConnection,
    node_id: &str,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let rows = sqlx::query(LIST_UNTAKEN).bind(node_id.to_owned()).fetch_all(conn).await?;
    rows.iter().map(|row| row::parsed(row, "id")).collect()
}

/// Which of the node's listeners is asked, and what; once.
pub(in crate::webhooks) async fn take_ask(
    tx: &mut AnyConnection,
    id: Uuid,
    node_id: &str,
) -> Result<Option<(Uuid, String)>, sqlx::Error> {
    let row = sqlx::query(TAKE_ASK).bind(id.to_string()).bind(node_id.to_owned()).fetch_optional(tx).await?;
    row.map(|row| Ok((row::parsed(&row, "listener_id")?, row.try_get("request")?))).transpose()
}

/// Writes what came of it, sealed.
pub(in crate::webhooks) async fn answer(tx: &mut AnyConnection, id: Uuid, answer: String) -> Result<(), sqlx::Error> {
    sqlx::query(ANSWER_ASK).bind(id.to_string()).bind(answer).execute(tx).await.map(drop)
}

pub(in crate::webhooks) async fn find_answer(
    conn: &mut AnyConnection,
    id: Uuid,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(FIND_ANSWER).bind(id.to_string()).fetch_optional(conn).await
}

pub(in crate::webhooks) async fn delete_ask(tx: &mut AnyConnection, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_ASK).bind(id.to_string()).execute(tx).await.map(drop)
}

/// Those that nobody waits for any more, because who asked is gone.
pub(in crate::webhooks) async fn delete_old(tx: &mut AnyConnection, before_us: i64) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_OLD).bind(before_us).execute(tx).await.map(drop)
}
