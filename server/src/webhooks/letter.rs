//! What owners are told when one of their endpoints was switched off.

use url::Url;

use super::endpoints::Endpoint;
use crate::mail::{Lang, Mail, escaped};

/// How long the news is worth a mail.
const WORTH_US: i64 = 3 * 86_400 * 1_000_000;

/// The mail to one owner. Of the URL only the host is named: the rest may hold credentials.
pub(super) fn letter(public_url: &str, to: String, endpoint: &Endpoint, now_us: i64, lang: Lang) -> Mail {
    let link = format!("{public_url}/developers/webhooks/{}", endpoint.id);
    let host = Url::parse(&endpoint.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_else(|| endpoint.url.clone());
    let is_gone = endpoint.disabled_reason.as_deref() == Some("gone");
    let text = match lang {
        Lang::English => {
            let why = if is_gone {
                "answered 410 Gone, which means that nothing is to be sent there any more"
            } else {
                "answered no event for three days"
            };
            format!(
                "Your webhook endpoint at {host} {why}. It is switched off: events are no longer sent there. Once it answers again, switch it on and have what was missed sent again."
            )
        }
        Lang::Swahili => {
            let why = if is_gone {
                "imejibu 410 Gone, yaani isitumiwe chochote tena"
            } else {
                "haikujibu tukio lolote kwa siku tatu"
            };
            format!(
                "Anwani yako ya webhook kwenye {host} {why}. Imezimwa: matukio hayatumwi huko tena. Ikianza kujibu, iwashe na tuma tena yaliyokosekana."
            )
        }
    };
    Mail {
        to,
        subject: format!("{}: {host}", lang.pick("Webhook endpoint switched off", "Anwani ya webhook imezimwa")),
        text: format!("{text}\n\n{link}\n"),
        html: format!(
            "<p>{}</p><p><a href=\"{link}\">{}</a></p>",
            escaped(&text),
            lang.pick("Look at the endpoint", "Angalia anwani")
        ),
        links: vec![link],
        worthless_at_us: now_us + WORTH_US,
    }
}
