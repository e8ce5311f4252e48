//! What of a workspace needs somebody's attention: rules over what Home knows, the worst first. Pure; where nothing does,
//! nothing is said.

use crate::{
    components::{Glyph, Icon},
    format,
    i18n::{Lang, fill},
};
use leptos::prelude::*;
use sautikit_api::{
    calls::CallStats,
    keys::ApiKey,
    numbers::Number,
    wallet::Balance,
    webhooks::{Webhook, WebhookStatus},
};

/// What can be spent lasts for fewer days than this: worth a word, and worth a red one.
const RUNWAY_DAYS: i64 = 14;
const SHORT_RUNWAY_DAYS: i64 = 3;
/// Days before today over which spending is averaged: a week has all its weekdays.
const SPENDING_DAYS: usize = 7;
/// Days of a month of rental.
const MONTH_DAYS: i64 = 30;
/// Rentals of the next month are looked at in the last days of one: long enough for a payment by bank.
const RENTAL_DAYS: i64 = 7;
/// A key that ends within this many days is worth a word.
const KEY_DAYS: i64 = 14;
const DAY_US: i64 = 86_400_000_000;
/// Fewer calls in a day say nothing about a share of them.
const FEW_CALLS: i64 = 5;

/// One thing to look at.
#[derive(Debug, PartialEq)]
pub(super) struct Item {
    pub(super) is_bad: bool,
    pub(super) title: String,
    pub(super) href: String,
}

/// What the rules go by; what a role may not read is absent.
pub(super) struct Facts<'a> {
    pub(super) balance: Option<&'a Balance>,
    pub(super) stats: &'a CallStats,
    pub(super) numbers: &'a [Number],
    pub(super) keys: &'a [ApiKey],
    pub(super) endpoints: &'a [Webhook],
    /// Microseconds UTC.
    pub(super) now_us: i64,
}

/// All that needs attention, the worst first.
pub(super) fn items(facts: &Facts<'_>, lang: Lang) -> Vec<Item> {
    let mut items = Vec::new();
    items.extend(runway(facts, lang));
    items.extend(numbers(facts, lang));
    items.extend(rentals(facts, lang));
    items.extend(endpoints(facts, lang));
    items.extend(callbacks(facts, lang));
    items.extend(unanswered(facts, lang));
    items.extend(keys(facts, lang));
    items.sort_by_key(|item| !item.is_bad);
    items
}

/// Days that what can be spent lasts for, at the pace of the last week and with the rentals.
fn runway_days(facts: &Facts<'_>) -> Option<i64> {
    let available = facts.balance?.available_minor;
    let before_today = facts.stats.buckets.len().saturating_sub(1);
    let week = facts.stats.buckets.iter().take(before_today).rev().take(SPENDING_DAYS);
    let (days, spent) = week.fold((0, 0), |(days, spent), day| (days + 1, spent + day.total_spend_minor));
    let rentals: i64 = facts.numbers.iter().map(|number| number.monthly_price_minor).sum();
    let of_a_month = spent * MONTH_DAYS / i64::from(days.max(1)) + rentals;
    (of_a_month > 0).then(|| available.max(0).saturating_mul(MONTH_DAYS) / of_a_month)
}

fn runway(facts: &Facts<'_>, lang: Lang) -> Option<Item> {
    let text = &lang.text().home;
    let days = runway_days(facts).filter(|days| *days < RUNWAY_DAYS)?;
    let title = if days == 0 { text.runway_none.to_owned() } else { fill(text.runway, &days.to_string()) };
    Some(Item { is_bad: days < SHORT_RUNWAY_DAYS, title, href: "/wallet#top-up".to_owned() })
}

fn numbers(facts: &Facts<'_>, lang: Lang) -> Vec<Item> {
    let text = &lang.text().home;
    let suspended = facts.numbers.iter().filter(|number| number.status == "suspended").map(|number| Item {
        is_bad: true,
        title: fill(text.number_lapses, &number.e164),
        href: format!("/numbers/{}", number.id),
    });
    suspended.collect()
}

