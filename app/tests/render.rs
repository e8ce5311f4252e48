//! Pages as the server renders them, over a scripted API: what stands on them, where they send people, what they ask.
//!
//! `CONSOLE_PREVIEW=DIR` also writes every rendered page there, to be looked at in a browser.

use app::{
    Visit,
    api_client::{Api, ApiClient, ApiFailure, ApiFuture, ApiRequest, ApiResponse},
    forms::{self, Fields, Next},
    i18n::Lang,
    shell,
    visit::{Answer, Flash, Reply},
};
use axum::{body::Body, http::Request};
use leptos::prelude::provide_context;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const ID: &str = "019a0000-0000-7000-8000-000000000001";

/// Answers every path of a busy workspace; remembers what it was asked.
#[derive(Default)]
struct ScriptedApi {
    signed_out: bool,
    empty: bool,
    /// `owner` where it is left empty.
    role: &'static str,
    asked: Mutex<Vec<ApiRequest>>,
}

impl ApiClient for ScriptedApi {
    fn send(&self, request: ApiRequest) -> ApiFuture {
        let answer = self.answer(&request);
        self.asked.lock().unwrap().push(request);
        Box::pin(async move { answer })
    }
}

impl ScriptedApi {
    fn role(&self) -> &'static str {
        if self.role.is_empty() { "owner" } else { self.role }
    }

    fn answer(&self, request: &ApiRequest) -> Result<ApiResponse, ApiFailure> {
        let path = request.path.split('?').next().unwrap_or_default();
        if self.signed_out {
            return Err(refusal(401, "auth.session_invalid", None));
        }
        let list = |list: Value| if self.empty { json!([]) } else { list };
        let body = match (request.method.as_str(), path) {
            ("GET", "/v1/auth/me") => me(self.role()),
            ("GET", "/v1/workspace/members") => json!([member("owner"), member("viewer")]),
            ("GET", "/v1/workspace/invitations") => list(json!([invitation()])),
            ("GET", "/v1/audit") => list(json!([audited()])),
            ("GET", "/v1/auth/sessions") => json!([session(true), session(false)]),
            ("GET", "/v1/wallet/balance") => {
                json!({"balance_minor": 89765, "held_minor": 150, "available_minor": 89615, "currency": "KES", "low_balance_threshold_minor": null, "overdraft_policy": "finish_call", "overdraft_floor_minor": null})
            }
            ("GET", "/v1/wallet/ledger") => list(ledger()),
            ("GET", "/v1/numbers") => list(json!([number()])),
            ("GET", "/v1/numbers/available") => json!([available(2), available(3), available(4)]),
            ("GET", "/v1/api-keys") => list(json!([key()])),
            ("GET", "/v1/calls") => {
                list(json!([call("answered"), call("completed"), call("busy"), call("no_answer"), call("failed")]))
            }
            ("GET", "/v1/calls/stats") => stats(self.empty),
            ("GET", path) if path.ends_with("/events") => events(),
            ("GET", path) if path.starts_with("/v1/calls/") => call("completed"),
            ("GET", path) if path.starts_with("/v1/numbers/") => number(),
            ("GET", "/v1/workspace") => me(self.role())["workspace"].clone(),
            ("POST", "/v1/api-keys") => {
                let mut created = key();
                created["key"] = json!("skt_test_8f3kQz0aXbYcD1eF2gH3iJ4kL5mN6oP7aBc123");
                created
            }
            ("POST", "/v1/wallet/top-ups") => return Err(refusal(400, "wallet.topup_below_minimum", None)),
            _ => return Err(refusal(404, "not_found", None)),
        };
        Ok(ApiResponse { status: 200, headers: Vec::new(), json: body })
    }
}

fn refusal(status: u16, code: &str, field: Option<&str>) -> ApiFailure {
    let body = json!({"error": {"code": code, "message": "The smallest top-up is KES 10.00; send at least 1000.",
        "docs_url": format!("http://localhost/docs/errors/{code}"), "request_id": "req_019a0000", "field": field}});
    ApiFailure::from_answer(status, body.to_string().as_bytes())
}

fn me(role: &str) -> Value {
    let workspace = json!({"id": ID, "name": "Duka Moja Ltd", "country": "KE", "currency": "KES", "status": "active", "role": role});
    json!({"id": ID, "email": "amina@duka.example", "name": "Amina Otieno", "workspace": workspace, "workspaces": [workspace], "is_operator": false, "google_linked": false})
}

fn member(role: &str) -> Value {
    let id = ID.replace("001", if role == "owner" { "001" } else { "002" });
    json!({"user_id": id, "email": format!("{role}@duka.example"), "name": "", "role": role, "joined_at": "2026-11-21T09:00:00Z"})
}

fn invitation() -> Value {
    json!({"id": ID, "email": "new@duka.example", "role": "viewer", "invited_by": ID, "created_at": "2026-11-21T09:00:00Z",
        "expires_at": "2026-11-28T09:00:00Z", "expired": false})
}

fn audited() -> Value {
    json!({"id": ID, "created_at": "2026-11-21T09:00:00Z", "action_kind": "member.role_changed", "subject_id": ID, "ip": "192.0.2.7",
        "actor": {"kind": "user", "id": ID, "label": "amina@duka.example"}, "details": {"before": {"role": "viewer"}, "after": {"role": "admin"}}})
}

fn session(current: bool) -> Value {
    json!({"id": ID, "created_at": "2026-11-21T09:00:00Z", "last_used_at": "2026-11-21T09:00:00Z", "expires_at": "2026-12-05T09:00:00Z",
        "current": current, "ip": "192.0.2.7", "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"})
}

