//! What plain HTML forms post to: `/console/…`.
//!
//! A form calls the API once and then redirects, or names the page to show again with what went wrong ([`Flash`]).
//! Deliberately absent: validation (the API's), cookies of our own making, HTTP; the server decodes and encodes.

mod calls;
mod devices;
mod entry;
mod fields;
mod invitations;
mod keys;
mod limits;
pub(crate) mod meetings;
mod members;
mod numbers;
mod operator;
mod playground;
mod prices;
mod privacy;
mod profile;
mod recordings;
mod requests;
mod supply;
mod trunks;
mod wallet;
mod webhooks;
mod workspaces;

pub use fields::Fields;
pub(crate) use requests::repeatable;

use crate::{
    api_client::{Api, ApiFailure},
    gate::{self, by_way_of},
    i18n::Lang,
    visit::Flash,
};
use sautikit_api::accounts::UpdateMe;

/// Asks for a magic link.
pub const SIGN_IN: &str = "/console/signin";
/// Spends a magic link's token.
pub const VERIFY: &str = "/console/verify";
/// Makes the first workspace.
pub const ONBOARDING: &str = "/console/onboarding";
/// Accepts or declines an invitation.
pub const ANSWER_INVITATION: &str = "/console/invitation";
/// Ends the session.
pub const SIGN_OUT: &str = "/console/signout";
/// Claims a number.
pub const CLAIM: &str = "/console/numbers/claim";
/// Changes a number's routing; the path carries the number's id.
pub const ROUTING: &str = "/console/numbers/{id}/routing";
/// Asks a number's voice callback once; the path carries the number's id.
pub const TEST_ROUTING: &str = "/console/numbers/{id}/routing/test";
/// Gives a number another signing secret; the path carries the number's id.
pub const ROTATE_SIGNING_SECRET: &str = "/console/numbers/{id}/routing/rotate-secret";
/// Gives a number back; the path carries the number's id.
pub const RELEASE: &str = "/console/numbers/{id}/release";
/// Creates a device's credential; the path carries the number's id.
pub const CREATE_CREDENTIAL: &str = "/console/numbers/{id}/sip-credentials";
/// Gives a device another password; the path carries the number's id and the credential's.
pub const ROTATE_CREDENTIAL: &str = "/console/numbers/{id}/sip-credentials/{cid}/rotate";
/// Revokes a device's credential; the path carries the number's id and the credential's.
pub const REVOKE_CREDENTIAL: &str = "/console/numbers/{id}/sip-credentials/{cid}/revoke";
/// Has the sandbox carrier call a number; the path carries the number's id.
pub const SANDBOX_CALL: &str = "/console/numbers/{id}/sandbox-call";
/// Ends a call; the path carries the call's id.
pub const HANG_UP: &str = "/console/calls/{id}/hangup";
/// Changes how somebody is in a conference; the path carries the conference's id and the call's.
pub const CHANGE_MEMBER: &str = "/console/conferences/{id}/members/{call}/change";
/// Takes somebody out of a conference; the path carries the conference's id and the call's.
pub const TAKE_OUT: &str = "/console/conferences/{id}/members/{call}/remove";
/// Ends a conference; the path carries its id.
pub const END_CONFERENCE: &str = "/console/conferences/{id}/end";
/// Takes a caller out of a queue; the path carries the queue's id and the call's.
pub const LEAVE_QUEUE: &str = "/console/queues/{id}/members/{call}/remove";
/// Reads a voice document as a call would.
pub const CHECK_ACTIONS: &str = "/console/playground";
/// Runs a voice document as a call.
pub const RUN_ACTIONS: &str = "/console/playground/call";
/// Of [`RUN_ACTIONS`] and [`CREATE_KEY`]: what comes of it is shown beside the code of the quickstart.
pub const BESIDE: &str = "beside";
/// The page of the documentation that has its own call run.
const QUICKSTART: &str = "/docs/guides/quickstart";
/// Calls a handler as calls would.
pub const CHECK_HANDLER: &str = "/console/playground/check";
/// Sends a request of the log again.
pub const REPEAT_REQUEST: &str = "/console/requests/repeat";
/// Erases a person's number.
pub const ERASE_NUMBER: &str = "/console/privacy/erase";
/// Deletes a recording; the path carries its id.
pub const DELETE_RECORDING: &str = "/console/recordings/{id}/delete";
/// Switches the storage tier.
pub const SWITCH_TIER: &str = "/console/storage/tier";
/// Keeps recordings in a bucket of one's own.
pub const SET_BUCKET: &str = "/console/storage/bucket";
/// Keeps recordings here again.
pub const REMOVE_BUCKET: &str = "/console/storage/bucket/remove";
/// Requests a payment.
pub const TOP_UP: &str = "/console/wallet/top-ups";
/// Claims a payment to the Paybill.
pub const CLAIM_PAYMENT: &str = "/console/wallet/payment-claims";
/// Sets what calls may.
pub const SET_LIMITS: &str = "/console/wallet/limits";
/// Lets frozen calls go on.
pub const UNFREEZE: &str = "/console/wallet/unfreeze";
/// Sets the low-balance alert.
pub const SET_ALERTS: &str = "/console/wallet/alerts";
/// Adds somebody who is alerted.
pub const ADD_SUBSCRIBER: &str = "/console/wallet/alert-subscribers";
/// Alerts somebody no more; the path carries the subscriber's id.
pub const REMOVE_SUBSCRIBER: &str = "/console/wallet/alert-subscribers/{id}/remove";
/// Creates an API key.
pub const CREATE_KEY: &str = "/console/keys";
/// Gives an API key another secret; the path carries the key's id.
pub const ROTATE_KEY: &str = "/console/keys/{id}/rotate";
/// Revokes an API key; the path carries the key's id.
pub const REVOKE_KEY: &str = "/console/keys/{id}/revoke";
/// Sets up a webhook endpoint.
pub const CREATE_WEBHOOK: &str = "/console/webhooks";
/// Changes a webhook endpoint; the path carries its id.
pub const CHANGE_WEBHOOK: &str = "/console/webhooks/{id}";
/// Switches a webhook endpoint on or off; the path carries its id.
pub const SWITCH_WEBHOOK: &str = "/console/webhooks/{id}/switch";
/// Sends a webhook endpoint a test event; the path carries its id.
pub const TEST_WEBHOOK: &str = "/console/webhooks/{id}/test";
/// Gives a webhook endpoint another secret; the path carries its id.
pub const ROTATE_WEBHOOK_SECRET: &str = "/console/webhooks/{id}/rotate-secret";
/// Deletes a webhook endpoint; the path carries its id.
pub const DELETE_WEBHOOK: &str = "/console/webhooks/{id}/delete";
/// Sends an endpoint again what it missed; the path carries its id.
pub const RETRY_DELIVERIES: &str = "/console/webhooks/{id}/retry";
/// Sends again what did not arrive at one endpoint or at all.
pub const RETRY_ALL_DELIVERIES: &str = "/console/deliveries/retry";
/// Sends a delivery again; the path carries its id.
pub const RETRY_DELIVERY: &str = "/console/deliveries/{id}/retry";
/// Gives the workspace another default secret.
pub const ROTATE_WORKSPACE_SECRET: &str = "/console/webhooks-secret";
/// Invites someone into the workspace.
pub const INVITE: &str = "/console/invitations";
/// Withdraws an invitation; the path carries its id.
pub const WITHDRAW_INVITATION: &str = "/console/invitations/{id}/withdraw";
/// Gives a member another role; the path carries the person's id.
pub const CHANGE_ROLE: &str = "/console/members/{id}/role";
/// Removes a member; the path carries the person's id.
pub const REMOVE_MEMBER: &str = "/console/members/{id}/remove";
/// Leaves the workspace; the path carries the person's own id.
pub const LEAVE: &str = "/console/members/{id}/leave";
/// Works in another workspace from now on.
pub const ENTER_WORKSPACE: &str = "/console/workspaces/enter";
/// Opens a further workspace.
pub const CREATE_WORKSPACE: &str = "/console/workspaces";
/// Changes the workspace's name and country.
pub const UPDATE_WORKSPACE: &str = "/console/workspace";
/// Deletes the workspace.
pub const DELETE_WORKSPACE: &str = "/console/workspace/delete";
/// Changes the person's name.
pub const UPDATE_PROFILE: &str = "/console/profile";
/// Takes the Google account off the person.
pub const UNLINK_GOOGLE: &str = "/console/profile/unlink-google";
/// Ends one of the person's sessions; the path carries its id.
pub const END_SESSION: &str = "/console/sessions/{id}/end";
/// Ends all of the person's sessions but this one.
pub const END_OTHER_SESSIONS: &str = "/console/sessions/end-others";
/// Suspends a workspace, as operator; the path carries its id.
pub const SUSPEND_WORKSPACE: &str = "/console/operator/workspaces/{id}/suspend";
/// Lets a workspace work again, as operator; the path carries its id.
pub const RESUME_WORKSPACE: &str = "/console/operator/workspaces/{id}/resume";
/// Sets a trunk up, as operator.
pub const CREATE_TRUNK: &str = "/console/operator/trunks";
/// Changes a trunk, as operator; the path carries its id.
pub const UPDATE_TRUNK: &str = "/console/operator/trunks/{id}";
/// Lets a trunk take new calls or none, as operator; the path carries its id.
pub const SWITCH_TRUNK: &str = "/console/operator/trunks/{id}/switch";
/// Deletes a trunk, as operator; the path carries its id.
pub const DELETE_TRUNK: &str = "/console/operator/trunks/{id}/delete";
/// Adds a provider, as operator.
pub const CREATE_PROVIDER: &str = "/console/operator/providers";
/// Changes a provider; the path carries its id.
pub const UPDATE_PROVIDER: &str = "/console/operator/providers/{id}";
/// Retires a provider; the path carries its id.
pub const RETIRE_PROVIDER: &str = "/console/operator/providers/{id}/retire";
/// Loads a series of numbers, as operator.
pub const CREATE_SERIES: &str = "/console/operator/series";
/// Looks at a file of series, or loads it.
pub const IMPORT_SERIES: &str = "/console/operator/series/import";
/// Pauses, resumes or retires a series; the path carries its id.
pub const SERIES_STATUS: &str = "/console/operator/series/{id}/status";
/// Sets what a series costs in one currency; the path carries its id.
pub const PRICE_SERIES: &str = "/console/operator/series/{id}/price";
/// Keeps a number for a workspace; the path carries its id.
pub const RESERVE_NUMBER: &str = "/console/operator/numbers/{id}/reserve";
/// Frees a number for everybody; the path carries its id.
pub const FREE_NUMBER: &str = "/console/operator/numbers/{id}/free";
/// Withdraws a number; the path carries its id.
pub const RETIRE_NUMBER: &str = "/console/operator/numbers/{id}/retire";
/// Names the trunk of a series, as operator; the path carries its id.
pub const SERIES_TRUNK: &str = "/console/operator/series/{id}/trunk";
/// Adds a price of a destination, as operator.
pub const CREATE_PRICE: &str = "/console/operator/prices";
/// Looks at a file of prices, or loads it.
pub const IMPORT_PRICES: &str = "/console/operator/prices/import";
/// Ends a price; the path carries its id.
pub const END_PRICE: &str = "/console/operator/prices/{id}/end";
/// Sets what the calls of a workspace may at most, as operator; the path carries its id.
pub const SET_CEILING: &str = "/console/operator/workspaces/{id}/limits";
/// Puts a workspace into another country, as operator; the path carries its id.
pub const SET_COUNTRY: &str = "/console/operator/workspaces/{id}/country";
/// Lets frozen calls of a workspace go on, as operator; the path carries its id.
pub const UNFREEZE_WORKSPACE: &str = "/console/operator/workspaces/{id}/unfreeze";
/// Credits a workspace with a payment that waits, as operator; the path carries the payment's id.
pub const ASSIGN_PAYMENT: &str = "/console/operator/payments/{id}/assign";
/// Dismisses a payment that waits, as operator; the path carries the payment's id.
pub const DISMISS_PAYMENT: &str = "/console/operator/payments/{id}/dismiss";
/// Ends a call of any workspace, as operator; the path carries its id.
pub const OPERATOR_HANG_UP: &str = "/console/operator/calls/{id}/hangup";
/// Tries a background job again that was set aside, as operator; the path carries its id.
pub const RETRY_JOB: &str = "/console/operator/jobs/{id}/retry";
/// Has a new key sign the tokens of phones and browsers, as operator.
pub const ROTATE_SIP_KEYS: &str = "/console/operator/sip-keys/rotate";
/// Compares a provider's statement with the wallets, as operator.
pub const RECONCILE: &str = "/console/operator/payments/reconcile";
/// Corrects a wallet, as operator; the path carries the workspace's id.
pub const ADJUST: &str = "/console/operator/workspaces/{id}/adjust";
/// Bounds how far calls may overdraw a wallet, as operator; the path carries the workspace's id.
pub const SET_OVERDRAFT: &str = "/console/operator/workspaces/{id}/overdraft";
/// Chooses the language. The one form that the server handles alone: it sets a cookie and goes back.
pub const LANGUAGE: &str = "/console/language";

