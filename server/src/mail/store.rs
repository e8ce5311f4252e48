//! SQL of mails: the languages that people chose.

use sqlx::AnyConnection;

use crate::db::statements;

statements! {
    FIND_LANGUAGE = "
        select language
        from mail_languages
        where email = $1";
    PUT_LANGUAGE = "
        insert into mail_languages (email, language, chosen_at)
        values ($1, $2, $3)
        on conflict (email) do update set language = excluded.language, chosen_at = excluded.chosen_at";
}

pub(super) async fn find_language(conn: &mut AnyConnection, email: &str) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(FIND_LANGUAGE).bind(email.to_owned()).fetch_optional(conn).await
}

pub(super) async fn put_language(
    tx: &mut AnyConnection,
    email: &str,
    language: &str,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(PUT_LANGUAGE).bind(email.to_owned()).bind(language.to_owned()).bind(now_us);
    query.execute(tx).await.map(drop)
}
