//! Files that answer one question, and migrations that both engines read.

use super::{Source, none, sources};

/// Lines of the longest file that is still one question.
const MAX_LINES: usize = 500;

#[test]
fn no_file_is_longer_than_five_hundred_lines() {
    let all = sources(".", &[".rs", ".js", ".ts", ".css", ".sql", ".sh", ".md"]);
    let long = all.iter().filter(|source| source.text.lines().count() > MAX_LINES);
    none("split by question", long.map(|source| source.path.clone()).collect());
}

#[test]
fn portable_migrations_speak_no_dialect() {
    /// What only one of the engines understands, or both differently.
    const DIALECT: [&str; 17] = [
        "autoincrement",
        "serial",
        "jsonb",
        " json",
        "timestamp",
        "boolean",
        "integer",
        " real",
        "uuid ",
        "now()",
        "datetime",
        "strftime",
        "create trigger",
        "create function",
        "pragma",
        "without rowid",
        "varchar",
    ];
    let migrations = sources("migrations", &[".sql"]);
    let is_portable =
        |source: &&Source| !source.path.ends_with(".sqlite.sql") && !source.path.ends_with(".postgres.sql");
    let mut breaks = Vec::new();
    for source in migrations.iter().filter(is_portable) {
        for (at, line) in source.text.lines().enumerate() {
            let statement = line.split("--").next().unwrap_or_default();
            let found = DIALECT.into_iter().find(|word| statement.to_lowercase().contains(word));
            breaks.extend(found.map(|word| format!("{}:{}: `{word}`", source.path, at + 1)));
        }
    }
    none("portable migrations hold text, bigint and what both engines know", breaks);
}

#[test]
fn a_dialect_migration_has_its_twin() {
    let migrations = sources("migrations", &[".sql"]);
    let exists = |path: &str| migrations.iter().any(|source| source.path == path);
    let mut breaks = Vec::new();
    for source in &migrations {
        for (own, twin) in [(".sqlite.sql", ".postgres.sql"), (".postgres.sql", ".sqlite.sql")] {
            let Some(stem) = source.path.strip_suffix(own) else { continue };
            let missing = [format!("{stem}{twin}"), format!("{stem}.sql")].into_iter().filter(|path| !exists(path));
            breaks.extend(missing.map(|path| format!("{} has no {path}", source.path)));
        }
    }
    none("a rule that stands in one engine's schema stands in the other's too", breaks);
}
