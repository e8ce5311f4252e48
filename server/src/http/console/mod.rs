//! The console and public site: renders `app`'s pages, takes its forms, serves its assets.
//!
//! A page is a client of `/v1`: [`client::InProcess`] runs its requests through the API's own router, with the visitor's
//! cookie and origin, so authentication, rules and errors exist once. Deliberately absent: anything that a page knows.

mod client;
pub(super) mod error_page;
mod exports;
mod files;
mod forms;
mod pages;
mod site;
mod style;

use files::SiteFiles;

use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};

use crate::state::AppState;

/// The licences of all that this binary contains; `None` when the site was not built.
pub(super) fn licences(config: &crate::config::Config) -> Option<std::borrow::Cow<'static, str>> {
    SiteFiles::find(&config.http.site_dir).licences()
}

/// What the console's handlers share.
#[derive(Clone)]
pub(super) struct Console {
    app: AppState,
    /// `/v1` with all its layers.
    api: Router,
    site: Arc<SiteFiles>,
}

impl Console {
    /// Over `api`: everything under `/v1` and `/dev`, layers included.
    pub(super) fn new(app: &AppState, api: Router) -> Self {
        Self { app: app.clone(), api, site: Arc::new(SiteFiles::find(&app.config.http.site_dir)) }
    }
}

/// Pages, forms, assets and the answer to unknown addresses.
pub(super) fn routes(console: &Console) -> Router<AppState> {
    let mut routes = Router::new()
        .route(app::forms::LANGUAGE, post(forms::choose_language))
        .route("/console/{*form}", post(forms::submit))
        .route("/exports/{file}", get(exports::show))
        .route("/favicon.ico", get(site::icon))
        .route("/docs/licences.txt", get(site::licences))
        .route("/assets/{*file}", get(site::asset))
        .route("/sdk/browser/{*file}", get(site::sdk))
        .route("/sdk/demo", get(|| async { Redirect::permanent("/sdk/demo/") }))
        .route("/sdk/demo/", get(site::demo))
        .route("/sdk/demo/{*file}", get(site::demo))
        .fallback(pages::show_missing);
    // Listing the pages also starts Leptos' executor, which rendering needs.
    for page in leptos_axum::generate_route_list(app::App) {
        routes = routes.route(page.path(), get(pages::show));
    }
    routes.with_state(console.clone())
}

#[cfg(test)]
mod tests {
    use app::estimate::Plan;

    use crate::rating::Rate;

    #[test]
    fn the_calculator_rates_calls_as_they_are_billed() {
        for (per_minute_e4, minimum_seconds, increment_seconds) in
            [(3_000_000, 1, 1), (3_000_001, 60, 60), (250, 60, 1), (0, 1, 1), (9_999_999, 30, 6)]
        {
            let plan = Plan { per_minute_e4, minimum_seconds, increment_seconds };
            let rate = Rate { per_minute_e4, minimum_seconds, increment_seconds };
            for seconds in (0..200).chain([3_599, 3_600, 86_400]) {
                assert_eq!(plan.cost_minor(seconds), rate.cost_minor(seconds).ok(), "{plan:?} for {seconds} s");
                assert_eq!(
                    plan.billed_seconds(seconds),
                    rate.billable_seconds(seconds).ok(),
                    "{plan:?} for {seconds} s"
                );
            }
        }
    }
}
