//! What subscribers are told when a balance fell.

use crate::mail::{Lang, Mail, escaped};

/// How long the news is worth a mail: later the balance is another one.
const WORTH_US: i64 = 86_400 * 1_000_000;

/// The mail to one subscriber about a balance and the threshold that it fell below.
pub(super) fn letter(
    public_url: &str,
    to: String,
    (balance, threshold): &(String, String),
    now_us: i64,
    lang: Lang,
) -> Mail {
    let link = format!("{public_url}/wallet");
    let text = lang.pick(
        format!(
            "The balance of your Sautikit wallet is {balance}, below the {threshold} at which you wanted to be told. Top up, so that calls go on and numbers are kept."
        ),
        format!(
            "Salio la pochi yako ya Sautikit ni {balance}, chini ya {threshold} ulichotaka kuarifiwa. Ongeza salio ili simu ziendelee na nambari zibaki zako."
        ),
    );
    Mail {
        to,
        subject: format!("{}: {balance}", lang.pick("Low balance", "Salio ni dogo")),
        text: format!("{text}\n\n{link}\n"),
        html: format!("<p>{}</p><p><a href=\"{link}\">{}</a></p>", escaped(&text), lang.pick("Top up", "Ongeza salio")),
        links: vec![link],
        worthless_at_us: now_us + WORTH_US,
    }
}
