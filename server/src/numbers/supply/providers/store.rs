//! SQL of providers.

use sautikit_api::ids::ProviderId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::Provider;
use crate::db::statements;
use crate::numbers::ProviderStatus;
use crate::row;

statements! {
    INSERT_PROVIDER = "
        insert into providers (id, name, country, contact, notes, status, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (name) do nothing";
    LIST_PROVIDERS = "
        select p.*, (select count(*) from number_series s where s.provider_id = p.id and s.status <> 'retired')
            as live_series
        from providers p
        where (p.created_at, p.id) < ($1, $2)
        order by p.created_at desc, p.id desc
        limit $3";
    FIND_PROVIDER = "
        select *
        from providers
        where id = $1";
    FIND_PROVIDER_BY_NAME = "
        select *
        from providers
        where name = $1";
    LOCK_PROVIDER = "
        update providers
        set status = status
        where id = $1";
    UPDATE_PROVIDER = "
        update providers
        set name = $2, country = $3, contact = $4, notes = $5
        where id = $1";
    RETIRE_PROVIDER = "
        update providers
        set status = 'retired'
        where id = $1";
    COUNT_LIVE_SERIES = "
        select count(*)
        from number_series
        where provider_id = $1 and status <> 'retired'";
}

/// False when another has the name.
pub(in crate::numbers) async fn insert(tx: &mut AnyConnection, provider: &Provider) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(INSERT_PROVIDER)
        .bind(provider.id.to_string())
        .bind(provider.name.clone())
        .bind(provider.country.clone())
        .bind(provider.contact.clone())
        .bind(provider.notes.clone())
        .bind(provider.status.as_str())
        .bind(provider.created_at)
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A page, the newest first, with how many series of each are not retired.
pub(super) async fn list(
    conn: &mut AnyConnection,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<(Provider, i64)>, sqlx::Error> {
    let query = sqlx::query(LIST_PROVIDERS).bind(before.0).bind(before.1.to_owned()).bind(limit);
    let rows = query.fetch_all(conn).await?;
    rows.iter().map(|row| Ok((provider(row)?, row.try_get("live_series")?))).collect()
}

pub(in crate::numbers) async fn find(
    conn: &mut AnyConnection,
    id: ProviderId,
) -> Result<Option<Provider>, sqlx::Error> {
    let row = sqlx::query(FIND_PROVIDER).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(provider).transpose()
}

pub(in crate::numbers) async fn find_by_name(
    conn: &mut AnyConnection,
    name: &str,
) -> Result<Option<Provider>, sqlx::Error> {
    let row = sqlx::query(FIND_PROVIDER_BY_NAME).bind(name.to_owned()).fetch_optional(conn).await?;
    row.as_ref().map(provider).transpose()
}

/// Keeps others who lock it waiting until the transaction ends; false when there is none.
pub(in crate::numbers) async fn lock(tx: &mut AnyConnection, id: ProviderId) -> Result<bool, sqlx::Error> {
    Ok(sqlx::query(LOCK_PROVIDER).bind(id.to_string()).execute(tx).await?.rows_affected() == 1)
}

pub(super) async fn update(tx: &mut AnyConnection, provider: &Provider) -> Result<(), sqlx::Error> {
    sqlx::query(UPDATE_PROVIDER)
        .bind(provider.id.to_string())
        .bind(provider.name.clone())
        .bind(provider.country.clone())
        .bind(provider.contact.clone())
        .bind(provider.notes.clone())
        .execute(tx)
        .await
        .map(drop)
}

pub(super) async fn retire(tx: &mut AnyConnection, id: ProviderId) -> Result<(), sqlx::Error> {
    sqlx::query(RETIRE_PROVIDER).bind(id.to_string()).execute(tx).await.map(drop)
}

pub(super) async fn count_live_series(conn: &mut AnyConnection, id: ProviderId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(COUNT_LIVE_SERIES).bind(id.to_string()).fetch_one(conn).await
}

fn provider(row: &AnyRow) -> Result<Provider, sqlx::Error> {
    Ok(Provider {
        id: row::parsed(row, "id")?,
        name: row.try_get("name")?,
        country: row.try_get("country")?,
        contact: row.try_get("contact")?,
        notes: row.try_get("notes")?,
        status: row::known(row, "status", ProviderStatus::parse)?,
        created_at: row.try_get("created_at")?,
    })
}
