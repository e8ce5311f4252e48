//! The last mails of a development server, in memory.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde::Serialize;

use super::Mail;

/// Mails kept: far more than a person reads, small enough to forget about.
const KEPT: usize = 200;

/// A mail as `/dev/mail.json` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct SentMail {
    /// The recipient.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Every link in it.
    pub links: Vec<String>,
    /// RFC 3339.
    pub sent_at: String,
}

/// A bounded list, newest first.
#[derive(Default)]
pub struct DevStore {
    mails: Mutex<VecDeque<SentMail>>,
}

impl DevStore {
    pub(super) fn push(&self, mail: Mail, sent_at: String) {
        let Mail { to, subject, text, html, links, worthless_at_us: _ } = mail;
        let mut mails = self.mails.lock();
        mails.push_front(SentMail { to, subject, text, html, links, sent_at });
        mails.truncate(KEPT);
    }

    /// The mails, newest first.
    pub fn list(&self) -> Vec<SentMail> {
        self.mails.lock().iter().cloned().collect()
    }
}
