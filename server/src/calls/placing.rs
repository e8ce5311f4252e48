//! Placing a call for `POST /v1/calls`: validate, price, and open its record; nothing is written of a refused one.
//!
//! The gateway gets the call only after its record stands, so a refused call never reaches a carrier and a crash in
//! between leaves a ringing row that recovery closes; it is never dialled twice.

use sautikit_api::actions::{Action, ActionError, Asked, Channels, Document, MachineDetection, parse_list, parse_xml};
use sautikit_api::calls::CreateCall;
use sautikit_api::ids::WorkspaceId;
use sautikit_api::recordings::RecordCall;
use serde::Deserialize;

use super::admission::{
    Admitted, DEFAULT_MAX_DURATION_SECONDS, DEFAULT_RING_TIMEOUT_SECONDS, Leaving, Party, Priced, blank_call,
    checked_destination, new_leg_id, own_party, price_targets,
};
use super::gateway::PricedTarget;
use super::record::Draft;
use super::{CallError, CallRow, Direction, LegRecord, Origin};
use crate::audit;
use crate::calls::Hub;
use crate::destination::is_emergency;
use crate::numbers::{self, TenantNumber};
use crate::state::AppState;
use crate::telephone::Telephone;
use crate::web::idempotency::StoredAnswer;

/// Destinations that may ring together; each is a leg at the carrier.
const MAX_TARGETS: usize = 10;
/// Bytes of metadata as JSON (api.md).
const MAX_METADATA_BYTES: usize = 4 * 1024;
/// Seconds that a call may ring.
const RING_TIMEOUT_SECONDS: std::ops::RangeInclusive<i64> = 5..=600;
/// Seconds that a call may last.
const MAX_DURATION_SECONDS: std::ops::RangeInclusive<i64> = 1..=DEFAULT_MAX_DURATION_SECONDS;

/// A call that passed its checks; nothing is written yet.
pub struct Prepared {
    call: CallRow,
    legs: Vec<LegRecord>,
    targets: Vec<PricedTarget>,
    leaving: Leaving,
    party: Party,
    actions: Option<Document>,
    recorded: Option<Channels>,
    machine_detection: Option<MachineDetection>,
}

/// Validates a call and prices it.
///
/// # Errors
/// Every refusal of `POST /v1/calls` but for the money, or the database failed.
pub async fn prepare(
    app: &AppState,
    workspace_id: WorkspaceId,
    country: &str,
    request: &CreateCall,
) -> Result<Prepared, CallError> {
    // Emergency and short codes come before everything else that could be wrong with the request.
    let destinations = checked_destinations(request, country)?;
    let actions = check_shape(app, request)?;
    if Hub::of(app).gateway().is_none() {
        return Err(CallError::NoRoute);
    }
    let party = own_party(app, workspace_id, &request.from).await?;
    let actions = match &request.xml {
        Some(xml) => Some(read_xml("xml", xml.as_bytes(), &party.number.number)?),
        None => actions,
    };

    let to = destinations.iter().map(|to| to.e164.as_str()).collect::<Vec<_>>().join(",");
    let from = party.number.number.e164.clone();
    let mut call = blank_call(app, &party, Direction::Outbound, Origin::Api, from, to);
    call.voice_callback_url = request.voice_callback_url.clone().or(call.voice_callback_url);
    call.events_url = request.events_url.clone().or(call.events_url);
    call.metadata.clone_from(&request.metadata);
    call.ring_timeout_seconds = request.timeout.unwrap_or(DEFAULT_RING_TIMEOUT_SECONDS);
    call.max_duration_seconds = request.max_duration.unwrap_or(DEFAULT_MAX_DURATION_SECONDS);
    let Priced { targets, legs, leaving } =
        price_targets(app, &party, &destinations, call.started_at, || new_leg_id(app)).await?;
    let recorded = match request.record {
        None | Some(RecordCall::Whether(false)) => None,
        Some(RecordCall::Whether(true)) => Some(Channels::Mixed),
        Some(RecordCall::Channels(_)) => Some(Channels::Dual),
    };
    let machine_detection = request.machine_detection;
    Ok(Prepared { call, legs, targets, leaving, party, actions, recorded, machine_detection })
}

impl Prepared {
    /// The call's row as it will be.
    pub fn call(&self) -> &CallRow {
        &self.call
    }

    /// How many it calls.
    pub fn targets(&self) -> usize {
        self.targets.len()
    }