/// The field that names the workspace which a form's page showed.
pub const WORKSPACE: &str = "workspace";

/// What a form came to.
pub struct Submitted {
    /// Where to go or what to show.
    pub next: Next,
    /// `Set-Cookie` values of the API, to be passed on unchanged.
    pub set_cookies: Vec<String>,
}

/// Where a form leads.
pub enum Next {
    /// Answer 303 with this path.
    Redirect(String),
    /// Render this page (path and query) with the flash and the status.
    Show {
        /// Path and query.
        page: String,
        /// What the page has to say.
        flash: Flash,
        /// HTTP status.
        status: u16,
    },
    /// No such form.
    NotFound,
}

impl Next {
    fn redirect(to: impl Into<String>) -> Self {
        Self::Redirect(to.into())
    }

    /// The page again, which may name its part, saying that the typed name was not the one asked for.
    fn mistyped(page: &str) -> Self {
        let joint = if page.contains('?') { '&' } else { '?' };
        Self::redirect(format!("{page}{joint}done=mistyped"))
    }

    /// The page again, filled as it was, saying why.
    fn failed(form: &str, page: impl Into<String>, failure: ApiFailure, fields: &Fields) -> Self {
        let page = page.into();
        if failure.is_signed_out() && form != VERIFY {
            return Self::redirect(by_way_of(gate::SIGN_IN, &page));
        }
        let status = failure.status();
        Self::Show { page, flash: Flash::Failed { form: form.to_owned(), failure, fields: fields.clone() }, status }
    }
}

