//! SQL of SIP credentials.

use sautikit_api::ids::{NumberId, SipCredentialId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::SipCredential;
use crate::config::SrtpPolicy;
use crate::db::statements;
use crate::row;

statements! {
    INSERT_CREDENTIAL = "
        insert into sip_credentials (id, workspace_id, tenant_number_id, label, username, password_hash, ha1, created_at,
            srtp)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (username) do nothing";
    FIND_CREDENTIAL = "
        select *
        from sip_credentials
        where workspace_id = $1 and tenant_number_id = $2 and id = $3";
    LIST_CREDENTIALS = "
        select *
        from sip_credentials
        where workspace_id = $1 and tenant_number_id = $2 and (created_at, id) < ($3, $4)
        order by created_at desc, id desc
        limit $5";
    COUNT_LIVE = "
        select count(*)
        from sip_credentials
        where workspace_id = $1 and tenant_number_id = $2 and revoked_at is null";
    /// A released number's are no more.
    FIND_LIVE = "
        select c.*, n.e164
        from sip_credentials c
        join tenant_numbers n on n.workspace_id = c.workspace_id and n.id = c.tenant_number_id
        where c.username = $1 and c.revoked_at is null and n.status <> 'released'";
    LIST_LIVE = "
        select c.*
        from sip_credentials c
        join tenant_numbers n on n.workspace_id = c.workspace_id and n.id = c.tenant_number_id
        where c.workspace_id = $1 and c.revoked_at is null and n.status <> 'released'";
    REPLACE_SECRET = "
        update sip_credentials
        set password_hash = $3, ha1 = $4, rotated_at = $5
        where workspace_id = $1 and id = $2 and revoked_at is null";
    UPDATE_CREDENTIAL = "
        update sip_credentials
        set srtp = $3
        where workspace_id = $1 and id = $2 and revoked_at is null";
    REVOKE_CREDENTIAL = "
        update sip_credentials
        set revoked_at = $3
        where workspace_id = $1 and id = $2 and revoked_at is null";
}

/// A credential that works, its secret still sealed.
pub(super) struct LiveRow {
    pub(super) credential: SipCredential,
    pub(super) e164: String,
    pub(super) ha1: String,
}

/// False when the user name is taken.
pub(super) async fn insert(
    tx: &mut AnyConnection,
    credential: &SipCredential,
    password_hash: &str,
    ha1: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(INSERT_CREDENTIAL)
        .bind(credential.id.to_string())
        .bind(credential.workspace_id.to_string())
        .bind(credential.number_id.to_string())
        .bind(credential.label.clone())
        .bind(credential.username.clone())
        .bind(password_hash)
        .bind(ha1)
        .bind(credential.created_at)
        .bind(credential.srtp.as_str())
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn find(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    number_id: NumberId,
    id: SipCredentialId,
) -> Result<Option<SipCredential>, sqlx::Error> {
    let query =
        sqlx::query(FIND_CREDENTIAL).bind(workspace_id.to_string()).bind(number_id.to_string()).bind(id.to_string());
    query.fetch_optional(conn).await?.as_ref().map(credential).transpose()
}

pub(super) async fn list(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    number_id: NumberId,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<SipCredential>, sqlx::Error> {
    let query = sqlx::query(LIST_CREDENTIALS)
        .bind(workspace_id.to_string())
        .bind(number_id.to_string())
        .bind(before.0)
        .bind(before.1.to_owned())
        .bind(limit);
    query.fetch_all(conn).await?.iter().map(credential).collect()
}

pub(super) async fn count_live(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    number_id: NumberId,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(COUNT_LIVE).bind(workspace_id.to_string()).bind(number_id.to_string()).fetch_one(conn).await
}

pub(super) async fn find_live(conn: &mut AnyConnection, username: &str) -> Result<Option<LiveRow>, sqlx::Error> {
    let row = sqlx::query(FIND_LIVE).bind(username.to_owned()).fetch_optional(conn).await?;
    row.map(|row| Ok(LiveRow { credential: credential(&row)?, e164: row.try_get("e164")?, ha1: row.try_get("ha1")? }))
        .transpose()
}

pub(super) async fn list_live(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
) -> Result<Vec<SipCredential>, sqlx::Error> {
    sqlx::query(LIST_LIVE).bind(workspace_id.to_string()).fetch_all(conn).await?.iter().map(credential).collect()
}

pub(super) async fn replace_secret(
    tx: &mut AnyConnection,
    credential: &SipCredential,
    password_hash: &str,
    ha1: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(REPLACE_SECRET)
        .bind(credential.workspace_id.to_string())
        .bind(credential.id.to_string())
        .bind(password_hash)
        .bind(ha1)
        .bind(credential.rotated_at)
        .execute(tx)
        .await
        .map(drop)
}

/// False when it was revoked before.
pub(super) async fn update(tx: &mut AnyConnection, credential: &SipCredential) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(UPDATE_CREDENTIAL)
        .bind(credential.workspace_id.to_string())
        .bind(credential.id.to_string())
        .bind(credential.srtp.as_str());
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// False when it was revoked before.
pub(super) async fn revoke(
    tx: &mut AnyConnection,
    credential: &SipCredential,
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(REVOKE_CREDENTIAL)
        .bind(credential.workspace_id.to_string())
        .bind(credential.id.to_string())
        .bind(now_us);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

fn credential(row: &AnyRow) -> Result<SipCredential, sqlx::Error> {
    let srtp: String = row.try_get("srtp")?;
    Ok(SipCredential {
        id: row::parsed(row, "id")?,
        workspace_id: row::parsed(row, "workspace_id")?,
        number_id: row::parsed(row, "tenant_number_id")?,
        label: row.try_get("label")?,
        username: row.try_get("username")?,
        srtp: SrtpPolicy::named(&srtp).ok_or_else(|| sqlx::Error::Decode(format!("srtp is `{srtp}`").into()))?,
        created_at: row.try_get("created_at")?,
        rotated_at: row.try_get("rotated_at")?,
        revoked_at: row.try_get("revoked_at")?,
    })
}
