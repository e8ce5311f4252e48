//! The console and the public site: Leptos, rendered on the server. Islands come with the first page that needs one.
//!
//! Every page is a client of the REST API ([`api_client`]) and every form is a plain HTML form, so that all but the
//! softphone works without JavaScript. Deliberately absent: SQL, rules, cookies (the API sets them), axum.
//!
//! # Integration recipe (`server/src/http/console` is the worked example)
//! 1. GET of each route that `leptos_axum::generate_route_list(App)` names: build a [`Visit`] (an [`api_client::ApiClient`] that carries the visitor's cookie, language,
//!    path, query, a fresh `form_token`), render [`shell`] with `leptos_axum::render_app_async_with_context`, the visit
//!    provided as context; then apply [`visit::Reply::answer`] (redirect or status) to the response.
//! 2. POST of `/console/{*form}`: refuse foreign origins, decode the urlencoded body into [`forms::Fields`], call
//!    [`forms::submit`]; pass its cookies on; follow its redirect (303), or render the page that it names with its flash.
//! 3. `/assets/{*file}` from the site folder that `xtask build` wrote, immutable; its `version` file names the folder.

// Leptos views are one deeply nested type per page.
#![recursion_limit = "256"]
#![expect(unreachable_pub, reason = "#[component] makes its items pub whatever the function says")]

mod access;
pub mod api_client;
pub mod article;
mod components;
pub mod estimate;
mod format;
pub mod forms;
mod gate;
pub mod i18n;
mod pages;
pub mod reference;
mod shell;
pub mod visit;

pub use pages::{App, TIMELINE_KINDS};
pub use shell::{failure_shell, shell};
pub use visit::{Flash, Visit};
