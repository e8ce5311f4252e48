//! What owners are told when one of their endpoints was switched off.

use url::Url;

use super::endpoints::Endpoint;
use crate::mail::{Mail, escaped};

/// How long the news is worth a mail.
const WORTH_US: i64 = 3 * 86_400 * 1_000_000;

/// The mail to one owner. Of the URL only the host is named: the rest may hold credentials.
pub(super) fn letter(public_url: &str, to: String, endpoint: &Endpoint, now_us: i64) -> Mail {
    let link = format!("{public_url}/developers/webhooks/{}", endpoint.id);
    let host = Url::parse(&endpoint.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let why = match endpoint.disabled_reason.as_deref() {
        Some("gone") => "answered 410 Gone, which means that nothing is to be sent there any more",
        _ => "answered no event for three days",
    };
    let text = format!(
        "Your webhook endpoint at {host} {why}. It is switched off: events are no longer sent there. Once it answers again, switch it on and have what was missed sent again."
    );
    Mail {
        to,
        subject: format!("Webhook endpoint switched off: {host}"),
        text: format!("{text}\n\n{link}\n"),
        html: format!("<p>{}</p><p><a href=\"{link}\">Look at the endpoint</a></p>", escaped(&text)),
        links: vec![link],
        worthless_at_us: now_us + WORTH_US,
    }
}
