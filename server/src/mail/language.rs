//! In which language somebody is written to: the one that they chose for the console, English before.

use sqlx::AnyConnection;

use super::store;

/// A language that mails are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// en
    #[default]
    English,
    /// sw
    Swahili,
}

impl Lang {
    /// BCP 47.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Swahili => "sw",
        }
    }

    /// The language of that code.
    pub fn parse(code: &str) -> Option<Self> {
        [Self::English, Self::Swahili].into_iter().find(|lang| lang.as_str() == code)
    }

    /// Of two wordings the one in this language.
    pub fn pick<T>(self, english: T, swahili: T) -> T {
        match self {
            Self::English => english,
            Self::Swahili => swahili,
        }
    }
}

/// The language that the person of an address chose.
///
/// # Errors
/// The database failed.
pub async fn language_of(conn: &mut AnyConnection, email: &str) -> Result<Lang, sqlx::Error> {
    let chosen = store::find_language(conn, email).await?;
    Ok(chosen.and_then(|code| Lang::parse(&code)).unwrap_or_default())
}

/// Remembers it, in the caller's transaction.
///
/// # Errors
/// The database failed.
pub async fn choose_language(tx: &mut AnyConnection, email: &str, lang: Lang, now_us: i64) -> Result<(), sqlx::Error> {
    store::put_language(tx, email, lang.as_str(), now_us).await
}
