//! Outgoing mail: over SMTP, or, in development, kept in memory and shown at `/dev/mail`.
//!
//! Sending never makes a request wait: mails go into a bounded queue that one task empties. A full queue drops the mail
//! and says so in the log; people ask for another link.

mod dev_store;
pub mod http;
mod smtp;

use std::sync::Arc;

use crate::clock::{Clock, rfc3339};
use crate::config::Config;

pub use dev_store::{DevStore, SentMail};
pub use smtp::MailError;

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// Where mails go. Cheap to clone.
#[derive(Clone)]
pub enum Mailer {
    /// Shown at `/dev/mail`.
    Dev(Arc<DevStore>),
    /// Sent.
    Smtp(smtp::Queue),
}

impl Mailer {
    /// As configured; starts the sending task when there is a relay.
    pub fn from_config(config: &Config, tasks: &tokio_util::task::TaskTracker) -> Result<Self, MailError> {
        if config.mail.smtp_url.is_empty() {
            Ok(Self::Dev(Arc::default()))
        } else {
            smtp::Queue::start(&config.mail, tasks).map(Self::Smtp)
        }
    }

    /// Takes the mail; delivery happens later.
    pub fn send(&self, clock: &dyn Clock, mail: Mail) {
        match self {
            Self::Dev(store) => store.push(mail, rfc3339(clock.now_us())),
            Self::Smtp(queue) => queue.push(mail),
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