/// Numbers whose next month the wallet can't pay, told a week before.
fn rentals(facts: &Facts<'_>, lang: Lang) -> Option<Item> {
    let text = &lang.text().home;
    let balance = facts.balance?;
    let days = days_left(&facts.stats.buckets.last()?.date).filter(|days| *days < RENTAL_DAYS)?;
    let active = facts.numbers.iter().filter(|number| number.status == "active");
    let due_minor: i64 = active.map(|number| number.monthly_price_minor).sum();
    (due_minor > balance.available_minor).then(|| Item {
        is_bad: true,
        title: fill(
            &fill(&fill(text.rentals_due, &format::money(due_minor, &balance.currency)), &(days + 1).to_string()),
            &format::money(balance.available_minor, &balance.currency),
        ),
        href: "/wallet#top-up".to_owned(),
    })
}

/// Days of the month that follow this one (`2026-11-21`).
fn days_left(date: &str) -> Option<i64> {
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    };
    Some(days - day)
}

fn endpoints(facts: &Facts<'_>, lang: Lang) -> Vec<Item> {
    let text = &lang.text().home;
    let item = |endpoint: &Webhook| {
        let title = match (endpoint.status, endpoint.disabled_reason.as_deref()) {
            (_, Some("by_hand")) => return None,
            (_, Some(_)) => text.endpoint_off,
            (WebhookStatus::Enabled, None) if endpoint.health.failing_since.is_some() => text.endpoint_fails,
            _ => return None,
        };
        let (title, href) = (fill(title, &endpoint.url), format!("/developers/webhooks/{}", endpoint.id));
        Some(Item { is_bad: endpoint.disabled_reason.is_some(), title, href })
    };
    facts.endpoints.iter().filter_map(item).collect()
}

/// The server that steers the calls fails: said from one in twenty on, and in red from one in four.
fn callbacks(facts: &Facts<'_>, lang: Lang) -> Option<Item> {
    let callbacks = &facts.stats.callbacks;
    let all = callbacks.answered + callbacks.failed;
    let is_much = callbacks.failed > 0 && callbacks.failed * 20 >= all;
    let share = format!("{}/{all}", callbacks.failed);
    is_much.then(|| Item {
        is_bad: callbacks.failed * 4 >= all,
        title: fill(lang.text().home.server_fails, &share),
        href: "/calls".to_owned(),
    })
}

fn unanswered(facts: &Facts<'_>, lang: Lang) -> Option<Item> {
    let today = facts.stats.buckets.last()?;
    let is_much = today.total_calls >= FEW_CALLS && today.failed_calls * 2 >= today.total_calls;
    let share = format!("{}/{}", today.failed_calls, today.total_calls);
    is_much.then(|| Item {
        is_bad: false,
        title: fill(lang.text().home.many_failed, &share),
        href: format!("/calls?status=failed&from_date={}", today.date),
    })
}

fn keys(facts: &Facts<'_>, lang: Lang) -> Vec<Item> {
    let text = &lang.text().home;
    let item = |key: &ApiKey| {
        let at = key.expires_at.as_ref().filter(|_| key.revoked_at.is_none())?;
        let days = (format::micros(at)? - facts.now_us).div_euclid(DAY_US);
        let title = fill(&fill(text.key_ends, &key.name), &format::date(at, lang));
        (0..KEY_DAYS).contains(&days).then(|| Item { is_bad: false, title, href: "/developers/keys".to_owned() })
    };
    facts.keys.iter().filter_map(item).collect()
}

/// The panel; nothing where nothing needs attention.
pub(super) fn attention(facts: &Facts<'_>, lang: Lang) -> Option<AnyView> {
    listed(items(facts, lang), lang)
}

/// The panel of these.
pub(super) fn listed(items: Vec<Item>, lang: Lang) -> Option<AnyView> {
    if items.is_empty() {
        return None;
    }
    let lines = items.into_iter().map(|Item { is_bad, title, href }| {
        let class = if is_bad { "attention__item attention__item--bad" } else { "attention__item" };
        view! { <li class=class><Icon glyph=Glyph::Alert/><a class="breakable" href=href>{title}</a></li> }
    });
    let title = lang.text().home.attention;
    Some(view! { <section class="panel" aria-label=title><div class="panel__head"><h2>{title}</h2></div><ul class="attention">{lines.collect_view()}</ul></section> }.into_any())
}

#[cfg(test)]
#[path = "home_attention_test.rs"]
mod tests;
