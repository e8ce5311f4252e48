//! From an admitted call to a running one.

use std::sync::Arc;

use sautikit_api::ErrorCode;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, LegRecordId, WorkspaceId};
use voice::{Direction, Facts, LegId, Origin, Target};

use super::call_task::{Begin, Inbox, Seat};
use super::leg::inbound;
use super::sip::IncomingCall;
use super::{Gateway, MediaTransport};
use crate::calls::{self, Admitted, CallRow, CallSummary, LegKind, LegRecord, Rate};
use crate::numbers::{self, TenantNumber};
use crate::secrets::Purpose;
use crate::state::AppState;

/// Why an admitted call could not begin.
#[derive(Debug, thiserror::Error)]
pub(super) enum BeginError {
    /// The workspace's numbers or secrets could not be read.
    #[error(transparent)]
    Number(#[from] numbers::NumberError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What a call begins with, from its row and number.
pub(super) async fn begin(
    gateway: &Gateway,
    call: CallRow,
    number: &TenantNumber,
    origin: Origin,
    legs: Vec<(LegId, LegRecord)>,
) -> Result<Begin, BeginError> {
    let app = &gateway.app;
    let mut conn = app.db.acquire().await?;
    let own_numbers = numbers::list_active_e164(&mut conn, call.workspace_id).await?;
    let own_secret = numbers::voice_signing_secret(app, number)?.and_then(|secret| String::from_utf8(secret).ok());
    let signing_secret = own_secret.unwrap_or_else(|| default_secret(app, call.workspace_id));
    let facts = Facts {
        call_id: call.id,
        workspace_id: call.workspace_id,
        direction: match call.direction {
            calls::Direction::Inbound => Direction::Inbound,
            calls::Direction::Outbound => Direction::Outbound,
        },
        from: call.from.clone(),
        to: call.to.clone(),
        number: number.e164.clone(),
        own_numbers,
        voice_callback_url: call.voice_callback_url.clone(),
        fallback_url: number.fallback_url.clone(),
        ring_timeout_s: seconds(call.ring_timeout_seconds),
        max_duration_s: seconds(call.max_duration_seconds),
    };
    Ok(Begin { facts, origin, signing_secret, row: call, legs, hops: 0 })
}

/// The workspace's default secret, until it can be rotated: derived, so that there is nothing to keep.
fn default_secret(app: &AppState, workspace: WorkspaceId) -> String {
    format!("whsec_{}", app.secrets.hash(Purpose::VoiceSecret, &format!("workspace {workspace}")))
}

/// Runs a call that begins with somebody calling us, to its end.
pub(super) async fn run_with_caller(
    gateway: &Arc<Gateway>,
    begin: Begin,
    call: IncomingCall,
    transport: MediaTransport,
) {
    let row = begin.row.clone();
    let inbox = Inbox::default();
    let handle = inbox.handle();
    let mut seat = Seat::new(gateway, begin, inbox);
    let running = seat.running();
    match gateway.media_end(&running.media, LegId::FIRST, transport) {
        Ok(end) => {
            running.seat_caller(call, end, transport);
            gateway.calls.lock().insert(row.id, handle);
            seat.run().await;
        }
        Err(error) => {
            tracing::warn!(call = %row.id, %error, "no media for a call");
            let refusal = voice::Refusal { status: 503, code: Some(ErrorCode::CallsNoRoute.as_str()) };
            inbound::refuse(&gateway.sip, call.transaction, refusal).await;
            abandon(gateway, row.id, ErrorCode::CallsNoRoute).await;
        }
    }
}

/// Ends the record of a call that was admitted but can't begin.
pub(super) async fn abandon(gateway: &Gateway, call_id: CallId, code: ErrorCode) {
    let summary = CallSummary {
        call_id,
        status: CallStatus::Failed,
        hangup_cause: code.as_str().to_owned(),
        answered_at: None,
        ended_at: gateway.app.now_us(),
        legs: Vec::new(),
    };
    if let Err(error) = calls::finish(&gateway.app, &summary).await {
        tracing::error!(call = %call_id, %error, "a call's end could not be recorded");
    }
}

/// The record of the caller's leg of a carrier's call: admission has written it.
pub(super) fn caller_of(admitted: &Admitted) -> Vec<(LegId, LegRecord)> {
    let Some((id, rate)) = admitted.inbound_leg else { return Vec::new() };
    let target = Target::Telephone(admitted.call.remote.clone());
    vec![(LegId::FIRST, leg_record(id, &target, calls::Direction::Inbound, rate, admitted.call.started_at))]
}

/// A new leg's record.
pub(super) fn leg_record(
    id: LegRecordId,
    target: &Target,
    direction: calls::Direction,
    rate: Rate,
    started_at: i64,
) -> LegRecord {
    LegRecord {
        id,
        kind: match target.kind() {
            voice::LegKind::Telephone => LegKind::Telephone,
            voice::LegKind::Client => LegKind::Client,
            voice::LegKind::Sip => LegKind::Sip,
        },
        direction,
        target: target.address().to_owned(),
        rate,
        started_at,
        answered_at: None,
        ended_at: None,
        outcome: None,
        dialog: None,
    }
}

fn seconds(seconds: i64) -> u32 {
    u32::try_from(seconds).unwrap_or(u32::MAX)
}