    /// Opens the call's record, with the answer to its request and its line of the audit log. What comes back is to be
    /// given to the gateway.
    ///
    /// # Errors
    /// Too many calls, too little money or too little left of the day, another request with its key, or nothing can be recorded.
    pub async fn open(
        self,
        app: &AppState,
        answer: Option<StoredAnswer>,
        audit: audit::Line,
    ) -> Result<(Admitted, Option<Document>), CallError> {
        let Self { call, legs, targets, leaving, party, actions, recorded, machine_detection } = self;
        let Party { number, workspace } = party;
        let record =
            Draft { call, legs, answer, audit: Some(audit), limits: workspace.limits.clone() }.open(app).await?;
        leaving.began(app, &number.number);
        let admitted = Admitted { record, number, workspace, targets, inbound_leg: None, recorded, machine_detection };
        Ok((admitted, actions))
    }
}

/// The emergency number or short code that a request is to call, whatever else is wrong with it; at most 32 letters of it.
pub fn emergency_in(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Peek {
        to: serde_json::Value,
    }
    let Peek { to } = serde_json::from_slice(body).ok()?;
    let one = to.as_str().into_iter();
    let all = one.chain(to.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str));
    let found = all.take(MAX_TARGETS).find(|to| is_emergency(to))?;
    Some(found.chars().take(32).collect())
}

fn checked_destinations(request: &CreateCall, country: &str) -> Result<Vec<Telephone>, CallError> {
    let given = request.to.as_slice();
    if given.is_empty() || given.len() > MAX_TARGETS {
        return Err(invalid("to", format!("Give 1 to {MAX_TARGETS} numbers in `to`.")));
    }
    let mut destinations: Vec<Telephone> = Vec::with_capacity(given.len());
    for to in given {
        let destination = checked_destination(to, country, "to")?;
        // The same number twice would ring itself busy.
        if destinations.iter().all(|other| other.e164 != destination.e164) {
            destinations.push(destination);
        }
    }
    Ok(destinations)
}

/// The parsed actions, if there are any.
fn check_shape(app: &AppState, request: &CreateCall) -> Result<Option<Document>, CallError> {
    check_range("timeout", request.timeout, RING_TIMEOUT_SECONDS)?;
    check_range("max_duration", request.max_duration, MAX_DURATION_SECONDS)?;
    if request.metadata.as_ref().is_some_and(|metadata| metadata.to_string().len() > MAX_METADATA_BYTES) {
        return Err(invalid("metadata", format!("`metadata` is at most {MAX_METADATA_BYTES} bytes of JSON.")));
    }
    if request.voice_callback_url.is_some() && request.actions.is_some() {
        return Err(invalid("actions", "Give `voice_callback_url` or `actions`, not both.".to_owned()));
    }
    if request.xml.is_some() && (request.voice_callback_url.is_some() || request.actions.is_some()) {
        return Err(invalid("xml", "Give one of `voice_callback_url`, `actions` and `xml`.".to_owned()));
    }
    let actions = request.actions.as_ref().map(parse_list).transpose();
    let actions = actions.map_err(|error| unreadable("actions", &error))?;
    if let Some([Action::Reject(_), ..]) = actions.as_deref() {
        let message = "actions[0].reject: whom you call can't be turned away; end the call with `hangup`".to_owned();
        return Err(CallError::Actions { field: "actions", message });
    }
    let actions = actions.map(|actions| Document { actions, warnings: Vec::new() });
    for (field, url) in [("voice_callback_url", &request.voice_callback_url), ("events_url", &request.events_url)] {
        if let Some(url) = url {
            numbers::check_callback_url(url, app.config.is_development())
                .map_err(|reason| invalid(field, format!("`{field}`: {reason}.")))?;
        }
    }
    Ok(actions)
}

/// A document of XML that is given in `field`, not answered, as one of the number's handler would be read.
pub(super) fn read_xml(field: &'static str, xml: &[u8], number: &TenantNumber) -> Result<Document, CallError> {
    let url = number.voice_callback_url.as_deref().unwrap_or_default();
    let asked = Asked { url, room: &number.e164, compat: number.compat };
    parse_xml(xml, &asked).map_err(|error| unreadable(field, &error))
}

/// That the actions of a request do not validate, at the member that has them.
pub(super) fn unreadable(field: &'static str, error: &ActionError) -> CallError {
    CallError::Actions { field, message: error.to_string() }
}

fn check_range(field: &'static str, value: Option<i64>, range: std::ops::RangeInclusive<i64>) -> Result<(), CallError> {
    match value {
        Some(value) if !range.contains(&value) => {
            Err(invalid(field, format!("`{field}` is {} to {} seconds.", range.start(), range.end())))
        }
        _ => Ok(()),
    }
}

fn invalid(field: &'static str, message: String) -> CallError {
    CallError::Invalid { field, message }
}
