//! E-mail addresses as people write them, in the one form that is stored and compared. Pure.

use thiserror::Error;

use crate::line;

/// The longest address that SMTP can carry (RFC 5321 §4.5.3.1.3 less the brackets).
const MAX_BYTES: usize = 254;

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MailboxError {
    /// It holds something that nobody sees.
    #[error("The address holds a character that does not show. Type it anew.")]
    Unseen,
    /// It is none.
    #[error("Give an e-mail address such as name@example.com.")]
    Invalid,
}

/// The address trimmed, in lower case, its domain spelt once.
///
/// # Errors
/// It is no address, or holds what nobody sees.
pub fn read(text: &str) -> Result<String, MailboxError> {
    let email = spelt_once(&text.trim().to_lowercase());
    if email.chars().any(line::is_unseen) {
        return Err(MailboxError::Unseen);
    }
    let plausible = email.len() <= MAX_BYTES && email.parse::<lettre::Address>().is_ok();
    if plausible { Ok(email) } else { Err(MailboxError::Invalid) }
}

/// One spelling for a domain that has two: `bücher.example` and `xn--bcher-kva.example` are one mailbox, which is one person.
/// What is no domain is left for the check of the whole address.
fn spelt_once(email: &str) -> String {
    let domain = |(_, domain): &(&str, &str)| match url::Host::parse(domain) {
        Ok(url::Host::Domain(ascii)) => Some(ascii),
        _ => None,
    };
    email
        .rsplit_once('@')
        .and_then(|parts| Some(format!("{}@{}", parts.0, domain(&parts)?)))
        .unwrap_or_else(|| email.to_owned())
}
