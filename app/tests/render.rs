//! Pages as the server renders them, over a scripted API: what stands on them, where they send people, what they ask.
//!
//! `CONSOLE_PREVIEW=DIR` also writes every rendered page there, to be looked at in a browser.

mod pages;
mod scripted;

use app::{
    Visit,
    api_client::{Api, ApiClient},
    forms::{self, Fields, Next},
    i18n::Lang,
    shell,
    visit::{Answer, Flash, Pays, Reply},
};
use axum::{body::Body, http::Request};
use leptos::prelude::provide_context;
use scripted::{ID, ScriptedApi};
use serde_json::json;
use std::sync::Arc;

fn visit(api: Arc<dyn ApiClient>, url: &str) -> Visit {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let pairs = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    Visit {
        api: Api::new(api),
        lang: Lang::English,
        path: path.to_owned(),
        query: Fields::new(pairs),
        docs: Arc::new(Vec::new()),
        now_us: 1_795_253_400_000_000,
        public_url: "http://localhost:4000".to_owned(),
        assets: "/assets/test".to_owned(),
        google_sign_in: true,
        development: true,
        picture: Some("/assets/test/og.png".to_owned()),
        contact: Arc::default(),
        health: None,
        mpesa: Pays::Simulated,
        paystack: Pays::Simulated,
        form_token: "form-token".to_owned(),
        style: None,
        workspace: None,
        asked_here: true,
        flash: None,
        reply: Reply::default(),
    }
}

async fn render(name: &str, visit: Visit, url: &str) -> (String, Answer) {
    // As the server does before the first page: starts Leptos' executor.
    leptos_axum::generate_route_list(app::App);
    let reply = visit.reply.clone();
    let handler = leptos_axum::render_app_async_with_context(move || provide_context(visit.clone()), shell);
    let response = handler(Request::get(url).body(Body::empty()).unwrap()).await;
    let html = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let html = String::from_utf8(html.to_vec()).unwrap();
    if let Some(folder) = std::env::var_os("CONSOLE_PREVIEW") {
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.html")), &html).unwrap();
    }
    (html, reply.answer())
}

