//! What bookkeepers are told of a number whose rental can't be paid.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{DAY_US, Step};
use crate::config;
use crate::mail::{Lang, Mail, escaped};
use crate::numbers::store::tenants::Due;

/// How long the news is worth a mail: the next one comes a day later.
const WORTH_US: i64 = 2 * DAY_US;

/// What the wallet's side of it is.
pub(super) struct Told {
    /// What is to be paid, tax included, as people read it.
    pub(super) price: String,
    /// In which days begin.
    pub(super) zone: TimeZone,
}

impl Told {
    /// The day of a moment (microseconds UTC), where the workspace is.
    fn day(&self, at_us: i64) -> String {
        let at = Timestamp::from_microsecond(at_us).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(self.zone.clone()).date().to_string()
    }
}

/// The mail to one person.
pub(super) fn letter(
    public_url: &str,
    to: String,
    number: &Due,
    step: Step,
    rules: &config::Numbers,
    told: &Told,
    now_us: i64,
    lang: Lang,
) -> Mail {
    let link = format!("{public_url}/wallet");
    let price = &told.price;
    let day = |days: u32| told.day(number.period_end + i64::from(days) * DAY_US);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_workspaces_and_not_utcs() {
        let told = Told { price: "KES 116.00".to_owned(), zone: TimeZone::get("Africa/Nairobi").unwrap() };
        // The first of December begins at 21:00 UTC of the day before.
        let at: Timestamp = "2026-11-30T21:00:00Z".parse().unwrap();
        assert_eq!(told.day(at.as_microsecond()), "2026-12-01");
    }
}
