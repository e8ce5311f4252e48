//! What bookkeepers are told of a number whose rental can't be paid.

use super::{DAY_US, Step};
use crate::clock::rfc3339;
use crate::config;
use crate::mail::{Lang, Mail, escaped};
use crate::numbers::store::tenants::Due;

/// How long the news is worth a mail: the next one comes a day later.
const WORTH_US: i64 = 2 * DAY_US;

/// The mail to one person.
pub(super) fn letter(
    public_url: &str,
    to: String,
    number: &Due,
    step: Step,
    rules: &config::Numbers,
    now_us: i64,
    lang: Lang,
) -> Mail {
    let link = format!("{public_url}/wallet");
    let price = number.currency.format_minor(number.monthly_price_minor);
    let day = |days: u32| {
        rfc3339(number.period_end + i64::from(days) * DAY_US).split('T').next().unwrap_or_default().to_owned()
    };
    let (suspended_on, released_on) = (day(rules.suspend_after_days), day(rules.release_after_days));
    let e164 = &number.e164;
    let (subject, text) = match step {
        Step::Release => lang.pick(
            (
                format!("{e164} was released"),
                format!("The rental of {e164} was not paid, so the number was given back."),
            ),
            (
                format!("{e164} imeachiliwa"),
                format!("Kodi ya {e164} haikulipwa, kwa hiyo nambari imerudishwa."),
            ),
        ),
        Step::Suspend => lang.pick(
            (
                format!("{e164} is suspended"),
                format!(
                    "The rental of {e164} ({price}) is not paid. The number takes and places no calls until you top up; on {released_on} it is given back."
                ),
            ),
            (
                format!("{e164} imesimamishwa"),
                format!(
                    "Kodi ya {e164} ({price}) haijalipwa. Nambari haipokei wala kupiga simu hadi uongeze salio; tarehe {released_on} itarudishwa."
                ),
            ),
        ),
        Step::Alert | Step::Wait => lang.pick(
            (
                format!("The rental of {e164} could not be charged"),
                format!(
                    "The wallet does not cover the rental of {e164} ({price}). Top up: on {suspended_on} the number is suspended, on {released_on} it is given back."
                ),
            ),
            (
                format!("Kodi ya {e164} haikuweza kutozwa"),
                format!(
                    "Pochi haitoshi kulipa kodi ya {e164} ({price}). Ongeza salio: tarehe {suspended_on} nambari itasimamishwa, tarehe {released_on} itarudishwa."
                ),
            ),
        ),
    };
    Mail {
        to,
        subject,
        text: format!("{text}\n\n{link}\n"),
        html: format!("<p>{}</p><p><a href=\"{link}\">{}</a></p>", escaped(&text), lang.pick("Top up", "Ongeza salio")),
        links: vec![link],
        worthless_at_us: now_us + WORTH_US,
    }
}
