//! Pages of operators, and what runs.

use super::scripted::{ID, ScriptedApi};
use super::{fields, page, render, visit};
use app::Visit;
use app::api_client::Api;
use app::forms::{self, Next};
use app::i18n::Lang;
use std::sync::Arc;

#[tokio::test]
async fn operators_read_a_workspaces_statements_and_what_waits_for_them() {
    let pages = format!("/operator/workspaces/{ID}/statements");
    let html = page("operator-statements", &pages).await;
    assert!(html.contains("Duka Moja Ltd") && html.contains(&format!("{pages}/2026-11")));
    let html = page("operator-statement", &format!("{pages}/2026-11")).await;
    assert!(html.contains("Sauti Ltd") && html.contains("P051234567X"));
    assert!(html.contains(&format!("/v1/admin/wallets/{ID}/statements/2026-11/entries.csv")));
    let html = page("operator-calls", "/operator/calls").await;
    assert!(html.contains("data-running-ms") && html.contains(&format!("/console/operator/calls/{ID}/hangup")));
    let html = page("operator-nodes", "/operator/nodes").await;
    assert!(html.contains("n0deA1b2C3d4E5f6") && html.contains("0.0.9") && html.contains("Takes no new calls"));
    assert!(!html.contains("09:00:15Z"), "leases that are renewed are no news");
    let html = page("operator-jobs", "/operator/jobs").await;
    assert!(html.contains("refund:paystack:77") && html.contains(&format!("/console/operator/jobs/{ID}/retry")));
    let html = page("ledger", "/wallet/ledger?kind=top_up&month=2026-11").await;
    assert!(html.contains("href=\"/wallet/ledger?month=2026-11\"") && html.contains("KES 897.65"));
}

#[tokio::test]
async fn a_call_s_page_shows_the_packet_and_how_it_sounded_beside_the_rest() {
    let html = page("call", &format!("/calls/{ID}")).await;
    assert!(html.contains("INVITE received") && html.contains("href=\"#sip-0\"") && html.contains("id=\"sip-0\""));
    assert!(html.contains("Via: SIP/2.0/UDP 198.51.100.4:5060"), "the message itself");
    assert!(html.contains("MOS 4.3") && html.contains("id=\"quality-0\""));
    assert!(html.contains(&format!("/v1/calls/{ID}/sip.txt")));
}

#[tokio::test]
async fn what_runs_has_a_clock_and_a_cost_that_go_on_and_what_is_over_has_none() {
    let html = page("calls", "/calls").await;
    let running = html.matches("data-running-ms").count();
    assert_eq!((running, html.matches("data-running-legs").count()), (1, 1), "one of five runs");
}

#[tokio::test]
async fn while_a_payment_is_awaited_it_is_said_what_to_do_on_the_phone_and_beside_it() {
    let html = page("wallet-waiting", "/wallet?top_up=waits").await;
    for shown in ["Confirm KES", "enter your M-Pesa PIN", "Nothing came?", "600638", "ACD3F7", "data-running-ms"] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
    assert!(!page("wallet", "/wallet").await.contains("Nothing came?"));
}

#[tokio::test]
async fn an_amount_is_chosen_by_a_chip_and_filled_in_where_no_script_runs() {
    let html = page("wallet", "/wallet").await;
    assert!(html.contains("href=\"/wallet?amount=2%2C500#top-up\"") && html.contains("value=\"1,000\""), "{html}");
    assert!(page("wallet-amount", "/wallet?amount=2,500").await.contains("value=\"2,500\""));
}

#[tokio::test]
async fn the_overview_says_what_is_not_well_and_where_to_look() {
    let html = page("operator-overview", "/operator/overview").await;
    for shown in ["Node n0deB takes no new calls", "Payments that wait for you: 1", "set aside: 1", "87%"] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
}

#[tokio::test]
async fn a_trunk_says_how_it_does_and_asks_before_it_is_switched() {
    let html = page("trunks", "/operator/trunks").await;
    for shown in ["87% / 475", "1.24 s · p95 2.90 s", "OPTIONS 200", "Registered until", "It takes no new calls"] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
}

