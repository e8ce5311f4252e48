use super::*;
use serde_json::json;

const ID: &str = "019a0000-0000-7000-8000-000000000001";

/// A workspace in which nothing needs attention: 20 days of money.
struct Scene {
    balance: Balance,
    stats: CallStats,
    numbers: Vec<Number>,
    keys: Vec<ApiKey>,
    endpoints: Vec<Webhook>,
}

impl Scene {
    fn new() -> Self {
        let day = json!({"start": "2026-11-20T21:00:00Z", "date": "2026-11-21", "total_calls": 4, "answered_calls": 3, "failed_calls": 1,
            "total_seconds": 60, "total_spend_minor": 900});
        let stats = json!({"total_calls": 32, "answered_calls": 24, "failed_calls": 8, "total_minutes": 8, "total_spend_minor": 7_200,
            "currency": "KES", "buckets": vec![day; 8]});
        let balance = json!({"balance_minor": 20_000, "held_minor": 0, "available_minor": 20_000, "currency": "KES",
            "low_balance_threshold_minor": null, "overdraft_policy": "finish_call", "overdraft_floor_minor": null});
        let number = json!({"id": ID, "number": "+254700000001", "e164": "+254700000001", "status": "active", "country": "KE",
            "capabilities": ["voice"], "currency": "KES", "monthly_price_minor": 3_000, "inbound_per_min_e4": 0, "inbound_per_min_minor": 0,
            "outbound_per_min_e4": 300_0000, "outbound_per_min_minor": 300, "billing_minimum_seconds": 1, "billing_increment_seconds": 1,
            "created_at": "2026-11-01T09:00:00Z", "voice_callback_url": null, "voice_url": null, "events_url": null,
            "fallback_url": null, "ring_devices": true, "compat": "sautikit"});
        let key = json!({"id": ID, "name": "billing", "prefix": "skt_test_8f3k", "status": "active", "scopes": ["*"],
            "created_at": "2026-11-01T09:00:00Z", "last_used_at": null, "last_used_ip": null, "rotated_at": null,
            "former_secret_until": null, "expires_at": null, "revoked_at": null});
        let endpoint = json!({"id": ID, "url": "https://shop.example/events", "number_id": null, "events": ["*"],
            "description": "", "status": "enabled", "disabled_reason": null, "rate_per_second": null,
            "secret_of": "workspace", "former_secret_until": null, "rotated_at": null, "created_at": "2026-11-01T09:00:00Z",
            "health": {"deliveries": 1, "success_rate": 1.0, "p50_ms": 1, "p95_ms": 1, "circuit": "closed",
                "paused_until": null, "failing_since": null, "failures": 0}});
        Self {
            balance: serde_json::from_value(balance).unwrap(),
            stats: serde_json::from_value(stats).unwrap(),
            numbers: vec![serde_json::from_value(number).unwrap()],
            keys: vec![serde_json::from_value(key).unwrap()],
            endpoints: vec![serde_json::from_value(endpoint).unwrap()],
        }
    }

    fn items(&self) -> Vec<(bool, String)> {
        let facts = Facts {
            balance: Some(&self.balance),
            stats: &self.stats,
            numbers: &self.numbers,
            keys: &self.keys,
            endpoints: &self.endpoints,
            now_us: format::micros("2026-11-21T12:00:00Z").unwrap(),
        };
        items(&facts, Lang::English).into_iter().map(|item| (item.is_bad, item.title)).collect()
    }
}

#[test]
fn a_workspace_that_does_well_is_left_alone() {
    assert!(Scene::new().items().is_empty());
}

#[test]
fn money_that_ends_soon_is_told_in_days() {
    let mut scene = Scene::new();
    scene.balance.available_minor = 10_000;
    assert_eq!(scene.items(), [(false, "At the pace of the last week your money lasts for about 10 days".to_owned())]);
    scene.balance.available_minor = 2_500;
    assert!(scene.items()[0].0);
    scene.balance.available_minor = -1;
    assert!(scene.items()[0].1.contains("within a day"));
}

