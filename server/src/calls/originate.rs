//! Placing a call for `POST /v1/calls`: validate, price, admit under the wallet's lock, write the ringing row.
//!
//! The gateway gets the order only after the commit, so a refused call never reaches a carrier and a crash in between
//! leaves a ringing row that recovery closes; it is never dialled twice.

use sautikit_api::actions::parse_list;
use sautikit_api::calls::CreateCall;
use sautikit_api::ids::WorkspaceId;
use sqlx::AnyConnection;

use super::admission::{
    DEFAULT_MAX_DURATION_SECONDS, DEFAULT_RING_TIMEOUT_SECONDS, active_number, admit_targets, blank_call,
    checked_destination,
};
use super::destination::Destination;
use super::gateway::OriginateOrder;
use super::{CallError, CallRow, Direction, Origin};
use crate::numbers;
use crate::state::AppState;
use crate::wallet;

/// Destinations that may ring together; each is a leg at the carrier.
const MAX_TARGETS: usize = 10;
/// Bytes of metadata as JSON (api.md).
const MAX_METADATA_BYTES: usize = 4 * 1024;
/// Seconds that a call may ring.
const RING_TIMEOUT_SECONDS: std::ops::RangeInclusive<i64> = 5..=600;
/// Seconds that a call may last.
const MAX_DURATION_SECONDS: std::ops::RangeInclusive<i64> = 1..=DEFAULT_MAX_DURATION_SECONDS;

/// Validates and admits a call in the caller's transaction. Hand the order to the gateway after the commit.
///
/// # Errors
/// Every refusal of `POST /v1/calls`, or the database failed.
pub async fn originate(
    app: &AppState,
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    country: &str,
    request: &CreateCall,
) -> Result<(CallRow, OriginateOrder), CallError> {
    // Emergency and short codes come before everything else that could be wrong with the request.
    let destinations = checked_destinations(request, country)?;
    check_shape(app, request)?;
    if app.calls.gateway().is_none() {
        return Err(CallError::NoRoute);
    }
    let from =
        checked_destination(&request.from, country, "from").map_or_else(|_| request.from.clone(), |from| from.e164);
    let number = active_number(tx, workspace_id, &from).await?;
    let wallet = wallet::lock(tx, workspace_id).await?;

    let to = destinations.iter().map(|to| to.e164.as_str()).collect::<Vec<_>>().join(",");
    let mut call = blank_call(app, &number, wallet.wallet(), Direction::Outbound, Origin::Api, number.e164.clone(), to);
    call.voice_callback_url = request.voice_callback_url.clone().or(call.voice_callback_url);
    call.events_url = request.events_url.clone().or(call.events_url);
    call.actions.clone_from(&request.actions);
    call.metadata.clone_from(&request.metadata);
    call.ring_timeout_seconds = request.timeout.unwrap_or(DEFAULT_RING_TIMEOUT_SECONDS);
    call.max_duration_seconds = request.max_duration.unwrap_or(DEFAULT_MAX_DURATION_SECONDS);

    let targets = admit_targets(app, tx, &wallet, &number, &destinations, &call).await?;
    let order = OriginateOrder {
        call_id: call.id,
        workspace_id,
        from_e164: number.e164.clone(),
        targets,
        voice_callback_url: call.voice_callback_url.clone(),
        actions: call.actions.clone(),
        ring_timeout_seconds: call.ring_timeout_seconds,
        max_duration_seconds: call.max_duration_seconds,
    };
    Ok((call, order))
}

fn checked_destinations(request: &CreateCall, country: &str) -> Result<Vec<Destination>, CallError> {
    let given = request.to.as_slice();
    if given.is_empty() || given.len() > MAX_TARGETS {
        return Err(invalid("to", format!("Give 1 to {MAX_TARGETS} numbers in `to`.")));
    }
    let mut destinations: Vec<Destination> = Vec::with_capacity(given.len());
    for to in given {
        let destination = checked_destination(to, country, "to")?;
        // The same number twice would ring itself busy.
        if destinations.iter().all(|other| other.e164 != destination.e164) {
            destinations.push(destination);
        }
    }
    Ok(destinations)
}

fn check_shape(app: &AppState, request: &CreateCall) -> Result<(), CallError> {
    check_range("timeout", request.timeout, RING_TIMEOUT_SECONDS)?;
    check_range("max_duration", request.max_duration, MAX_DURATION_SECONDS)?;
    if request.metadata.as_ref().is_some_and(|metadata| metadata.to_string().len() > MAX_METADATA_BYTES) {
        return Err(invalid("metadata", format!("`metadata` is at most {MAX_METADATA_BYTES} bytes of JSON.")));
    }
    if request.voice_callback_url.is_some() && request.actions.is_some() {
        return Err(invalid("actions", "Give `voice_callback_url` or `actions`, not both.".to_owned()));
    }
    if let Some(actions) = &request.actions {
        parse_list(actions).map_err(|error| CallError::Actions(error.to_string()))?;
    }
    for (field, url) in [("voice_callback_url", &request.voice_callback_url), ("events_url", &request.events_url)] {
        if let Some(url) = url {
            numbers::check_callback_url(url, app.config.is_development())
                .map_err(|reason| invalid(field, format!("`{field}`: {reason}.")))?;
        }
    }
    Ok(())
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
