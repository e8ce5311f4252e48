//! The console and public site: renders `app`'s pages, takes its forms, serves its assets.
//!
//! A page is a client of `/v1`: [`client::InProcess`] runs its requests through the API's own router, with the visitor's
//! cookie and origin, so authentication, rules and errors exist once. Deliberately absent: anything that a page knows.

mod client;
mod files;
mod forms;
mod pages;
mod site;

use files::SiteFiles;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

/// What the console's handlers share.
#[derive(Clone)]
struct Console {
    app: AppState,
    /// `/v1` with all its layers.
    api: Router,
    site: Arc<SiteFiles>,
}

/// Pages, forms, assets and the answer to unknown addresses, over `api` (everything under `/v1`, layers included).
pub(super) fn routes(app: &AppState, api: Router) -> Router<AppState> {
    let site = Arc::new(SiteFiles::find(&app.config.http.site_dir));
    let mut routes = Router::new()
        .route(app::forms::LANGUAGE, post(forms::choose_language))
        .route("/console/{*form}", post(forms::submit))
        .route("/assets/{*file}", get(site::asset))
        .route("/sdk/browser/{*file}", get(site::sdk))
        .fallback(pages::show_missing);
    // Listing the pages also starts Leptos' executor, which rendering needs.
    for page in leptos_axum::generate_route_list(app::App) {
        routes = routes.route(page.path(), get(pages::show));
    }
    routes.with_state(Console { app: app.clone(), api, site })
}