impl From<Next> for Submitted {
    fn from(next: Next) -> Self {
        Self { next, set_cookies: Vec::new() }
    }
}

/// Seconds as they are typed; nothing is 0, which the API takes for the least.
fn seconds(fields: &Fields, name: &'static str) -> Result<i64, ApiFailure> {
    match fields.text(name) {
        text if text.is_empty() => Ok(0),
        text => text.parse().map_err(|_| ApiFailure::of_field(name, |text| text.seconds, &[&text])),
    }
}

/// Whether the name of what is at stake was typed as it stands (`components::TypedConfirm`).
fn is_confirmed(fields: &Fields) -> bool {
    fields.text("confirm") == fields.text("expected")
}

/// Runs the form at `path` (from `/console/`), in the workspace that its page showed.
pub async fn submit(path: &str, fields: &Fields, api: &Api) -> Submitted {
    let shown = fields.get(WORKSPACE).map(|workspace| api.within(workspace));
    run(path, fields, shown.as_ref().unwrap_or(api)).await
}

/// Has mails to whoever is signed in written in that language; to strangers nothing happens.
pub async fn write_in(lang: Lang, api: &Api) {
    let body = UpdateMe { language: Some(lang.code().to_owned()), ..UpdateMe::default() };
    // The page is shown in it whatever becomes of this.
    let _ = api.patch("/v1/auth/me", &body).await;
}

