//! Outgoing mail: over SMTP, or, in development, kept in memory and shown at `/dev/mail`.
//!
//! A mail is posted in the transaction of what it tells about: a job sends it after the commit, so no request waits for a
//! relay, and what a relay does not take is tried again. Until then its text, which holds a link, is sealed in the job.

mod dev_store;
pub mod http;
mod language;
mod smtp;
mod store;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::clock::rfc3339;
use crate::config::Config;
use crate::jobs::{self, Failure, Job, Lane};
use crate::secrets::{Purpose, SealBroken};
use crate::state::{AppState, Part};

pub use dev_store::{DevStore, SentMail};
pub use language::{Lang, choose_language, language_of};
pub use smtp::{MailError, Refusal};
pub(crate) use store::STATEMENTS;

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The recipient's address.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Every link in it, for tests and `/dev/mail`.
    pub links: Vec<String>,
    /// When it is not worth sending any more (microseconds UTC): its link has ended.
    pub worthless_at_us: i64,
}

/// Where mails go. Cheap to clone.
#[derive(Clone)]
pub enum Mailer {
    /// Shown at `/dev/mail`.
    Dev(Arc<DevStore>),
    /// Sent.
    Smtp(Arc<smtp::Relay>),
}

impl Part for Mailer {}

impl Mailer {
    /// This server's.
    pub fn of(app: &AppState) -> &Self {
        app.part()
    }

    /// As configured.
    pub fn from_config(config: &Config) -> Result<Self, MailError> {
        if config.mail.smtp_url.is_empty() {
            Ok(Self::Dev(Arc::default()))
        } else {
            Ok(Self::Smtp(Arc::new(smtp::Relay::from_config(&config.mail)?)))
        }
    }

    /// The development store, if that is where mails go.
    pub fn dev_store(&self) -> Option<&DevStore> {
        match self {
            Self::Dev(store) => Some(store),
            Self::Smtp(_) => None,
        }
    }
}

/// Hands a mail to the relay.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendMail {
    /// What it is sealed for, and its `Message-ID`.
    mail_id: Uuid,
    /// The mail. It is wiped when the job is over.
    sealed: String,
}

impl Job for SendMail {
    const KIND: &'static str = "send_mail";
    const LANE: Lane = Lane::Mail;

    fn subject(&self) -> String {
        self.mail_id.to_string()
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        Ok(deliver(app, self.mail_id, &self.sealed).await?)
    }
}

/// A mail in an open transaction. It leaves when [`Posted::committed`] says that the transaction holds.
#[must_use = "without `committed` the mail leaves late or, in development, never"]
pub struct Posted(Option<Mail>);

/// Posts the mail in the caller's transaction.
///
/// # Errors
/// The database failed.
pub async fn post(app: &AppState, conn: &mut AnyConnection, mail: Mail) -> Result<Posted, sqlx::Error> {
    if Mailer::of(app).dev_store().is_some() {
        return Ok(Posted(Some(mail)));
    }
    let mail_id = app.new_uuid();
    let plain = serde_json::to_vec(&mail).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let sealed = app.secrets.seal(Purpose::Mail, &mail_id.to_string(), &plain, &app.entropy);
    jobs::enqueue(conn, app, &SendMail { mail_id, sealed }, app.now_us()).await?;
    Ok(Posted(None))
}

/// The same, as `write` words it in the language of whom it goes to.
///
/// # Errors
/// The database failed.
pub async fn post_to(
    app: &AppState,
    conn: &mut AnyConnection,
    to: String,
    write: impl FnOnce(String, Lang) -> Mail,
) -> Result<Posted, sqlx::Error> {
    let lang = language_of(conn, &to).await?;
    post(app, conn, write(to, lang)).await
}

impl Posted {
    /// Lets the mail go.
    pub fn committed(self, app: &AppState) {
        match (Mailer::of(app), self.0) {
            (Mailer::Dev(store), Some(mail)) => store.push(mail, rfc3339(app.now_us())),
            (Mailer::Dev(_), None) => {}
            (Mailer::Smtp(_), _) => jobs::ring(app, Lane::Mail),
        }
    }
}

/// Why a mail is to be tried again.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The relay did not take it this time.
    #[error("the mail relay {0}")]
    Relay(Refusal),
    /// The sealed mail does not open or is not a mail.
    #[error("the stored mail is not readable")]
    Unreadable,
}

impl From<SealBroken> for DeliveryError {
    fn from(_: SealBroken) -> Self {
        Self::Unreadable
    }
}

/// Sends a posted mail: the work of its job. What the relay refuses for good is logged and given up.
async fn deliver(app: &AppState, mail_id: Uuid, sealed: &str) -> Result<(), DeliveryError> {
    let plain = app.secrets.open(Purpose::Mail, &mail_id.to_string(), sealed)?;
    let mail: Mail = serde_json::from_slice(&plain).map_err(|_| DeliveryError::Unreadable)?;
    if mail.worthless_at_us <= app.now_us() {
        tracing::warn!(mail = %mail_id, "a mail was given up: its link has ended before the relay took it");
        return Ok(());
    }
    match Mailer::of(app) {
        Mailer::Dev(store) => store.push(mail, rfc3339(app.now_us())),
        Mailer::Smtp(relay) => match relay.send(mail_id, &mail).await {
            Ok(()) => {}
            Err(refusal) if refusal.is_final => {
                tracing::error!(mail = %mail_id, "a mail was given up: the mail relay {refusal}");
            }
            Err(refusal) => return Err(DeliveryError::Relay(refusal)),
        },
    }
    Ok(())
}

/// A name or sentence that someone chose freely, as text of an HTML part.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspaces_name_is_no_markup_in_mails() {
        assert_eq!(escaped("<a href=\"x\">A&B</a>"), "&lt;a href=&quot;x&quot;&gt;A&amp;B&lt;/a&gt;");
    }
}
