//! Renders a page of `app` for a visitor.

use std::sync::{Arc, OnceLock};

use app::api_client::Api;
use app::article::Article;
use app::forms::Fields;
use app::i18n::Lang;
use app::visit::{Answer, Contact, Health, Pays, Reply};
use app::{Flash, Visit};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use leptos::nonce::use_nonce;
use leptos::prelude::{IntoView, provide_context};
use sautikit_api::ErrorCode;

use super::Console;
use super::client::InProcess;
use super::style::{self, Inline};
use crate::accounts;
use crate::clock::rfc3339;
use crate::gateway::Gateway;
use crate::http::{docs, pictures};
use crate::payments;
use crate::web::caller::cookie;
use crate::web::error::ApiError;

/// The language that the visitor chose.
pub(super) const LANGUAGE_COOKIE: &str = "sk_lang";

/// Below these stands nothing that a person would look at.
const FOR_PROGRAMS: [&str; 5] = ["/v1/", "/assets/", "/sdk/", "/dev/", "/pictures/"];

/// What follows the page's policy of scripts and styles: both of our own files only, and of a first page the one style that
/// stands in it; the softphone compiles WASM and opens the SIP WebSocket of this host, which `policy` names. Recordings may be
/// in a bucket of the customer's.
const PAGE_POLICY: &str = "default-src 'none'; img-src 'self' data:; font-src 'self'; media-src 'self' blob: https:; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// By which other sites show a link to the start page; `end2end/support/og.js` draws it.
const PICTURE: &str = "og.png";

/// The page that says how the server does.
const STATUS: &str = "/status";

/// The page whose address holds a mailed link's token, which no other page or host shall learn.
pub(super) const MAILED_LINK: &str = "/auth/verify";

/// GET of any page.
pub(super) async fn show(State(console): State<Console>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    render(&console, parts, None, StatusCode::OK).await
}

/// GET of an address that nothing has: a page for people, the catalogue's error for programs.
pub(super) async fn show_missing(State(console): State<Console>, request: Request) -> Response {
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let reads_pages = accepted.split(',').any(|kind| kind.trim().starts_with("text/html"));
    let is_page =
        request.method() == Method::GET && !FOR_PROGRAMS.iter().any(|root| request.uri().path().starts_with(root));
    if !(reads_pages && is_page) {
        return ApiError::from(ErrorCode::NotFound).into_response();
    }
    let (parts, _) = request.into_parts();
    render(&console, parts, None, StatusCode::NOT_FOUND).await
}

/// The page that `parts.uri` names, with what a form has to say, answered with `status` unless the page decides otherwise.
pub(super) async fn render(console: &Console, parts: Parts, flash: Option<Flash>, status: StatusCode) -> Response {
    let mut visit = visit(console, &parts, flash);
    let style = style::of_first_page(console, &parts.headers).await;
    if visit.path == STATUS {
        visit.health = Some(health(console, parts.extensions.get::<Arc<Gateway>>()).await);
    }
    let reply = visit.reply.clone();
    let article = docs::article(&parts.uri, visit.lang.code());
    let mut request = Request::new(Body::empty());
    // A form's page is rendered as if it had been asked for by GET.
    *request.method_mut() = Method::GET;
    *request.uri_mut() = parts.uri;
    let mut response = document(visit, style, article, request, app::shell).await;

    let Answer { status: chosen, redirect } = reply.answer();
    if let Some(to) = redirect {
        return Redirect::to(&to).into_response();
    }
    *response.status_mut() = chosen.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(status);
    response
}

/// The page for the failure in `flash`; its status is the caller's business.
pub(super) async fn render_failure(console: &Console, parts: Parts, flash: Flash) -> Response {
    let visit = visit(console, &parts, Some(flash));
    let style = style::of_first_page(console, &parts.headers).await;
    document(visit, style, None, Request::new(Body::empty()), app::failure_shell).await
}

/// Renders `shell` for `visit`, with the headers that every page has.
async fn document<View: IntoView + 'static>(
    mut visit: Visit,
    style: Option<Inline>,
    article: Option<Article>,
    request: Request,
    shell: impl Fn() -> View + Clone + Send + Sync + 'static,
) -> Response {
    let (referrer_policy, public_url) = (referrer_policy(&visit.path), visit.public_url.clone());
    let preload = HeaderValue::try_from(format!("<{}/app.css>; rel=preload; as=style", visit.assets));
    visit.style = style.as_ref().map(|style| style.css.clone());
    let nonce = Arc::new(OnceLock::new());
    let told = nonce.clone();
    let context = move || {
        provide_context(visit.clone());
        if let Some(article) = article.clone() {
            provide_context(article);
        }
        told.get_or_init(|| use_nonce().map(|nonce| nonce.to_string()));
    };
    let page = leptos_axum::render_app_async_with_context(context, shell);
    let mut response = page(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let nonce = nonce.get().and_then(Option::as_deref);
    let source = style.as_ref().map(|style| &*style.source);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy(&public_url, nonce, source));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(referrer_policy));
    // Asked for before the page's first byte is there: on a slow line a tenth of a second, which the first paint waits for.
    match (style, preload) {
        (Some(style), _) => {
            headers.extend(style.cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        }
        (None, Ok(preload)) => {
            headers.insert(header::LINK, preload);
        }
        (None, Err(_)) => {}
    }
    response
}