async fn run(path: &str, fields: &Fields, api: &Api) -> Submitted {
    match path {
        SIGN_IN => entry::sign_in(fields, api).await,
        VERIFY => entry::verify(fields, api).await,
        ONBOARDING => entry::onboarding(fields, api).await,
        SIGN_OUT => entry::sign_out(api).await,
        ANSWER_INVITATION => invitations::answer(fields, api).await,
        CLAIM => numbers::claim(fields, api).await.into(),
        TOP_UP => wallet::top_up(fields, api).await.into(),
        CLAIM_PAYMENT => wallet::claim_payment(fields, api).await.into(),
        CREATE_TRUNK => trunks::create(fields, api).await.into(),
        SET_LIMITS => limits::set(fields, api).await.into(),
        UNFREEZE => limits::unfreeze(fields, api).await.into(),
        SET_ALERTS => limits::set_alerts(fields, api).await.into(),
        ADD_SUBSCRIBER => limits::add_subscriber(fields, api).await.into(),
        SWITCH_TIER => recordings::switch_tier(fields, api).await.into(),
        SET_BUCKET => recordings::set_bucket(fields, api).await.into(),
        REMOVE_BUCKET => recordings::remove_bucket(fields, api).await.into(),
        CHECK_ACTIONS => playground::check(fields, api).await.into(),
        RUN_ACTIONS => playground::run(fields, api).await.into(),
        CHECK_HANDLER => playground::check_handler(fields, api).await.into(),
        REPEAT_REQUEST => requests::repeat(fields, api).await.into(),
        ERASE_NUMBER => privacy::erase(fields, api).await.into(),
        CREATE_KEY => keys::create(fields, api).await.into(),
        CREATE_WEBHOOK => webhooks::create(fields, api).await.into(),
        RETRY_ALL_DELIVERIES => webhooks::retry_everywhere(fields, api).await.into(),
        ROTATE_WORKSPACE_SECRET => webhooks::rotate_default(fields, api).await.into(),
        INVITE => members::invite(fields, api).await.into(),
        ENTER_WORKSPACE => workspaces::enter(fields, api).await.into(),
        CREATE_WORKSPACE => workspaces::create(fields, api).await.into(),
        UPDATE_WORKSPACE => workspaces::update(fields, api).await.into(),
        DELETE_WORKSPACE => workspaces::delete(fields, api).await.into(),
        UPDATE_PROFILE => profile::update(fields, api).await.into(),
        UNLINK_GOOGLE => profile::unlink_google(fields, api).await.into(),
        RECONCILE => operator::reconcile(fields, api).await.into(),
        ROTATE_SIP_KEYS => operator::rotate_sip_keys(fields, api).await.into(),
        END_OTHER_SESSIONS => profile::end_other_sessions(fields, api).await.into(),
        CREATE_PROVIDER => supply::create_provider(fields, api).await.into(),
        CREATE_SERIES => supply::create_series(fields, api).await.into(),
        IMPORT_SERIES => supply::import_series(fields, api).await.into(),
        CREATE_PRICE => prices::create(fields, api).await.into(),
        IMPORT_PRICES => prices::import(fields, api).await.into(),
        _ => match path.split('/').collect::<Vec<_>>().as_slice() {
            ["", "console", "numbers", id, "routing"] => numbers::routing(id, fields, api).await.into(),
            ["", "console", "numbers", id, "routing", "test"] => devices::test(id, fields, api).await.into(),
            ["", "console", "numbers", id, "routing", "rotate-secret"] => {
                devices::rotate_secret(id, fields, api).await.into()
            }
            ["", "console", "numbers", id, "release"] => numbers::release(id, fields, api).await.into(),
            ["", "console", "numbers", id, "sip-credentials"] => devices::create(id, fields, api).await.into(),
            ["", "console", "numbers", id, "sip-credentials", device, "rotate"] => {
                devices::rotate((id, device), fields, api).await.into()
            }
            ["", "console", "numbers", id, "sip-credentials", device, "revoke"] => {
                devices::revoke((id, device), fields, api).await.into()
            }
            ["", "console", "numbers", id, "sandbox-call"] => calls::sandbox_call(id, fields, api).await.into(),
            ["", "console", "calls", id, "hangup"] => calls::hang_up(id, fields, api).await.into(),
            ["", "console", "conferences", id, "members", call, "change"] => {
                meetings::change((id, call), fields, api).await.into()
            }
            ["", "console", "conferences", id, "members", call, "remove"] => {
                meetings::take_out((id, call), fields, api).await.into()
            }
            ["", "console", "conferences", id, "end"] => meetings::end(id, fields, api).await.into(),
            ["", "console", "queues", id, "members", call, "remove"] => {
                meetings::leave_queue((id, call), fields, api).await.into()
            }
            ["", "console", "recordings", id, "delete"] => recordings::delete(id, fields, api).await.into(),
            ["", "console", "keys", id, "rotate"] => keys::rotate(id, fields, api).await.into(),
            ["", "console", "keys", id, "revoke"] => keys::revoke(id, fields, api).await.into(),
            ["", "console", "webhooks", id] => webhooks::change(id, fields, api).await.into(),
            ["", "console", "webhooks", id, "switch"] => webhooks::switch(id, fields, api).await.into(),
            ["", "console", "webhooks", id, "test"] => webhooks::test(id, fields, api).await.into(),
            ["", "console", "webhooks", id, "rotate-secret"] => webhooks::rotate(id, fields, api).await.into(),
            ["", "console", "webhooks", id, "delete"] => webhooks::delete(id, fields, api).await.into(),
            ["", "console", "webhooks", id, "retry"] => webhooks::retry_all(id, fields, api).await.into(),
            ["", "console", "deliveries", id, "retry"] => webhooks::retry(id, fields, api).await.into(),
            ["", "console", "invitations", id, "withdraw"] => members::withdraw(id, fields, api).await.into(),
            ["", "console", "members", id, "role"] => members::change_role(id, fields, api).await.into(),
            ["", "console", "members", id, "remove"] => members::remove(id, fields, api).await.into(),
            ["", "console", "members", id, "leave"] => members::leave(id, fields, api).await.into(),
            ["", "console", "sessions", id, "end"] => profile::end_session(id, fields, api).await.into(),
            ["", "console", "wallet", "alert-subscribers", id, "remove"] => {
                limits::remove_subscriber(id, fields, api).await.into()
            }
            ["", "console", "operator", "workspaces", id, "limits"] => {
                limits::set_ceiling(id, fields, api).await.into()
            }
            ["", "console", "operator", "workspaces", id, "country"] => {
                operator::set_country(id, fields, api).await.into()
            }
            ["", "console", "operator", "workspaces", id, "unfreeze"] => {
                limits::unfreeze_workspace(id, fields, api).await.into()
            }
            ["", "console", "operator", "calls", id, "hangup"] => operator::hang_up(id, fields, api).await.into(),
            ["", "console", "operator", "jobs", id, "retry"] => operator::retry_job(id, fields, api).await.into(),
            ["", "console", "operator", "payments", id, "assign"] => operator::assign(id, fields, api).await.into(),
            ["", "console", "operator", "payments", id, "dismiss"] => operator::dismiss(id, fields, api).await.into(),
            ["", "console", "operator", "workspaces", id, "adjust"] => operator::adjust(id, fields, api).await.into(),
            ["", "console", "operator", "workspaces", id, "overdraft"] => {
                operator::set_overdraft(id, fields, api).await.into()
            }
            ["", "console", "operator", "workspaces", id, "suspend"] => operator::suspend(id, fields, api).await.into(),
            ["", "console", "operator", "workspaces", id, "resume"] => operator::resume(id, fields, api).await.into(),
            ["", "console", "operator", "trunks", id] => trunks::update(id, fields, api).await.into(),
            ["", "console", "operator", "trunks", id, "switch"] => trunks::switch(id, fields, api).await.into(),
            ["", "console", "operator", "trunks", id, "delete"] => trunks::delete(id, fields, api).await.into(),
            ["", "console", "operator", "providers", id] => supply::update_provider(id, fields, api).await.into(),
            ["", "console", "operator", "providers", id, "retire"] => {
                supply::retire_provider(id, fields, api).await.into()
            }
            ["", "console", "operator", "series", id, "status"] => supply::series_status(id, fields, api).await.into(),
            ["", "console", "operator", "series", id, "trunk"] => supply::series_trunk(id, fields, api).await.into(),
            ["", "console", "operator", "series", id, "price"] => supply::price_series(id, fields, api).await.into(),
            ["", "console", "operator", "numbers", id, verb @ ("reserve" | "free" | "retire")] => {
                supply::step_number(id, verb, fields, api).await.into()
            }
            ["", "console", "operator", "prices", id, "end"] => prices::end(id, fields, api).await.into(),
            _ => Next::NotFound.into(),
        },
    }
}