fn number() -> Value {
    json!({"id": ID, "number": "+254700000001", "e164": "+254700000001", "status": "active", "country": "KE", "capabilities": ["voice"], "currency": "KES",
        "monthly_price_minor": 10000, "inbound_per_min_minor": 0, "outbound_per_min_minor": 300, "billing_minimum_seconds": 1,
        "billing_increment_seconds": 1, "created_at": "2026-11-21T09:00:00Z",
        "voice_callback_url": null, "voice_url": null, "events_url": null, "fallback_url": null, "ring_devices": true})
}

fn available(last: u8) -> Value {
    let e164 = format!("+25470000000{last}");
    json!({"id": ID, "number": e164, "e164": e164, "country": "KE", "capabilities": ["voice"], "monthly_price_minor": 10000, "due_now_minor": 3334,
        "inbound_per_min_minor": 0, "outbound_per_min_minor": 300, "billing_minimum_seconds": 1, "billing_increment_seconds": 1, "currency": "KES",
        "next_charge_at": "2026-11-30T21:00:00Z", "state": "available", "kept_until": null})
}

fn key() -> Value {
    json!({"id": ID, "name": "billing server", "prefix": "skt_test_8f3k", "status": "active", "scopes": ["calls:read", "calls:write"], "created_at": "2026-11-21T09:00:00Z",
        "last_used_at": null, "last_used_ip": null, "rotated_at": null, "former_secret_until": null, "expires_at": null, "revoked_at": null})
}

fn ledger() -> Value {
    let entry = |seq: i64, kind: &str, amount: i64, after: i64, reference: &str| {
        json!({"id": ID, "seq": seq, "kind": kind, "amount_minor": amount, "tax_minor": 0, "balance_after_minor": after,
        "reference": reference, "cause": format!("{kind}:{seq}"), "created_at": "2026-11-21T09:30:00Z"})
    };
    json!([
        entry(3, "call", -235, 89765, "+254722000042, 47 s"),
        entry(2, "rental", -10000, 90000, "+254700000001, November"),
        entry(1, "top_up", 100000, 100000, "Simulated M-Pesa SIM0001")
    ])
}

fn call(status: &str) -> Value {
    let ended = status != "answered";
    let leg = json!({"kind": "telephone", "direction": "outbound", "target": "+254722000042", "outcome": "remote_hangup", "answered_at": "2026-11-21T09:31:07Z",
        "duration_seconds": 47, "rate_per_min_e4": 3000000, "billing_minimum_seconds": 1,
        "billing_increment_seconds": 1, "cost_minor": 235});
    json!({"id": ID, "pbx_call_id": "HD_019a000000007000800000000000001", "direction": "outbound", "status": status, "from": "+254700000001", "to": "+254722000042",
        "local_e164": "+254700000001", "remote_e164": "+254722000042", "duration_seconds": ended.then_some(if status == "completed" { 47 } else { 0 }),
        "cost_minor": ended.then_some(if status == "completed" { 235 } else { 0 }), "currency": "KES", "hangup_cause": "remote_hangup", "ledger_entry_id": ID,
        "metadata": null, "started_at": "2026-11-21T09:31:00Z", "answered_at": "2026-11-21T09:31:07Z", "ended_at": "2026-11-21T09:31:54Z", "legs": [leg], "recording_status": null})
}

fn stats(empty: bool) -> Value {
    let day = |date: u8, calls: i64, failed: i64| {
        json!({"start": format!("2026-11-{:02}T21:00:00Z", date - 1), "date": format!("2026-11-{date:02}"), "total_calls": calls,
            "failed_calls": failed, "total_seconds": calls * 47, "total_spend_minor": calls * 235})
    };
    let days: Vec<Value> = (8..=21)
        .map(|date| if empty { day(date, 0, 0) } else { day(date, i64::from(date) % 5, i64::from(date) % 2) })
        .collect();
    let sum = |name: &str| days.iter().filter_map(|day| day[name].as_i64()).sum::<i64>();
    json!({"total_calls": sum("total_calls"), "failed_calls": sum("failed_calls"), "total_minutes": sum("total_seconds") / 60,
        "total_spend_minor": sum("total_spend_minor"), "currency": "KES", "buckets": days})
}

fn events() -> Value {
    let event = |sequence: i64, kind: &str, second: u8, data: Value| json!({"id": ID, "sequence": sequence, "kind": kind, "occurred_at": format!("2026-11-21T09:31:{second:02}.120Z"), "data": data});
    json!([
        event(1, "call.ringing", 0, json!({"trunk": "sandbox", "sip_call_id": "a84b4c76e66710"})),
        event(2, "call.answered", 7, json!({"sip_status": 200, "codec": "opus"})),
        event(3, "verb.started", 7, json!({"verb": "say", "text": "Habari!"})),
        event(4, "call.callback_failed", 20, json!({"url": "https://example.co.ke/voice", "http_status": 500})),
        event(5, "call.completed", 54, json!({"hangup_cause": "remote_hangup", "duration_seconds": 47}))
    ])
}

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
        public_url: "http://localhost:4000".to_owned(),
        assets: "/assets/test".to_owned(),
        google_sign_in: true,
        development: true,
        form_token: "form-token".to_owned(),
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
    assert_eq!(html.matches("chart__bar").count(), 14);
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
    let path = format!("/console/keys/{ID}/revoke");
    let Next::Redirect(to) = forms::submit(&path, &form, &Api::new(api.clone())).await.next else {
        panic!("sent back")
    };
    assert!(to.ends_with("done=mistyped") && api.asked.lock().unwrap().is_empty());
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
