//! One file per page, and the table of routes.
//!
//! Every page is rendered whole before the first byte leaves (`SsrMode::Async`): out-of-order streaming would leave
//! "Loading" behind without JavaScript, and a page has to choose its status or redirect first.

mod alerts;
mod audit;
mod audit_changes;
mod call;
mod call_axis;
mod call_axis_drawing;
mod call_axis_layout;
mod call_diagnosis;
mod call_inspector;
mod call_signals;
mod call_spans;
mod call_stats;
mod call_timeline;
mod calls;
mod deliveries;
mod dev_mail;
mod docs;
mod docs_run;
mod failure;
mod home;
mod home_attention;
mod invitation;
mod key_form;
mod keys;
mod landing;
mod landing_call;
mod ledger;
mod limits;
mod meetings;
mod member;
mod members;
mod not_found;
mod number;
mod number_devices;
mod number_routing;
mod numbers;
mod onboarding;
mod operator_calls;
mod operator_jobs;
mod operator_money;
mod operator_nodes;
mod operator_numbers;
mod operator_overview;
mod operator_parts;
mod operator_payments;
mod operator_prices;
mod operator_prices_difference;
mod operator_providers;
mod operator_registrations;
mod operator_series;
mod operator_series_one;
mod operator_statements;
mod operator_trunks;
mod operator_workspace;
mod operator_workspaces;
mod place;
mod playground;
mod playground_check;
mod playground_marks;
mod playground_recipes;
mod pricing;
mod pricing_calculator;
mod profile;
mod public;
mod recordings;
mod reference;
mod request_opened;
mod requests;
mod roles;
mod search;
mod search_query;
mod settings;
mod settings_privacy;
mod shadow;
mod sign_in;
mod site;
mod softphone;
mod statements;
mod storage;
mod verify;
mod wallet;
mod wallet_ledger;
mod wallet_spend;
mod wallet_top_ups;
mod wallet_waiting;
mod webhook;
mod webhook_deliveries;
mod webhook_parts;
mod webhooks;
mod workspace_new;

pub use call_timeline::TIMELINE_KINDS;
pub(crate) use failure::FailurePage;

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

