//! The drill itself: that it finds what is open, and that what is closed costs nothing.

use uuid::Uuid;

use super::*;
use crate::calls::limits::{Countries, Set};
use crate::config::Config;

fn facts() -> Facts {
    let config = Config::defaults().unwrap();
    Facts {
        workspace_id: WorkspaceId(Uuid::from_u128(7)),
        number: "+254700000001".to_owned(),
        country: "KE".to_owned(),
        home_rate: Rate::per_minute_minor(300),
        limits: Arc::new(Limits::ceiling(&config.call_limits, "KE", &Set::default())),
        premium_prefixes: Vec::new(),
        prices: Arc::default(),
        rules: config.fraud,
        habits: Habits::default(),
        is_frozen: false,
        currency: Currency::KES,
        tax: TaxRate::NONE,
        balance_minor: 1_000_000,
        held_minor: 0,
        policy: OverdraftPolicy::None,
        floor_minor: None,
        day: None,
        now_us: 5,
    }
}

fn open(mut facts: Facts, prefixes: &[(&str, i64)]) -> Facts {
    let countries = Countries::of(["*"]);
    facts.limits = Arc::new(Limits { countries, ..Limits::clone(&facts.limits) });
    facts.prices = Arc::new(PriceList::of(Currency::KES, prefixes));
    facts
}

fn played<'a>(report: &'a Report, name: &str) -> &'a Played {
    &report.played.iter().find(|(attack, _)| attack.name.contains(name)).unwrap().1
}

#[test]
fn by_default_nothing_abroad_premium_or_satellite_gets_out() {
    let report = drill(&facts());
    for name in ["premium", "satellite", "Wangiri"] {
        let played = played(&report, name);
        assert!(!played.outcomes.is_empty());
        assert_eq!(played.cost_minor, 0, "{name}: {:?}", played.outcomes);
    }
}

#[test]
fn a_burst_at_home_costs_what_is_in_the_wallet_and_no_more() {
    let report = drill(&facts());
    let burst = played(&report, "API key");
    assert_eq!(burst.cost_minor, 1_000_000);
    assert_eq!(report.worst_minor, 1_000_000);
}

#[test]
fn a_days_limit_stops_it_there() {
    let day = Some(Day { limit_minor: 20_000, spent_minor: 5_000, until_us: 10 });
    let limited = Facts { day, policy: OverdraftPolicy::FinishCall, ..facts() };
    let report = drill(&limited);
    let burst = played(&report, "API key");
    assert_eq!(burst.cost_minor, 15_000);
    assert!(burst.outcomes.contains(&Outcome::Day));
}

#[test]
fn counts_stop_it_too() {
    let limits = Limits { concurrent_calls: Some(10), calls_per_second: Some(2), ..Limits::clone(&facts().limits) };
    let report = drill(&Facts { limits: Arc::new(limits), ..facts() });
    let burst = played(&report, "API key");
    let placed = burst.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Placed(_))).count();
    assert_eq!(placed, 10);
    // An hour of ten calls at KES 3.
    assert_eq!(burst.cost_minor, 10 * 60 * 300);
}

#[test]
fn what_is_open_is_frozen_before_it_has_cost_much() {
    let facts =
        open(Facts { balance_minor: 1_000_000_000, ..facts() }, &[("252", 20_000), ("371", 15_000), ("53", 30_000)]);
    let report = drill(&facts);
    let sequential = played(&report, "sequential");
    let (finding, at) = sequential.frozen.unwrap();
    assert_eq!((finding.reason.as_str(), at), ("sequential_numbers", 10));
    assert_eq!(sequential.outcomes.last(), Some(&Outcome::Frozen));
    assert!(sequential.cost_minor > 0 && played(&report, "Wangiri").frozen.is_some());
    let off = Facts { rules: Fraud { enabled: false, ..facts.rules.clone() }, ..facts };
    assert!(played(&drill(&off), "sequential").cost_minor > sequential.cost_minor);
}

#[test]
fn a_workspace_that_is_frozen_already_loses_nothing() {
    let report = drill(&Facts { is_frozen: true, ..facts() });
    assert_eq!(report.worst_minor, 0);
}

#[test]
fn what_an_attack_costs_bears_tax() {
    let net = Facts { balance_minor: 1_000_000_000, ..open(facts(), &[("44", 5_000), ("1", 5_000), ("88", 90_000)]) };
    let gross = Facts { tax: TaxRate::of_basis_points(1_600), ..net.clone() };
    let (net, gross) = (drill(&net).worst_minor, drill(&gross).worst_minor);
    assert!(net > 0 && gross >= net * 116 / 100, "{net} {gross}");
}
