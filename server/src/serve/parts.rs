//! What every room shares between its requests and tasks, and what one room does for another that may not know it: put
//! together here, where all are known.

use crate::accounts::google::Google;
use crate::accounts::{Currencies, Dependants};
use crate::api_keys::{self, KnownKeys};
use crate::calls::pbx::PbxCalls;
use crate::calls::{self, Hub};
use crate::config::Config;
use crate::gateway::migrate_check::http::Checks;
use crate::gateway::trunks::TellUnregistered;
use crate::http::{Credentials, Passing};
use crate::jobs::Kinds;
use crate::mail::{Mailer, SendMail};
use crate::numbers::renewal::{RenewAll, RenewOf};
use crate::payments::daraja::{Daraja, FollowUp, Inquire, InquireClaim, Push};
use crate::payments::incoming::MatchPayment;
use crate::payments::paystack::{Paystack, Verify};
use crate::payments::reverse::Reverse;
use crate::payments::simulator::Settle;
use crate::pricing::Known as KnownPrices;
use crate::recordings::{Recordings, TellRecording};
use crate::state::Parts;
use crate::storage::Stores;
use crate::tls::Certificates;
use crate::trunks::Trunks;
use crate::wallet::alerts::TellLowBalance;
use crate::web::caller::Authenticator;
use crate::web::idempotency::InFlight;
use crate::web::rate_limit::RateLimits;
use crate::webhooks::address;
use crate::webhooks::client::Customers;
use crate::webhooks::delivery::gauge::Dispatching;
use crate::webhooks::delivery::{Bell, OwnersOf, TellDisabled};
use crate::webhooks::listener::Listeners;
use crate::webhooks::live::Live;
use crate::{numbers, payments, requests, shadow};

use super::ServeError;
use super::clean_up::CleanUp;
use super::owners::MembersOwners;

/// The parts of a server with these settings.
///
/// # Errors
/// Certificates, mail or sign-in with Google can't be set up as they are configured.
pub fn parts(config: &Config) -> Result<Parts, ServeError> {
    let google = Google::from_config(&config.google).map_err(ServeError::Google)?;
    address::set(&config.customers);
    Ok(Parts::default()
        .with(Authenticator::new(Credentials))
        .with(Bell::default())
        .with(Checks::default())
        .with(Certificates::from_config(&config.tls)?)
        .with(Daraja::from_config(&config.mpesa).map_err(ServeError::Payments)?)
        .with(Paystack::from_config(&config.paystack).map_err(ServeError::Payments)?)
        .with(Customers::new(config.is_development()).map_err(ServeError::Customers)?)
        .with(Currencies::new(numbers::OfWorkspaces))
        .with(dependants())
        .with(Dispatching::default())
        .with(google)
        .with(Hub::default())
        .with(InFlight::default())
        .with(job_kinds())
        .with(KnownKeys::default())
        .with(Listeners::default())
        .with(KnownPrices::default())
        .with(Live::default())
        .with(Mailer::from_config(config)?)
        .with(OwnersOf::new(MembersOwners))
        .with(Passing::new().map_err(ServeError::Customers)?)
        .with(PbxCalls::default())
        .with(RateLimits::new(&config.limits))
        .with(Recordings::default())
        .with(requests::Queue::default())
        .with(shadow::Queue::default())
        .with(Stores::from_config(config).map_err(ServeError::Storage)?)
        .with(Trunks::default()))
}

/// What stands in workspaces and goes with members.
fn dependants() -> Dependants {
    Dependants::default()
        .with(numbers::OfWorkspaces)
        .with(calls::OfWorkspaces)
        .with(payments::OfWorkspaces)
        .with(api_keys::OfMembers)
}

fn job_kinds() -> Kinds {
    Kinds::default()
        .with::<CleanUp>()
        .with::<SendMail>()
        .with::<RenewAll>()
        .with::<RenewOf>()
        .with::<Settle>()
        .with::<TellLowBalance>()
        .with::<Push>()
        .with::<FollowUp>()
        .with::<Inquire>()
        .with::<InquireClaim>()
        .with::<MatchPayment>()
        .with::<Verify>()
        .with::<Reverse>()
        .with::<TellDisabled>()
        .with::<TellUnregistered>()
        .with::<TellRecording>()
        .with::<calls::TellConference>()
}
