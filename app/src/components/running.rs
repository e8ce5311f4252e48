//! What grows while a call runs: its clock and what it costs so far. Right when the page is written; `app/js/running.js` goes on
//! counting from there, without asking anybody.

use crate::{estimate::Plan, format};
use leptos::prelude::*;
use sautikit_api::{
    calls::{Call, CallLeg},
    money::Currency,
};

/// How long ago that moment (RFC 3339) was, as a clock that goes on.
#[component]
pub(crate) fn RunningClock(
    since: String,
    /// Microseconds UTC.
    now_us: i64,
) -> impl IntoView {
    let elapsed_ms = elapsed_ms(&since, now_us);
    view! { <span class="figure" data-running-ms=elapsed_ms.to_string()>{format::duration(elapsed_ms / 1_000)}</span> }
}

/// What a call has cost up to now, before tax, as a figure that goes on.
#[component]
pub(crate) fn RunningCost(
    call: Call,
    /// Microseconds UTC.
    now_us: i64,
) -> impl IntoView {
    let Cost { fixed_minor, running } = cost(&call.legs, now_us);
    let exponent = Currency::parse(&call.currency).map_or(0, Currency::exponent);
    let so_far = running.iter().filter_map(|leg| leg.plan.cost_minor(started_second(leg.elapsed_ms))).sum::<i64>();
    let legs = running.iter().map(|leg| {
        let Plan { per_minute_e4, minimum_seconds, increment_seconds } = leg.plan;
        format!("{},{per_minute_e4},{minimum_seconds},{increment_seconds}", leg.elapsed_ms)
    });
    let legs = legs.collect::<Vec<_>>().join(" ");
    view! {
        <span class="figure nowrap" data-running-legs=legs data-running-minor=fixed_minor.to_string() data-running-currency=call.currency.clone() data-running-exponent=exponent.to_string()>
            {format::money(fixed_minor.saturating_add(so_far), &call.currency)}
        </span>
    }
}

/// What a running call has cost: of legs that are over, and of those that go on.
#[derive(Debug, PartialEq)]
struct Cost {
    fixed_minor: i64,
    running: Vec<RunningLeg>,
}

#[derive(Debug, PartialEq)]
struct RunningLeg {
    elapsed_ms: i64,
    plan: Plan,
}

fn cost(legs: &[CallLeg], now_us: i64) -> Cost {
    let mut cost = Cost { fixed_minor: 0, running: Vec::new() };
    for leg in legs {
        let Some(answered_at) = &leg.answered_at else { continue };
        let plan = Plan {
            per_minute_e4: leg.rate_per_min_e4,
            minimum_seconds: leg.billing_minimum_seconds,
            increment_seconds: leg.billing_increment_seconds,
        };
        match (leg.cost_minor, &leg.outcome) {
            (Some(minor), _) => cost.fixed_minor += minor,
            (None, Some(_)) => cost.fixed_minor += plan.cost_minor(leg.duration_seconds.max(1)).unwrap_or_default(),
            (None, None) => cost.running.push(RunningLeg { elapsed_ms: elapsed_ms(answered_at, now_us), plan }),
        }
    }
    cost
}

fn elapsed_ms(since: &str, now_us: i64) -> i64 {
    format::micros(since).map_or(0, |since_us| now_us.saturating_sub(since_us).max(0) / 1_000)
}

/// A second that has begun is paid for.
fn started_second(elapsed_ms: i64) -> i64 {
    elapsed_ms / 1_000 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn leg(answered_at: Option<&str>, outcome: Option<&str>, cost_minor: Option<i64>) -> CallLeg {
        serde_json::from_value(json!({
            "id": "019a2f6c-5512-7b9f-8e01-77c3a2d4e555", "pbx_call_id": "HD_019a2f6c-5512-7b9f-8e01-77c3a2d4e555",
            "kind": "telephone", "direction": "outbound", "target": "+254722000042", "outcome": outcome,
            "answered_at": answered_at, "duration_seconds": 20, "rate_per_min_e4": 3_000_000,
            "billing_minimum_seconds": 1, "billing_increment_seconds": 1, "cost_minor": cost_minor,
        }))
        .unwrap()
    }

    #[test]
    fn legs_that_are_over_cost_what_they_did_and_others_go_on() {
        let at = "2026-11-21T09:00:00Z";
        let now_us = format::micros("2026-11-21T09:00:12.5Z").unwrap();
        let legs = [
            leg(None, None, None),
            leg(None, Some("busy"), None),
            leg(Some(at), Some("normal_clearing"), Some(140)),
            leg(Some(at), Some("normal_clearing"), None),
            leg(Some(at), None, None),
        ];
        let Cost { fixed_minor, running } = cost(&legs, now_us);
        assert_eq!(fixed_minor, 140 + 100);
        assert_eq!(running.iter().map(|leg| leg.elapsed_ms).collect::<Vec<_>>(), [12_500]);
        assert_eq!(running[0].plan.cost_minor(started_second(12_500)), Some(65), "the thirteenth second has begun");
        assert_eq!(elapsed_ms("2026-11-21T10:00:00Z", now_us), 0, "clocks differ");
    }
}
