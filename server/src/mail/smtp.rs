//! Mail over SMTP by lettre. One try per call; trying again is the job's business.

use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use uuid::Uuid;

use super::Mail;
use crate::config;

/// Longest wait for any answer of the relay. Below a job's lease, so that a slow relay gets a mail from one node at a time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest delivery as a whole: a relay that answers each step just in time must not outlast the lease either.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(40);

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
    /// `mail.tls_ca_file` can't be read.
    #[error("wrong value for `mail.tls_ca_file`: {0}")]
    CaFile(std::io::Error),
    /// `mail.tls_ca_file` holds no certificates.
    #[error("wrong value for `mail.tls_ca_file`: {0}")]
    Ca(lettre::transport::smtp::Error),
    /// `mail.tls_ca_file` says whom to trust, and `mail.smtp_url` does not ask for TLS.
    #[error("wrong value for `mail.smtp_url`: with `mail.tls_ca_file` it is smtps://… or ends in ?tls=required")]
    CaWithoutTls,
}

/// What a relay did with a mail that it did not take. Its own words stay out: they often repeat the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Refusal {
    what: String,
    /// Whether another try can't help.
    pub is_final: bool,
}

/// The relay as configured.
pub struct Relay {
    transport: Transport,
    from: Mailbox,
}

impl Relay {
    pub(super) fn from_config(config: &config::Mail) -> Result<Self, MailError> {
        let mut builder = Transport::from_url(&config.smtp_url).map_err(MailError::Url)?.timeout(Some(ANSWER_TIMEOUT));
        if !config.tls_ca_file.as_os_str().is_empty() {
            builder = builder.tls(private_tls(config)?);
        }
        let from = config.from.parse().map_err(MailError::From)?;
        Ok(Self { transport: builder.build(), from })
    }

    /// Whether the relay takes our connection, name and password; nothing is sent.
    ///
    /// # Errors
    /// What it does instead.
    pub async fn greets(&self) -> Result<(), Refusal> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::for_now("does not answer as a relay does")),
            Err(error) => Err(Refusal::from(&error)),
        }
    }

    /// One try.
    pub(super) async fn send(&self, id: Uuid, mail: &Mail) -> Result<(), Refusal> {
        let message = message(&self.from, id, mail).map_err(|_| Refusal::last("was not asked: it is no valid mail"))?;
        match tokio::time::timeout(DELIVERY_TIMEOUT, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Refusal::from(&error)),
            Err(_) => Err(Refusal::for_now("took too long")),
        }
    }
}

impl Refusal {
    fn for_now(what: impl Into<String>) -> Self {
        Self { what: what.into(), is_final: false }
    }

    fn last(what: impl Into<String>) -> Self {
        Self { what: what.into(), is_final: true }
    }
}

impl From<&lettre::transport::smtp::Error> for Refusal {
    fn from(error: &lettre::transport::smtp::Error) -> Self {
        match error.status() {
            Some(code) if error.is_permanent() => Self::last(format!("refused it with {code}")),
            Some(code) => Self::for_now(format!("put it off with {code}")),
            None if error.is_timeout() => Self::for_now("took too long"),
            // lettre does not tell a certificate that is not trusted from a connection that broke.
            None => Self::for_now("could not be reached, or has no TLS that can be trusted"),
        }
    }
}

/// The TLS that the URL asks for, trusting the configured authority as well.
fn private_tls(config: &config::Mail) -> Result<Tls, MailError> {
    let url = url::Url::parse(&config.smtp_url).map_err(|_| MailError::CaWithoutTls)?;
    let pem = std::fs::read(&config.tls_ca_file).map_err(MailError::CaFile)?;
    let certificate = Certificate::from_pem(&pem).map_err(MailError::Ca)?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let parameters = TlsParameters::builder(host).add_root_certificate(certificate).build().map_err(MailError::Ca)?;
    match url.scheme() {
        "smtps" => Ok(Tls::Wrapper(parameters)),
        _ if url.query_pairs().any(|pair| pair == ("tls".into(), "required".into())) => Ok(Tls::Required(parameters)),
        _ => Err(MailError::CaWithoutTls),
    }
}

fn message(from: &Mailbox, id: Uuid, mail: &Mail) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
    let to = Mailbox::new(None, mail.to.parse()?);
    let parts = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    // The same for every try, so that a mailbox that got it twice shows it once.
    let message_id = format!("<{id}@{}>", from.email.domain());
    let builder = Message::builder().from(from.clone()).to(to).message_id(Some(message_id));
    Ok(builder.subject(mail.subject.clone()).multipart(parts)?)
}
