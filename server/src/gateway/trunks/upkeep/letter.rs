//! What operators are told when a trunk does not take our registration.

use crate::mail::{Mail, escaped};

/// How long the news is worth a mail: after that the console has told it.
const WORTH_US: i64 = 86_400 * 1_000_000;

/// The mail to one operator.
pub(super) fn letter(public_url: &str, to: String, trunk: &str, status: u16, now_us: i64) -> Mail {
    let link = format!("{public_url}/operator/trunks");
    let why = match status {
        408 => "It does not answer.".to_owned(),
        503 => "No connection to it could be opened, or it is out of service (503).".to_owned(),
        401 | 403 | 407 => format!("It refuses the user name or the password ({status})."),
        status => format!("It answers {status}."),
    };
    let text = format!(
        "The trunk {trunk} does not take our registration. {why} Calls from it do not come in, and calls to it are tried \
         last. We go on asking, every quarter of an hour at the latest."
    );
    Mail {
        to,
        subject: format!("Trunk {trunk} is not registered"),
        text: format!("{text}\n\n{link}\n"),
        html: format!("<p>{}</p><p><a href=\"{link}\">Open the trunks</a></p>", escaped(&text)),
        links: vec![link],
        worthless_at_us: now_us + WORTH_US,
    }
}