/// Under `no-referrer` browsers send `Origin: null` with forms, which `http/origin.rs` takes from one page only.
fn referrer_policy(path: &str) -> &'static str {
    if path == MAILED_LINK { "no-referrer" } else { "same-origin" }
}

/// Leptos writes its own inline scripts with a nonce, fresh for each page; pages that are files have none. `style` is the source
/// of a style that stands in the page.
///
/// `'self'` does not cover the WebSocket of the same host in every browser of the support table, so that it is named.
pub(super) fn policy(public_url: &str, nonce: Option<&str>, style: Option<&str>) -> HeaderValue {
    let nonce = nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    let socket = public_url.strip_prefix("http").map(|rest| format!(" ws{rest}")).unwrap_or_default();
    let style = style.map(|style| format!(" {style}")).unwrap_or_default();
    let policy = format!(
        "{PAGE_POLICY}; style-src 'self'{style}; connect-src 'self'{socket}; script-src 'self' 'wasm-unsafe-eval'{nonce}"
    );
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static(PAGE_POLICY))
}

/// The API, speaking for the visitor.
pub(super) fn api(console: &Console, parts: &Parts) -> Api {
    Api::new(Arc::new(InProcess::new(console.api.clone(), parts)))
}

/// Whether this browser asked for the link with this token.
pub(super) fn asked_here(console: &Console, headers: &HeaderMap, token: &str) -> bool {
    cookie(headers, accounts::LINK_COOKIE).is_some_and(|marks| accounts::asked_here(&console.app, token, marks))
}

fn visit(console: &Console, parts: &Parts, flash: Option<Flash>) -> Visit {
    let (query, lang) = (query(&parts.uri), language(&parts.headers));
    let token = query.get("token").filter(|_| parts.uri.path() == MAILED_LINK);
    Visit {
        asked_here: token.is_some_and(|token| asked_here(console, &parts.headers, token)),
        api: api(console, parts),
        lang,
        path: parts.uri.path().to_owned(),
        query,
        now_us: console.app.now_us(),
        docs: docs::menu(lang.code()),
        public_url: console.app.public_url.to_string(),
        assets: console.site.assets_url(),
        google_sign_in: accounts::google::is_configured(&console.app),
        development: console.app.config.is_development(),
        picture: picture(console, parts.uri.path(), lang),
        contact: contact(console),
        health: None,
        mpesa: pays(console, payments::Method::Mpesa),
        paystack: pays(console, payments::Method::Paystack),
        form_token: console.app.new_uuid().to_string(),
        style: None,
        workspace: None,
        flash,
        reply: Reply::default(),
    }
}

/// By which other sites show a link to this page.
fn picture(console: &Console, path: &str, lang: Lang) -> Option<String> {
    let own =
        (path == "/" && console.site.has_asset(PICTURE)).then(|| format!("{}/{PICTURE}", console.site.assets_url()));
    own.or_else(|| pictures::address(path, lang))
}

fn contact(console: &Console) -> Arc<Contact> {
    let config = &console.app.config.contact;
    Arc::new(Contact {
        email: config.email.clone(),
        phone: config.phone.clone(),
        hours: config.hours.clone(),
        address: config.address.clone(),
    })
}

/// How this server does, as `/readyz` says it.
async fn health(console: &Console, gateway: Option<&Arc<Gateway>>) -> Health {
    let app = &console.app;
    let (database, is_draining) = (app.db.ping().await.is_ok(), app.draining.is_cancelled());
    let calls = gateway.map(|_| database && !is_draining);
    Health { database, is_draining, calls, at: rfc3339(app.now_us()) }
}

fn pays(console: &Console, method: payments::Method) -> Pays {
    match (payments::is_configured(&console.app, method), console.app.config.is_development()) {
        (true, _) => Pays::Real,
        (false, true) => Pays::Simulated,
        (false, false) => Pays::Not,
    }
}

fn language(headers: &HeaderMap) -> Lang {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Lang::negotiate(cookie(headers, LANGUAGE_COOKIE), accepted)
}

/// The query's pairs, decoded.
pub(super) fn query(uri: &Uri) -> Fields {
    Fields::new(url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect())
}