async fn page(name: &str, url: &str) -> String {
    let (html, answer) = render(name, visit(Arc::new(ScriptedApi::default()), url), url).await;
    assert_eq!(answer, Answer::default(), "{url}");
    html
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    Fields::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

#[tokio::test]
async fn signed_out_visitors_are_sent_to_sign_in() {
    for url in [
        "/home",
        "/numbers",
        "/calls",
        "/wallet",
        "/developers/keys",
        "/softphone",
        "/onboarding",
        "/profile",
        "/workspace/members",
    ] {
        let api = ScriptedApi { signed_out: true, ..ScriptedApi::default() };
        let (_, answer) = render("redirect", visit(Arc::new(api), url), url).await;
        let wanted = if matches!(url, "/home" | "/onboarding") { String::new() } else { url.replace('/', "%2F") };
        let to = if wanted.is_empty() { "/signin".to_owned() } else { format!("/signin?return_to={wanted}") };
        assert_eq!(answer.redirect, Some(to), "{url}");
    }
}

#[tokio::test]
async fn the_start_page_stands_without_a_session() {
    let api = ScriptedApi { signed_out: true, ..ScriptedApi::default() };
    let (html, answer) = render("landing", visit(Arc::new(api), "/"), "/").await;
    assert_eq!(answer, Answer::default());
    assert!(html.contains("href=\"/signin\"") && html.contains("/dev/mail"));
}

#[tokio::test]
async fn home_ticks_what_the_api_knows_to_be_done() {
    let html = page("home", "/home").await;
    assert!(html.contains("Hello, Amina") && html.contains("KES 896.15"));
    assert_eq!(html.matches("step--done").count(), 4, "all but routing");
    assert!(html.contains(&format!("href=\"/numbers/{ID}\"")));
}

#[tokio::test]
async fn home_draws_the_calls_of_each_day() {
    let html = page("home-chart", "/home").await;
    assert_eq!(html.matches("chart__bar").count(), 2 * 14, "the script's hours are its days");
    assert!(html.contains("Today by hour") && html.contains("Running now"));
    assert!(html.contains("21 Nov: 1 · 1 not connected"));
}

#[tokio::test]
async fn no_page_carries_inline_styles() {
    for url in [
        "/",
        "/signin",
        "/home",
        "/numbers",
        "/calls",
        "/wallet",
        "/developers/keys",
        "/developers/requests?open=req_019a0000",
        "/softphone",
        "/workspace/members",
        "/workspace/audit",
    ] {
        let html = page("policy", url).await;
        assert!(!html.contains(" style=\"") && !html.contains("<style") && !html.contains(" onclick"), "{url}");
    }
}

#[tokio::test]
async fn a_new_workspace_sees_next_steps_and_not_empty_tables() {
    for (name, url) in [
        ("home-new", "/home"),
        ("calls-new", "/calls"),
        ("numbers-new", "/numbers"),
        ("wallet-new", "/wallet"),
        ("softphone-new", "/softphone"),
    ] {
        let api = ScriptedApi { empty: true, ..ScriptedApi::default() };
        let (html, _) = render(name, visit(Arc::new(api), url), url).await;
        assert!(html.contains("class=\"empty\""), "{url}");
    }
}

#[tokio::test]
async fn a_request_of_the_log_opens_beside_its_list() {
    let html = page("requests", "/developers/requests?status=2xx").await;
    assert!(html.contains("href=\"/developers/requests?status=2xx&amp;open=req_019a0000\""), "{html}");
    assert!(!html.contains("opened-title"));
    let html = page("request", "/developers/requests?status=2xx&open=req_019a0000").await;
    assert!(html.contains("curl -X POST") && html.contains(&format!("href=\"/calls/{ID}\"")), "{html}");
    assert!(html.contains("href=\"/developers/requests?status=2xx\"") && html.contains("name=\"sure\""), "{html}");
}

#[tokio::test]
async fn a_document_of_the_playground_is_passed_on_as_a_link() {
    let html = page("playground", "/developers/playground").await;
    assert!(html.contains("class=\"chip\"") && !html.contains("id=\"share\""), "{html}");
    let shared = visit(Arc::new(ScriptedApi::default()), "/developers/playground?document=<Response/>&compat=twilio");
    let (html, _) = render("playground-shared", shared, "/developers/playground").await;
    assert!(html.contains("&lt;Response/&gt;</textarea>"), "{html}");
    let ends = visit(Arc::new(ScriptedApi::default()), "/developers/playground?document=</textarea><b>");
    let (ends, _) = render("playground-ends", ends, "/developers/playground").await;
    assert!(ends.contains("&lt;/textarea&gt;&lt;b&gt;</textarea>"), "nobody else's link writes the page");
    let link = "http://localhost:4000/developers/playground?document=%3CResponse%2F%3E&amp;compat=twilio";
    assert!(html.contains(link), "{html}");
}

#[tokio::test]
async fn the_wallet_says_what_an_entry_paid_and_what_each_day_took() {
    let html = page("wallet-entries", "/wallet").await;
    assert!(html.contains("+254722000042 · 0:47 at KES 3.00/min"), "{html}");
    assert!(html.contains("Spent on calls by day") && html.matches("chart__bar").count() == 14, "{html}");
    let api = ScriptedApi { role: "finance", ..ScriptedApi::default() };
    let (html, _) = render("wallet-finance", visit(Arc::new(api), "/wallet"), "/wallet").await;
    assert!(html.contains("-KES 100.00"));
}

#[tokio::test]
async fn the_public_site_says_who_how_and_what_it_costs() {
    let api = || ScriptedApi { signed_out: true, ..ScriptedApi::default() };
    let mut about = visit(Arc::new(api()), "/contact");
    about.contact = Arc::new(app::visit::Contact { email: "help@voice.example".to_owned(), ..Default::default() });
    let (html, _) = render("contact", about, "/contact").await;
    assert!(html.contains("mailto:help@voice.example") && html.contains("property=\"og:title\""), "{html}");
    assert!(html.contains("content=\"http://localhost:4000/assets/test/og.png\""), "{html}");
    assert!(html.contains("property=\"og:image:alt\" content=\"Contact · Sautikit\""), "{html}");
    let (html, answer) = render("status", visit(Arc::new(api()), "/status"), "/status").await;
    assert_eq!(answer.status, Some(503), "a server of which nothing is known");
    assert!(html.contains("Something does not work"), "{html}");
    let mut well = visit(Arc::new(api()), "/status");
    well.health = Some(app::visit::Health {
        database: true,
        is_draining: false,
        calls: Some(true),
        at: "2026-11-21T09:31:07Z".to_owned(),
    });
    let (html, answer) = render("status-well", well, "/status").await;
    assert!(answer.status.is_none() && html.contains("Everything works"), "{html}");
    let (html, _) = render("landing-call", visit(Arc::new(api()), "/"), "/").await;
    assert!(html.contains("class=\"shown__call\"") && html.contains("axis__field") && html.contains("inert"), "{html}");
    render("about", visit(Arc::new(api()), "/about"), "/about").await;
}

#[tokio::test]
async fn a_number_on_offer_shows_what_is_debited_now() {
    let html = page("numbers", "/numbers").await;
    assert!(html.contains("KES 33.34") && html.contains("+254700000002"));
}

#[tokio::test]
async fn pages_show_what_the_api_gave() {
    assert!(page("number", &format!("/numbers/{ID}?done=claimed")).await.contains("The number is yours"));
    assert!(page("calls", "/calls").await.contains("KES 2.35"));
    let call = page("call", &format!("/calls/{ID}")).await;
    assert!(call.contains("Call was answered") && !call.contains("data-live-seconds"));
    assert!(page("wallet", "/wallet").await.contains("-KES 100.00"));
    assert!(page("keys", "/developers/keys").await.contains("skt_test_8f3k"));
    assert!(page("softphone", "/softphone").await.contains("/assets/test/softphone.js"));
    assert!(page("verify", "/auth/verify?token=abc").await.contains("value=\"abc\""));
    assert!(page("signin", "/signin").await.contains("type=\"email\""));
}

#[tokio::test]
async fn what_a_role_may_not_do_is_not_offered() {
    let offers = [
        ("/workspace/members", "action=\"/console/invitations\"", "developer"),
        ("/workspace/members", "/withdraw\"", "finance"),
        ("/workspace/settings", "action=\"/console/workspace/delete\"", "admin"),
        ("/developers/keys", "action=\"/console/keys\"", "viewer"),
        ("/home", "href=\"/workspace/audit\"", "finance"),
        ("/home", "href=\"/operator/workspaces\"", ""),
    ];
    for (url, offer, lesser) in offers {
        let api = ScriptedApi { role: lesser, ..ScriptedApi::default() };
        let (html, _) = render("lesser", visit(Arc::new(api), url), url).await;
        assert!(!html.contains(offer), "{lesser} is offered {offer}");
        assert!(lesser.is_empty() || page("owner", url).await.contains(offer), "{offer}");
    }
}

#[tokio::test]
async fn the_roles_page_is_the_table_that_the_api_checks() {
    let html = page("roles", "/workspace/roles").await;
    assert_eq!(html.matches("scope=\"row\"").count(), sautikit_api::rights::RIGHTS.len());
}

#[tokio::test]
async fn an_audit_entry_shows_before_and_after() {
    let html = page("audit", "/workspace/audit").await;
    assert!(html.contains("<del>viewer</del>") && html.contains("<ins>admin</ins>") && html.contains("192.0.2.7"));
    assert!(html.contains("Role changed"));
}

#[tokio::test]
async fn sessions_are_named_and_all_but_this_one_can_be_ended() {
    let html = page("profile", "/profile").await;
    assert_eq!(html.matches("Firefox · Linux").count(), 3, "two rows and the label of one button");
    assert_eq!(html.matches(&format!("/console/sessions/{ID}/end")).count(), 1);
}

#[tokio::test]
async fn what_is_typed_has_to_be_the_name() {
    let api = Arc::new(ScriptedApi::default());
    let form = fields(&[("expected", "billing server"), ("confirm", "billing")]);
    // And whoever mistyped it is where they typed it.
    for (path, part) in [
        (format!("/console/keys/{ID}/revoke"), "keys?"),
        (format!("/console/numbers/{ID}/release"), "?tab=settings&"),
        (format!("/console/numbers/{ID}/sip-credentials/{ID}/revoke"), "?tab=devices&"),
    ] {
        let Next::Redirect(to) = forms::submit(&path, &form, &Api::new(api.clone())).await.next else {
            panic!("sent back")
        };
        assert!(to.ends_with(&format!("{part}done=mistyped")) && api.asked.lock().unwrap().is_empty(), "{to}");
    }
}

#[tokio::test]
async fn a_refused_form_shows_code_request_and_what_was_typed() {
    let api: Arc<dyn ApiClient> = Arc::new(ScriptedApi::default());
    let form = fields(&[("amount", "5"), ("currency", "KES"), ("phone", "0722000042"), ("form_token", "t")]);
    let Next::Show { page, flash, status } = forms::submit(forms::TOP_UP, &form, &Api::new(api.clone())).await.next
    else {
        panic!("shown again")
    };
    assert_eq!(status, 400);
    let visit = Visit { flash: Some(flash), ..visit(api, &page) };
    let (html, _) = render("wallet-refused", visit, &page).await;
    assert!(
        html.contains("wallet.topup_below_minimum") && html.contains("req_019a0000") && html.contains("0722000042")
    );
}

#[tokio::test]
async fn a_new_key_is_shown_once_and_sent_once() {
    let api = Arc::new(ScriptedApi::default());
    let form = fields(&[("name", "ci"), ("scope", "calls:read"), ("scope", "sip:token"), ("form_token", "t1")]);
    let Next::Show { page, flash, .. } = forms::submit(forms::CREATE_KEY, &form, &Api::new(api.clone())).await.next
    else {
        panic!("shown")
    };
    assert!(matches!(flash, Flash::KeyCreated(_)));
    let asked = api.asked.lock().unwrap().clone();
    assert_eq!(asked[0].idempotency_key.as_deref(), Some("t1"));
    assert_eq!(asked[0].body, Some(json!({"name": "ci", "scopes": ["calls:read", "sip:token"]})));
    let visit = Visit { flash: Some(flash), ..visit(api, &page) };
    assert!(render("keys-created", visit, &page).await.0.contains("skt_test_8f3kQz0a"));
}

/// The page that a form shows, rendered.
async fn shown_by(name: &str, form: &str, pairs: &[(&str, &str)]) -> String {
    let api = Arc::new(ScriptedApi::default());
    let Next::Show { page, flash, .. } = forms::submit(form, &fields(pairs), &Api::new(api.clone())).await.next else {
        panic!("{form} shows a page")
    };
    let visit = Visit { flash: Some(flash), ..visit(api, &page) };
    render(name, visit, &page).await.0
}

#[tokio::test]
async fn a_numbers_page_shows_devices_and_asks_before_the_number_is_released() {
    let html = page("number-devices", &format!("/numbers/{ID}?tab=devices")).await;
    for part in ["ts_0c4a9f3e", "Yealink", "203.0.113.7:5060"] {
        assert!(html.contains(part), "{part}");
    }
    let html = page("number-settings", &format!("/numbers/{ID}?tab=settings")).await;
    for part in ["is not given back", "value=\"+254700000001\""] {
        assert!(html.contains(part), "{part}");
    }
    let calls = page("number-calls", &format!("/numbers/{ID}?tab=calls")).await;
    assert!(calls.contains("table--calls") && calls.contains("href=\"/calls?number=%2B254700000001\""));
    for (tab, forbidden) in [("devices", "/rotate"), ("settings", "/release"), ("routing", "rotate-secret")] {
        let viewer = ScriptedApi { role: "viewer", ..ScriptedApi::default() };
        let url = format!("/numbers/{ID}?tab={tab}");
        let (html, _) = render("number-viewer", visit(Arc::new(viewer), &url), &url).await;
        assert!(!html.contains(forbidden), "{tab}");
        assert_eq!(html.contains("ts_0c4a9f3e"), tab == "devices");
    }
}

#[tokio::test]
async fn secrets_of_a_number_are_shown_once() {
    let path = format!("/console/numbers/{ID}");
    let html = shown_by("credential", &format!("{path}/sip-credentials"), &[("label", "Reception")]).await;
    assert!(html.contains("class=\"qr\"") && html.contains("aria-label=\"The account as a QR code\""), "{html}");
    assert!(html.contains("k7m2qd9xh3vbn4wz8tcf5rgjae") && html.contains("voice.example"));
    assert!(shown_by("secret", &format!("{path}/routing/rotate-secret"), &[]).await.contains("whsec_0a1b2c"));
}

#[tokio::test]
async fn a_test_of_the_routing_shows_request_answer_and_the_place_of_the_mistake() {
    let html = shown_by("tested", &format!("/console/numbers/{ID}/routing/test"), &[]).await;
    for part in [
        "A call would fail here",
        "actions[0].dial.to",
        "x-sautikit-signature",
        "HTTP 200",
        "84 ms",
        "3:5",
        "is no verb",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

#[tokio::test]
async fn a_statement_prints_with_its_vat_and_entries_link_to_what_they_paid() {
    let html = page("statements", "/wallet/statements").await;
    assert!(html.contains("/v1/wallet/statements/2026-11/entries.csv") && html.contains("KES 897.65"));
    let html = page("statement", "/wallet/statements/2026-11").await;
    assert!(html.contains("VAT") && html.contains("KES 13.79") && html.contains("9f86d081884c7d65"));
    assert!(html.contains("Taxed value, net") && html.contains("KES 113.79"), "{html}");
}

#[tokio::test]
async fn top_ups_say_simulated_only_where_they_are() {
    assert!(page("wallet", "/wallet").await.contains("Simulated: no money moves"));
    let visit = Visit { mpesa: Pays::Real, paystack: Pays::Not, ..visit(Arc::new(ScriptedApi::default()), "/wallet") };
    let (html, _) = render("wallet-real", visit, "/wallet").await;
    assert!(
        html.contains("confirm it with your PIN")
            && !html.contains("no money moves")
            && !html.contains("value=\"paystack\"")
    );
}

#[tokio::test]
async fn operators_decide_payments_reconcile_and_adjust_in_the_wallets_currency() {
    let html = page("operator-payments", "/operator/payments").await;
    assert!(html.contains("RKT1ABCDEF") && html.contains(&format!("/console/operator/payments/{ID}/assign")));
    let html = shown_by("reconciled", forms::RECONCILE, &[("file", "Receipt No.,…")]).await;
    assert!(
        html.contains("RKT1ABCDEG") && html.contains("KES 1,500.00") && html.contains("Statement and wallets differ")
    );
    // Who claims it, by name, and from which telephone it is said to have been paid.
    let html = page("operator-payments", "/operator/payments").await;
    assert!(html.contains("Duka Moja") && html.contains("+254722000149"));
    let html = page("operator-money", &format!("/operator/workspaces/{ID}/money")).await;
    assert!(html.contains("UGX 50,000") && html.contains("Welcome"));
    assert!(
        html.contains(&format!("/console/operator/workspaces/{ID}/overdraft")) && html.contains("value=\"20,000\"")
    );
}

#[tokio::test]
async fn every_top_up_is_listed_with_what_became_of_it() {
    let html = page("wallet", "/wallet").await;
    assert!(
        html.contains("https://checkout.paystack.com/1")
            && html.contains("M-Pesa did not say what became of the request.")
    );
    // Nothing is said of money that nobody knows.
    let html = page("wallet-unknown", &format!("/wallet?top_up={ID}")).await;
    assert!(html.contains("do not pay again before") && !html.contains("Nothing was debited or credited"));
}

#[tokio::test]
async fn a_document_is_read_with_its_mistake_at_its_line() {
    let html = page("shadow", "/developers/shadow?outcome=differing").await;
    for shown in ["actions[0].getDigits.numDigits", "https://new.simba.example/voice", "Different"] {
        assert!(html.contains(shown), "{shown}");
    }
    let sent = [("number", "+254722000042"), ("again", "+254722000042")];
    let html = shown_by("erased", forms::ERASE_NUMBER, &sent).await;
    assert!(html.contains("The number is erased") && html.contains("Ed25519") && html.contains("/v1/privacy/export"));
    let html = page("playground", "/developers/playground").await;
    assert!(html.contains("<textarea") && html.contains("Press 1 for sales"));
    let sent = [("url", "https://simba.example/voice"), ("check_compat", "twilio"), ("secret", "never-shown-again")];
    let html = shown_by("playground-checked", forms::CHECK_HANDLER, &sent).await;
    assert!(
        html.contains("1 things would fail a call")
            && html.contains("line 3:5")
            && html.contains("A caller who presses")
    );
    assert!(html.contains("value=\"https://simba.example/voice\"") && !html.contains("never-shown-again"));
    let sent = [("document", "{\"actions\": [{}]}"), ("compat", "twilio")];
    let html = shown_by("playground-bad", forms::CHECK_ACTIONS, &sent).await;
    assert!(html.contains("line 3:19, actions[1].dial.to") && html.contains("A call would refuse this"));
    assert!(html.contains("{}]}") && html.contains("value=\"twilio\" selected"));
}

#[tokio::test]
async fn who_meets_is_shown_with_what_can_be_done_about_it() {
    let html = page("meetings", "/calls/meetings").await;
    assert!(html.contains("data-live=\"meetings\"") && html.contains("stand-up") && html.contains("support"));
    let member = format!("action=\"/console/conferences/{ID}/members/{ID}/change\"");
    assert!(html.contains(&member) && html.contains(&format!("action=\"/console/conferences/{ID}/end\"")));
    assert!(html.contains(&format!("action=\"/console/queues/{ID}/members/{ID}/remove\"")));
    assert!(html.contains(">Unmute</button>") && html.contains(">Mute</button>"));
}

#[tokio::test]
async fn recordings_can_be_heard_and_what_is_kept_is_told() {
    let html = page("recordings", "/recordings").await;
    assert_eq!(html.matches("<audio").count(), 1, "the one that is ready");
    assert!(html.contains(&format!("src=\"/v1/recordings/{ID}/audio\"")) && html.contains("class=\"waveform\""));
    assert!(html.contains(&format!("href=\"/v1/recordings/{ID}/audio?format=ogg\" download=\"{ID}.ogg\"")), "{html}");
    assert!(html.contains("What was recorded is damaged.") && html.contains("data-live-seconds"));
    assert!(html.contains(&format!("action=\"/console/recordings/{ID}/delete\"")));
    let html = page("storage", "/recordings/storage").await;
    assert!(html.contains("61.2 MB") && html.contains("5 GB") && html.contains("30 days"));
    assert!(html.contains("action=\"/console/storage/bucket\"") && html.contains("aria-label=\"Switch to extended\""));
}

#[tokio::test]
async fn an_unknown_page_is_404_and_says_so() {
    let (html, answer) = render("404", visit(Arc::new(ScriptedApi::default()), "/nowhere"), "/nowhere").await;
    assert_eq!(answer.status, Some(404));
    assert!(html.contains("There is no such page"));
}

#[tokio::test]
async fn swahili_is_whole() {
    let visit = Visit { lang: Lang::Swahili, ..visit(Arc::new(ScriptedApi::default()), "/home") };
    let (html, _) = render("home-sw", visit, "/home").await;
    assert!(html.contains("<html lang=\"sw\"") && html.contains("Habari, Amina") && !html.contains("Sign out"));
}