/// The console: chooses the page by path. The server takes its routes from here (`leptos_axum::generate_route_list`).
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <FlatRoutes fallback=not_found::NotFoundPage>
                <Route path=path!("/") view=landing::LandingPage ssr=SsrMode::Async/>
                <Route path=path!("/pricing") view=pricing::PricingPage ssr=SsrMode::Async/>
                <Route path=path!("/about") view=site::AboutPage ssr=SsrMode::Async/>
                <Route path=path!("/status") view=site::StatusPage ssr=SsrMode::Async/>
                <Route path=path!("/contact") view=site::ContactPage ssr=SsrMode::Async/>
                <Route path=path!("/docs") view=docs::DocsPage ssr=SsrMode::Async/>
                <Route path=path!("/docs/*page") view=docs::DocsPage ssr=SsrMode::Async/>
                <Route path=path!("/signin") view=sign_in::SignInPage ssr=SsrMode::Async/>
                <Route path=path!("/auth/verify") view=verify::VerifyPage ssr=SsrMode::Async/>
                <Route path=path!("/invitation") view=invitation::InvitationPage ssr=SsrMode::Async/>
                <Route path=path!("/onboarding") view=onboarding::OnboardingPage ssr=SsrMode::Async/>
                <Route path=path!("/home") view=home::HomePage ssr=SsrMode::Async/>
                <Route path=path!("/search") view=search::SearchPage ssr=SsrMode::Async/>
                <Route path=path!("/numbers") view=numbers::NumbersPage ssr=SsrMode::Async/>
                <Route path=path!("/numbers/:id") view=number::NumberPage ssr=SsrMode::Async/>
                <Route path=path!("/calls") view=calls::CallsPage ssr=SsrMode::Async/>
                <Route path=path!("/calls/meetings") view=meetings::MeetingsPage ssr=SsrMode::Async/>
                <Route path=path!("/calls/:id") view=call::CallPage ssr=SsrMode::Async/>
                <Route path=path!("/recordings") view=recordings::RecordingsPage ssr=SsrMode::Async/>
                <Route path=path!("/recordings/storage") view=storage::StoragePage ssr=SsrMode::Async/>
                <Route path=path!("/wallet") view=wallet::WalletPage ssr=SsrMode::Async/>
                <Route path=path!("/wallet/limits") view=limits::LimitsPage ssr=SsrMode::Async/>
                <Route path=path!("/wallet/alerts") view=alerts::AlertsPage ssr=SsrMode::Async/>
                <Route path=path!("/wallet/ledger") view=ledger::LedgerPage ssr=SsrMode::Async/>
                <Route path=path!("/wallet/statements") view=statements::StatementsPage ssr=SsrMode::Async/>
                <Route path=path!("/wallet/statements/:month") view=statements::StatementPage ssr=SsrMode::Async/>
                <Route path=path!("/developers/keys") view=keys::KeysPage ssr=SsrMode::Async/>
                <Route path=path!("/developers/webhooks") view=webhooks::WebhooksPage ssr=SsrMode::Async/>
                <Route path=path!("/developers/webhooks/:id") view=webhook::WebhookPage ssr=SsrMode::Async/>
                <Route path=path!("/developers/deliveries") view=deliveries::DeliveriesPage ssr=SsrMode::Async/>
                <Route path=path!("/developers/deliveries/:id") view=webhook_deliveries::DeliveryPage ssr=SsrMode::Async/>
                <Route path=path!("/workspaces/new") view=workspace_new::NewWorkspacePage ssr=SsrMode::Async/>
                <Route path=path!("/workspace/members") view=members::MembersPage ssr=SsrMode::Async/>
                <Route path=path!("/workspace/roles") view=roles::RolesPage ssr=SsrMode::Async/>
                <Route path=path!("/workspace/settings") view=settings::SettingsPage ssr=SsrMode::Async/>
                <Route path=path!("/workspace/audit") view=audit::AuditPage ssr=SsrMode::Async/>
                <Route path=path!("/profile") view=profile::ProfilePage ssr=SsrMode::Async/>
                <Route path=path!("/operator/workspaces") view=operator_workspaces::OperatorWorkspacesPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/trunks") view=operator_trunks::OperatorTrunksPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/trunks/:id") view=operator_trunks::OperatorTrunkPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/providers") view=operator_providers::OperatorProvidersPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/series") view=operator_series::OperatorSeriesPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/series/:id") view=operator_series_one::OperatorSeriesOnePage ssr=SsrMode::Async/>
                <Route path=path!("/operator/numbers") view=operator_numbers::OperatorNumbersPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/prices") view=operator_prices::OperatorPricesPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/workspaces/:id") view=operator_workspace::OperatorWorkspacePage ssr=SsrMode::Async/>
                <Route path=path!("/operator/statements") view=operator_statements::OperatorMonthPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/overview") view=operator_overview::OperatorOverviewPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/calls") view=operator_calls::OperatorCallsPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/registrations") view=operator_registrations::OperatorRegistrationsPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/nodes") view=operator_nodes::OperatorNodesPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/jobs") view=operator_jobs::OperatorJobsPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/payments") view=operator_payments::OperatorPaymentsPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/workspaces/:id/money") view=operator_money::OperatorMoneyPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/workspaces/:id/statements") view=statements::OperatorStatementsPage ssr=SsrMode::Async/>
                <Route path=path!("/operator/workspaces/:id/statements/:month") view=statements::OperatorStatementPage ssr=SsrMode::Async/>
                <Route path=path!("/developers/playground") view=playground::PlaygroundPage ssr=SsrMode::Async/>
                <Route path=path!("/developers/requests") view=requests::RequestsPage ssr=SsrMode::Async/>
                <Route path=path!("/developers/shadow") view=shadow::ShadowPage ssr=SsrMode::Async/>
                <Route path=path!("/dev/mail") view=dev_mail::DevMailPage ssr=SsrMode::Async/>
                <Route path=path!("/softphone") view=softphone::SoftphonePage ssr=SsrMode::Async/>
            </FlatRoutes>
        </Router>
    }
}