#[tokio::test]
async fn a_list_that_is_narrowed_is_a_file_that_is_narrowed_too() {
    let html = page("operator-prices", "/operator/prices?prefix=255&currency=KES").await;
    assert!(html.contains("/exports/prices.csv?prefix=255&amp;currency=KES"), "{html}");
    let html = page("operator-numbers", "/operator/numbers?contains=2547&country=KE").await;
    assert!(html.contains("/exports/stock.csv?country=KE&amp;contains=2547"), "{html}");
}

#[tokio::test]
async fn lists_say_what_they_are_told_of() {
    for (name, url, says) in [
        ("requests", "/developers/requests", "data-live-changes=\"requests\""),
        ("audit", "/workspace/audit", "data-live-changes=\"audit\""),
        ("deliveries", "/developers/deliveries", "data-live-changes=\"deliveries\""),
        ("wallet", "/wallet", "data-live-changes=\"wallet\""),
        ("home", "/home", "data-live-changes=\"wallet deliveries audit\""),
        ("operator-overview", "/operator/overview", "data-live-changes=\"installation\""),
        ("operator-nodes", "/operator/nodes", "data-live-changes=\"installation\""),
        ("operator-trunks", "/operator/trunks", "data-live-changes=\"trunks\""),
    ] {
        assert!(page(name, url).await.contains(says), "{url}");
    }
    let older = page("requests-older", "/developers/requests?cursor=0").await;
    assert!(!older.contains("data-live-changes"), "what is new stands on the first page");
}

#[tokio::test]
async fn operators_see_who_is_registered_in_all_workspaces_and_narrow_the_list() {
    let html = page("operator-registrations", "/operator/registrations").await;
    for shown in ["Duka Moja Ltd", "ts_0c4a9f3e", "Yealink SIP-T31G", "203.0.113.7:5060 (udp)", "asha", "(ws)"] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
    assert!(html.contains("href=\"/exports/registrations.csv\""), "{html}");
    let url = format!("/operator/registrations?workspace_id={ID}&identity=ts_");
    let api = Arc::new(ScriptedApi::default());
    let (html, _) = render("operator-registrations-narrowed", visit(api.clone(), &url), &url).await;
    let asked = api.asked.lock().unwrap().iter().map(|asked| asked.path.clone()).collect::<Vec<_>>();
    assert!(asked.contains(&format!("/v1/admin/registrations?workspace_id={ID}&identity=ts_")), "{asked:?}");
    assert!(html.contains(&format!("/exports/registrations.csv?workspace_id={ID}&amp;identity=ts_")), "{html}");
    assert!(html.contains("href=\"/operator/registrations?identity=ts_\""), "without the workspace: {html}");
    let nobody = Arc::new(ScriptedApi { empty: true, ..ScriptedApi::default() });
    let (html, _) = render("operator-nobody-found", visit(nobody.clone(), &url), &url).await;
    assert!(html.contains("Nobody who is registered matches"), "{html}");
    let (html, _) =
        render("operator-nobody", visit(nobody, "/operator/registrations"), "/operator/registrations").await;
    assert!(html.contains("Nobody is registered"), "{html}");
}

#[tokio::test]
async fn the_key_of_sip_tokens_is_rotated_once_it_is_said_what_that_means() {
    let html = page("operator-registrations", "/operator/registrations").await;
    let (before, form) = html.split_once(forms::ROTATE_SIP_KEYS).expect("the form");
    assert!(
        before.contains("<details class=\"confirm confirm--flow\"") && form.contains("within five minutes"),
        "{html}"
    );
    let api = Arc::new(ScriptedApi::default());
    let done = forms::submit(forms::ROTATE_SIP_KEYS, &fields(&[]), &Api::new(api.clone())).await.next;
    let Next::Redirect(to) = done else { panic!("it goes back to the page") };
    let asked = api
        .asked
        .lock()
        .unwrap()
        .iter()
        .map(|asked| format!("{} {}", asked.method.as_str(), asked.path))
        .collect::<Vec<_>>();
    assert_eq!(asked, ["POST /v1/admin/sip-keys/rotate"]);
    for (lang, said) in [(Lang::English, "A new key signs"), (Lang::Swahili, "Ufunguo mpya unasaini")] {
        let visit = Visit { lang, ..visit(Arc::new(ScriptedApi::default()), &to) };
        let (html, _) = render("operator-sip-key-rotated", visit, &to).await;
        assert!(html.contains(said), "{said}: {html}");
    }
}
