//! The receipt of a top-up, and what its provider took back of it or gave back, by mail.

use super::TopUp;
use crate::clock::rfc3339;
use crate::mail::{Lang, Mail, escaped};

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
    lang: Lang,
) -> Mail {
    let link = format!("{public_url}/wallet");
    let amount = top_up.currency.format_minor(top_up.amount_minor);
    let balance = top_up.currency.format_minor(balance_minor);
    let play = match (top_up.simulated, lang) {
        (false, _) => "",
        (true, Lang::English) => " It is play money of the simulator.",
        (true, Lang::Swahili) => " Ni pesa za majaribio za kiigaji.",
    };
    let lines = [
        (lang.pick("Amount", "Kiasi"), amount.clone()),
        (lang.pick("Paid by", "Njia ya malipo"), top_up.method.name().to_owned()),
        (lang.pick("Receipt", "Risiti"), reference.to_owned()),
        (lang.pick("Received", "Ilipokelewa"), rfc3339(now_us)),
        (lang.pick("Balance now", "Salio sasa"), balance),
        (lang.pick("Top-up", "Nyongeza"), top_up.id.to_string()),
    ];
    let arrived = lang.pick("Your payment has arrived.", "Malipo yako yamefika.");
    let subject = lang.pick(
        format!("Receipt: {amount} in your Sautikit wallet"),
        format!("Risiti: {amount} kwenye pochi yako ya Sautikit"),
    );
    mail(link, to, subject, &format!("{arrived}{play}"), &lines, now_us, lang)
}

/// The mail about money that the provider took back of a top-up (`amount_minor` is negative), or gave back after a dispute.
pub(super) fn returned(
    public_url: &str,
    to: String,
    top_up: &TopUp,
    amount_minor: i64,
    balance_minor: i64,
    now_us: i64,
    lang: Lang,
) -> Mail {
    let amount = top_up.currency.format_minor(amount_minor.saturating_abs());
    let provider = top_up.method.name();
    let lines = [
        (lang.pick("Amount", "Kiasi"), amount.clone()),
        (lang.pick("Of the payment of", "Ya malipo ya"), top_up.currency.format_minor(top_up.amount_minor)),
        (lang.pick("Receipt", "Risiti"), top_up.receipt.clone().unwrap_or_default()),
        (lang.pick("Booked", "Iliandikwa"), rfc3339(now_us)),
        (lang.pick("Balance now", "Salio sasa"), top_up.currency.format_minor(balance_minor)),
        (lang.pick("Top-up", "Nyongeza"), top_up.id.to_string()),
    ];
    let (subject, said) = if amount_minor < 0 {
        (
            lang.pick(
                format!("{amount} taken out of your Sautikit wallet"),
                format!("{amount} zimetolewa kwenye pochi yako ya Sautikit"),
            ),
            lang.pick(
                format!("{provider} took money back of a payment of yours: it was refunded, reversed or disputed."),
                format!("{provider} imerudisha pesa za malipo yako: zilirejeshwa, zilighairiwa au zilipingwa."),
            ),
        )
    } else {
        (
            lang.pick(
                format!("{amount} back in your Sautikit wallet"),
                format!("{amount} zimerudi kwenye pochi yako ya Sautikit"),
            ),
            lang.pick(
                format!("A dispute about a payment of yours has ended, and {provider} gave the money back."),
                format!("Pingamizi kuhusu malipo yako limekwisha, na {provider} imerudisha pesa."),
            ),
        )
    };
    mail(format!("{public_url}/wallet"), to, subject, &said, &lines, now_us, lang)
}

fn mail(
    link: String,
    to: String,
    subject: String,
    said: &str,
    lines: &[(&str, String)],
    now_us: i64,
    lang: Lang,
) -> Mail {
    let text: String = lines.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let rows: String = lines
        .iter()
        .map(|(name, value)| format!("<tr><th align=\"left\">{name}</th><td>{}</td></tr>", escaped(value)))
        .collect();
    Mail {
        to,
        subject,
        text: format!("{said}\n\n{text}\n{link}\n"),
        html: format!(
            "<p>{said}</p><table>{rows}</table><p><a href=\"{link}\">{}</a></p>",
            lang.pick("Open the wallet", "Fungua pochi")
        ),
        links: vec![link],
        worthless_at_us: now_us + WORTH_US,
    }
}
