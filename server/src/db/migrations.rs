//! The files of `/migrations`, embedded, chosen by engine. See `migrations/README.md` for the naming.

use std::borrow::Cow;
use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AssertSqlSafe, SqlSafeStr};

use super::Dialect;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../migrations");

/// One migration per number: the portable text, then the engine's own (triggers).
pub(super) fn embedded(dialect: Dialect) -> Result<Migrator, MigrateError> {
    let mut by_version: BTreeMap<i64, (String, String)> = BTreeMap::new();
    let mut files: Vec<_> =
        FILES.files().filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?))).collect();
    // `0001_x.postgres.sql` sorts before `0001_x.sql`, so the portable part is put first by length.
    files.sort_by_key(|(name, _)| (name.len(), name.to_owned()));
    for (name, sql) in files {
        let Some(stem) = name.strip_suffix(".sql") else { continue };
        let stem = match (stem.strip_suffix(".sqlite"), stem.strip_suffix(".postgres")) {
            (None, None) => stem,
            (Some(stem), _) if dialect == Dialect::Sqlite => stem,
            (_, Some(stem)) if dialect == Dialect::Postgres => stem,
            _ => continue,
        };
        let Some((version, description)) = stem.split_once('_') else { continue };
        let version: i64 = version.parse().map_err(|_| MigrateError::Source(format!("{name} has no number").into()))?;
        let entry = by_version.entry(version).or_insert_with(|| (description.to_owned(), String::new()));
        entry.1.push_str(sql);
        entry.1.push('\n');
    }
    let migrations = by_version.into_iter().map(|(version, (description, sql))| {
        let sql = AssertSqlSafe(sql).into_sql_str();
        Migration::new(version, Cow::Owned(description), MigrationType::Simple, sql, false)
    });
    Ok(Migrator { migrations: migrations.collect(), ..Migrator::DEFAULT })
}

/// Whether the database has all of them.
pub(super) async fn are_applied(conn: &mut AnyConnection, dialect: Dialect) -> Result<bool, MigrateError> {
    let wanted = embedded(dialect)?;
    match conn.list_applied_migrations(&wanted.table_name).await {
        Ok(applied) => Ok(wanted.iter().all(|migration| applied.iter().any(|one| one.version == migration.version))),
        // An empty database does not know the table either.
        Err(MigrateError::Execute(sqlx::Error::Database(_))) => Ok(false),
        Err(error) => Err(error),
    }
}
