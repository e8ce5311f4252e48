//! The receipt of a top-up, by mail.

use super::TopUp;
use crate::clock::rfc3339;
use crate::mail::{Mail, escaped};

/// How long a receipt is worth a mail: books are kept by the month.
const WORTH_US: i64 = 30 * 86_400 * 1_000_000;

/// The mail to one person. `reference` is the provider's receipt, or ours for the payment until that is known.
pub(super) fn receipt(
    public_url: &str,
    to: String,
    top_up: &TopUp,
    reference: &str,
    balance_minor: i64,
    now_us: i64,
) -> Mail {
    let link = format!("{public_url}/wallet");
    let amount = top_up.currency.format_minor(top_up.amount_minor);
    let balance = top_up.currency.format_minor(balance_minor);
    let play = if top_up.simulated { " It is play money of the simulator." } else { "" };
    let lines = [
        ("Amount", amount.clone()),
        ("Paid by", top_up.method.name().to_owned()),
        ("Receipt", reference.to_owned()),
        ("Received", rfc3339(now_us)),
        ("Balance now", balance),
        ("Top-up", top_up.id.to_string()),
    ];
    let text: String = lines.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let rows: String = lines
        .iter()
        .map(|(name, value)| format!("<tr><th align=\"left\">{name}</th><td>{}</td></tr>", escaped(value)))
        .collect();
    Mail {
        to,
        subject: format!("Receipt: {amount} in your Sautikit wallet"),
        text: format!("Your payment has arrived.{play}\n\n{text}\n{link}\n"),
        html: format!(
            "<p>Your payment has arrived.{play}</p><table>{rows}</table><p><a href=\"{link}\">Open the wallet</a></p>"
        ),
        links: vec![link],
        worthless_at_us: now_us + WORTH_US,
    }
}