#[test]
fn rentals_that_the_wallet_can_not_pay_are_told_a_week_before() {
    let mut scene = Scene::new();
    scene.balance.available_minor = 2_999;
    let told = |scene: &Scene| scene.items().into_iter().find(|(_, title)| title.contains("Rentals"));
    assert_eq!(told(&scene), None, "nine days before");
    scene.stats.buckets.iter_mut().for_each(|day| day.date = "2026-11-26".to_owned());
    let (is_bad, title) = told(&scene).unwrap();
    assert!(is_bad && title.contains("KES 30.00 are due in 5 days and KES 29.99"), "{title}");
    scene.balance.available_minor = 3_000;
    assert_eq!(told(&scene), None);
    assert_eq!(["2028-02-28", "2026-02-28", "2026-12-31", "x"].map(days_left), [Some(1), Some(0), Some(0), None]);
}

#[test]
fn who_spends_nothing_runs_out_of_nothing() {
    let mut scene = Scene::new();
    scene.numbers.clear();
    scene.stats.buckets.iter_mut().for_each(|day| day.total_spend_minor = 0);
    scene.balance.available_minor = 0;
    assert!(scene.items().is_empty());
}

#[test]
fn the_worst_comes_first() {
    let mut scene = Scene::new();
    scene.balance.available_minor = 10_000;
    scene.numbers[0].status = "suspended".to_owned();
    let bad: Vec<bool> = scene.items().into_iter().map(|(is_bad, _)| is_bad).collect();
    assert_eq!(bad, [true, false]);
}

#[test]
fn endpoints_that_fail_are_named_and_those_switched_off_by_hand_are_not() {
    let mut scene = Scene::new();
    scene.endpoints[0].health.failing_since = Some("2026-11-21T09:00:00Z".to_owned());
    assert_eq!(scene.items(), [(false, "Events to https://shop.example/events are not arriving".to_owned())]);
    scene.endpoints[0].disabled_reason = Some("failing".to_owned());
    scene.endpoints[0].status = WebhookStatus::Disabled;
    assert!(scene.items()[0].0 && scene.items()[0].1.contains("switched off"));
    scene.endpoints[0].disabled_reason = Some("by_hand".to_owned());
    assert!(scene.items().is_empty());
}

#[test]
fn a_key_is_named_in_its_last_two_weeks() {
    let mut scene = Scene::new();
    scene.keys[0].expires_at = Some("2026-12-05T11:00:00Z".to_owned());
    assert_eq!(scene.items(), [(false, "The API key billing ends on 5 Dec 2026".to_owned())]);
    for other in ["2026-12-05T12:00:00Z", "2026-11-21T11:59:59Z"] {
        scene.keys[0].expires_at = Some(other.to_owned());
        assert!(scene.items().is_empty(), "{other}");
    }
}

#[test]
fn a_day_on_which_half_of_the_calls_fail_is_worth_a_word() {
    let mut scene = Scene::new();
    let today = scene.stats.buckets.last_mut().unwrap();
    (today.total_calls, today.failed_calls) = (6, 3);
    assert_eq!(scene.items(), [(false, "3/6 of today's calls were not connected".to_owned())]);
}

#[test]
fn a_server_that_fails_is_said_by_how_often() {
    let mut scene = Scene::new();
    let mut said = |answered, failed| {
        scene.stats.callbacks = sautikit_api::calls::CallbackStats { answered, failed, p95_ms: Some(80) };
        scene.items()
    };
    assert!(said(100, 0).is_empty() && said(100, 1).is_empty());
    assert_eq!(said(90, 10), [(false, "Your server failed 10/100 of its last callbacks".to_owned())]);
    assert_eq!(said(3, 1), [(true, "Your server failed 1/4 of its last callbacks".to_owned())]);
}
