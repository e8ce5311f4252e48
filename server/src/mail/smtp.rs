//! Mail over SMTP by lettre, one task that sends what the queue holds.

use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::sync::mpsc;

use super::Mail;
use crate::config;

/// Mails waiting for the relay: a burst of sign-ins, not a day's outage; links expire after 15 minutes anyway.
const QUEUE: usize = 1_000;
/// Tries per mail, with the waits between them; a greylisting relay takes the second or third.
const WAITS: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(15), Duration::from_secs(60)];

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Why mail can't be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// `mail.smtp_url` is not usable.
    #[error("wrong value for `mail.smtp_url`: {0}")]
    Url(lettre::transport::smtp::Error),
    /// `mail.from` is not usable.
    #[error("wrong value for `mail.from`: {0}")]
    From(lettre::address::AddressError),
}

/// The sending end.
#[derive(Clone)]
pub struct Queue {
    sender: mpsc::Sender<Mail>,
}

impl Queue {
    pub(super) fn start(config: &config::Mail, tasks: &tokio_util::task::TaskTracker) -> Result<Self, MailError> {
        let transport = Transport::from_url(&config.smtp_url).map_err(MailError::Url)?.build();
        let from: Mailbox = config.from.parse().map_err(MailError::From)?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        tasks.spawn(deliver(transport, from, receiver));
        Ok(Self { sender })
    }

    pub(super) fn push(&self, mail: Mail) {
        if self.sender.try_send(mail).is_err() {
            tracing::error!("mail dropped: {QUEUE} mails wait for the relay");
        }
    }
}

async fn deliver(transport: Transport, from: Mailbox, mut receiver: mpsc::Receiver<Mail>) {
    while let Some(mail) = receiver.recv().await {
        match message(&from, &mail) {
            Ok(message) => send(&transport, message).await,
            Err(error) => tracing::error!(%error, "mail could not be written"),
        }
    }
}

async fn send(transport: &Transport, message: Message) {
    let mut waits = WAITS.into_iter();
    loop {
        let error = match transport.send(message.clone()).await {
            Ok(_) => return,
            Err(error) => error,
        };
        match waits.next() {
            Some(wait) if !error.is_permanent() => tokio::time::sleep(wait).await,
            _ => return tracing::error!(%error, "mail could not be delivered"),
        }
    }
}

fn message(from: &Mailbox, mail: &Mail) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
    let to = Mailbox::new(None, mail.to.parse()?);
    let parts = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    Ok(Message::builder().from(from.clone()).to(to).subject(mail.subject.clone()).multipart(parts)?)
}
