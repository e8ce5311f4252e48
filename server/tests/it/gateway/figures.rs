//! What `/metrics` says of calls, and that the dashboard asks for nothing else.

use std::collections::BTreeSet;

use axum::Extension;
use sautikit::http::operator_router;
use serde_json::{Value, json};

use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live, eventually};

const DASHBOARD: &str = include_str!("../../../../deploy/grafana/sautikit.json");
const ALERTS: &str = include_str!("../../../../deploy/prometheus/alerts.yml");
/// What Prometheus adds to every sample, and the label of jobs, of which none may wait.
const OTHER_LABELS: [&str; 2] = ["instance", "lane"];
/// What the lines of a histogram end with.
const OF_HISTOGRAMS: [&str; 3] = ["_bucket", "_sum", "_count"];

async fn metrics(live: &Live) -> String {
    let router = operator_router(&live.server.app).layer(Extension(live.gateway.gateway.clone()));
    live.server.client_of(router).get("/metrics").await.expect(200).text
}

#[tokio::test]
async fn the_figures_say_what_became_of_a_call_and_how_long_its_trunk_took() {
    let carrier = Carrier::that_answers(Manner::Announcing).await;
    let live = Live::with_carrier(&carrier).await;
    let id = live.place(json!({ "from": FROM, "to": "+254722000042", "max_duration": 1 })).await;
    live.billed(&id).await;
    let page = metrics(&live).await;
    for line in [
        "sautikit_calls_ended_total{status=\"completed\"} 1",
        "sautikit_calls_ended_total{status=\"busy\"} 0",
        "sautikit_calls_by_state{state=\"answered\"} 0",
        "sautikit_trunk_attempts_total{trunk=\"test carrier\",outcome=\"answered\"} 1",
        "sautikit_trunk_attempts_total{trunk=\"test carrier\",outcome=\"failed\"} 0",
        "sautikit_trunk_post_dial_seconds_count{trunk=\"test carrier\"} 1",
        "sautikit_trunk_answer_seconds_bucket{trunk=\"test carrier\",le=\"+Inf\"} 1",
        "sautikit_sip_registrations 0",
        "sautikit_media_secured_legs_total{method=\"none\"} 1",
        "sautikit_media_secured_legs_total{method=\"sdes\"} 0",
        "sautikit_ledger_lag_seconds 0",
    ] {
        assert!(page.lines().any(|said| said == line), "{line}: {page}");
    }
    let operator = live.server.operator().await;
    let trunks = operator.get("/v1/admin/trunks").await.expect(200).json;
    let of_carrier = trunks.as_array().expect("trunks").iter().find(|trunk| trunk["name"] == "test carrier");
    let figures = &of_carrier.expect("the carrier")["figures"];
    let counts = ["answered", "ended", "failed"].map(|outcome| figures[outcome].as_i64());
    assert_eq!(counts, [Some(1), Some(0), Some(0)]);
    assert!(figures["post_dial_mean_ms"].is_u64() && figures["post_dial_p95_ms"].is_u64(), "{figures}");
}

#[tokio::test]
async fn what_a_live_call_holds_is_told_by_currency_and_nothing_once_it_is_over() {
    let carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_carrier(&carrier).await;
    let actions = json!([{ "pause": { "length": 60 } }]);
    let id = live.place(json!({ "from": FROM, "to": "+254722000042", "actions": actions })).await;
    live.call_that_is(&id, "answered").await;
    let page = metrics(&live).await;
    let held = page.lines().find_map(|line| line.strip_prefix("sautikit_wallet_held_minor{currency=\"KES\"} "));
    assert!(held.is_some_and(|held| held.parse::<i64>().is_ok_and(|minor| minor > 0)), "{page}");
    assert!(page.lines().any(|line| line == "sautikit_wallet_holds{currency=\"KES\"} 1"), "{page}");
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await.expect(200);
    live.billed(&id).await;
    let is_over = async || (!metrics(&live).await.contains("sautikit_wallet_held_minor{")).then_some(());
    eventually("nothing is held", is_over).await;
}

#[tokio::test]
async fn the_dashboard_and_the_alerts_ask_for_figures_and_labels_that_are_there() {
    let live = Live::with_money().await;
    let id = live.place(json!({ "from": FROM, "to": "+254722000042", "max_duration": 1 })).await;
    live.billed(&id).await;
    let page = metrics(&live).await;
    let known: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let queries: Vec<&str> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .map(|target| target["expr"].as_str().expect("a query"))
        .collect();
    assert!(queries.len() > 30, "{}", queries.len());
    let alerts: Vec<&str> = ALERTS.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    assert!(alerts.len() > 5, "{}", alerts.len());
    for query in queries.into_iter().chain(alerts) {
        for (at, _) in query.match_indices("sautikit_") {
            let name: String =
                query[at..].chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            let of_histogram = OF_HISTOGRAMS.iter().find_map(|end| name.strip_suffix(end));
            assert!(known.contains(&*name) || of_histogram.is_some_and(|name| known.contains(name)), "{name}: {query}");
        }
        for label in query.split("by (").skip(1).filter_map(|rest| rest.split(')').next()).flat_map(|by| by.split(", "))
        {
            let is_known = OTHER_LABELS.contains(&label) || page.contains(&format!("{label}=\""));
            assert!(is_known, "{label}: {query}");
        }
        for selector in query.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            // Dead jobs are none.
            assert!(page.contains(selector) || selector == "state=\"dead\"", "{selector}: {query}");
        }
    }
}
