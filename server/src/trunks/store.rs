//! SQL of trunks.

use sautikit_api::ids::TrunkId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::Trunk;
use crate::config::{self, IdentityHeader, NumberFormat, SrtpPolicy, TrunkTransport};
use crate::db::statements;
use crate::row;

statements! {
    REVISION = "
        select revision
        from trunks_revision";
    COUNT_CHANGE = "
        update trunks_revision
        set revision = revision + 1";
    LIST_TRUNKS = "
        select *
        from trunks
        order by created_at, id";
    FIND_TRUNK = "
        select *
        from trunks
        where id = $1";
    ANY_ENABLED = "
        select count(*)
        from trunks
        where is_enabled = 1";
    INSERT_TRUNK = "
        insert into trunks (id, name, address, prefixes, sources, country, username, password, codecs, priority, max_calls,
            is_enabled, created_at, updated_at, transport, certificate_name, outbound_proxy, domain, is_registering,
            from_user, identity, number_format, calls_per_second, options_every_seconds, pass_headers,
            follows_redirects, srtp)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
            $24, $25, $26, $27)";
    UPDATE_TRUNK = "
        update trunks
        set name = $2, address = $3, prefixes = $4, sources = $5, country = $6, username = $7, password = $8, codecs = $9,
            priority = $10, max_calls = $11, is_enabled = $12, created_at = $13, updated_at = $14, transport = $15,
            certificate_name = $16, outbound_proxy = $17, domain = $18, is_registering = $19, from_user = $20,
            identity = $21, number_format = $22, calls_per_second = $23, options_every_seconds = $24,
            pass_headers = $25, follows_redirects = $26, srtp = $27
        where id = $1";
    DELETE_TRUNK = "
        delete from trunks
        where id = $1";
}

pub(super) async fn revision(conn: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(REVISION).fetch_one(conn).await
}

/// First in a transaction that changes a trunk: those that do wait for each other here.
pub(super) async fn count_change(tx: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::query(COUNT_CHANGE).execute(tx).await.map(drop)
}

pub(super) async fn list(conn: &mut AnyConnection) -> Result<Vec<Trunk>, sqlx::Error> {
    sqlx::query(LIST_TRUNKS).fetch_all(conn).await?.iter().map(trunk).collect()
}

pub(super) async fn find(conn: &mut AnyConnection, id: TrunkId) -> Result<Option<Trunk>, sqlx::Error> {
    let row = sqlx::query(FIND_TRUNK).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(trunk).transpose()
}

pub(super) async fn any_enabled(conn: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let count: i64 = sqlx::query_scalar(ANY_ENABLED).fetch_one(conn).await?;
    Ok(count > 0)
}

pub(super) async fn insert(tx: &mut AnyConnection, trunk: &Trunk) -> Result<(), sqlx::Error> {
    write(tx, INSERT_TRUNK, trunk).await
}

pub(super) async fn update(tx: &mut AnyConnection, trunk: &Trunk) -> Result<(), sqlx::Error> {
    write(tx, UPDATE_TRUNK, trunk).await
}

pub(super) async fn delete(tx: &mut AnyConnection, id: TrunkId) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_TRUNK).bind(id.to_string()).execute(tx).await.map(drop)
}

/// Both writing statements take the same values in the same order.
async fn write(tx: &mut AnyConnection, sql: &'static str, trunk: &Trunk) -> Result<(), sqlx::Error> {
    let settings = &trunk.settings;
    sqlx::query(sql)
        .bind(trunk.id.to_string())
        .bind(settings.name.clone())
        .bind(settings.address.clone())
        .bind(array(&settings.prefixes))
        .bind(array(&settings.sources))
        .bind(settings.country.clone())
        .bind(settings.username.clone())
        .bind(trunk.sealed_password.clone())
        .bind(array(&settings.codecs))
        .bind(i64::from(settings.priority))
        .bind(settings.max_calls.map(i64::from))
        .bind(i64::from(trunk.is_enabled))
        .bind(trunk.created_at)
        .bind(trunk.updated_at)
        .bind(settings.transport.as_str())
        .bind(settings.certificate_name.clone())
        .bind(settings.outbound_proxy.clone())
        .bind(settings.domain.clone())
        .bind(i64::from(settings.register))
        .bind(settings.from_user.clone())
        .bind(settings.identity.as_str())
        .bind(settings.number_format.as_str())
        .bind(settings.calls_per_second.map(i64::from))
        .bind(settings.options_every_seconds.map(i64::from))
        .bind(array(&settings.pass_headers))
        .bind(i64::from(settings.follow_redirects))
        .bind(settings.srtp.as_str())
        .execute(tx)
        .await
        .map(drop)
}

fn array(texts: &[String]) -> String {
    serde_json::Value::from(texts.to_vec()).to_string()
}

fn texts(row: &AnyRow, column: &str) -> Result<Vec<String>, sqlx::Error> {
    let text: String = row.try_get(column)?;
    serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// A value that the schema holds to its names.
fn named<T>(row: &AnyRow, column: &str, read: fn(&str) -> Option<T>) -> Result<T, sqlx::Error> {
    let text: String = row.try_get(column)?;
    read(&text).ok_or_else(|| sqlx::Error::Decode(format!("{column} is `{text}`").into()))
}

fn trunk(row: &AnyRow) -> Result<Trunk, sqlx::Error> {
    let bounded = |number: i64| u32::try_from(number).map_err(|error| sqlx::Error::Decode(Box::new(error)));
    let max_calls: Option<i64> = row.try_get("max_calls")?;
    let calls_per_second: Option<i64> = row.try_get("calls_per_second")?;
    let options_every: Option<i64> = row.try_get("options_every_seconds")?;
    let settings = config::Trunk {
        name: row.try_get("name")?,
        address: row.try_get("address")?,
        transport: named(row, "transport", TrunkTransport::named)?,
        prefixes: texts(row, "prefixes")?,
        sources: texts(row, "sources")?,
        country: row.try_get("country")?,
        username: row.try_get("username")?,
        password: None,
        codecs: texts(row, "codecs")?,
        priority: bounded(row.try_get("priority")?)?,
        max_calls: max_calls.map(bounded).transpose()?,
        calls_per_second: calls_per_second.map(bounded).transpose()?,
        certificate_name: row.try_get("certificate_name")?,
        outbound_proxy: row.try_get("outbound_proxy")?,
        domain: row.try_get("domain")?,
        register: row::flag(row, "is_registering")?,
        from_user: row.try_get("from_user")?,
        identity: named(row, "identity", IdentityHeader::named)?,
        number_format: named(row, "number_format", NumberFormat::named)?,
        options_every_seconds: options_every.map(bounded).transpose()?,
        follow_redirects: row::flag(row, "follows_redirects")?,
        srtp: named(row, "srtp", SrtpPolicy::named)?,
        pass_headers: texts(row, "pass_headers")?,
    };
    Ok(Trunk {
        id: row::parsed(row, "id")?,
        settings,
        sealed_password: row.try_get("password")?,
        is_enabled: row::flag(row, "is_enabled")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}
