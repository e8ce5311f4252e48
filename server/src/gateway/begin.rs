//! From an admitted call to a running one.

use std::sync::Arc;

use sautikit_api::ErrorCode;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::LegRecordId;
use sip::message::Headers;
use voice::{Facts, LegId, Origin, Target};

use super::Gateway;
use super::call_task::{CallSetup, Inbox, PendingCall};
use super::leg::inbound;
use super::leg::invited::Invited;
use super::shadow::Shadow;
use super::sip::IncomingCall;
use crate::calls::signing::CallSecrets;
use crate::calls::{Admitted, CallEnd, Direction, LegRecord, Rate};
use crate::recordings;
use crate::state::AppState;

/// What a call begins with, from its admission. `legs` are those of its record, in the call's own order.
pub(super) fn setup(app: &AppState, admitted: Admitted, origin: Origin, legs: Vec<(LegId, LegRecordId)>) -> CallSetup {
    let Admitted { record, number, workspace, recorded, machine_detection, .. } = admitted;
    let call = record.call();
    let facts = Facts {
        call_id: call.id,
        workspace_id: call.workspace_id,
        direction: call.direction,
        from: call.from.clone(),
        to: call.to.clone(),
        number: number.number.e164.clone(),
        own_numbers: workspace.own_numbers.clone(),
        voice_callback_url: call.voice_callback_url.clone(),
        fallback_url: number.number.fallback_url.clone(),
        compat: number.number.compat,
        began_at_us: call.started_at,
        ring_timeout_s: seconds(call.ring_timeout_seconds),
        max_duration_s: seconds(call.max_duration_seconds),
        record: recorded,
        machine_detection,
        recordings_url: recordings::recordings_url(app).into(),
    };
    // A handler of the call's own is not the one that is tried.
    let is_the_numbers = call.voice_callback_url == number.number.voice_callback_url;
    let urls = number.number.shadow_url.clone().zip(number.number.voice_callback_url.clone());
    let shadow = urls.filter(|_| is_the_numbers).map(|(url, live_url)| {
        Arc::new(Shadow {
            url,
            live_url,
            number_id: number.number.id,
            number: number.number.e164.clone(),
            call_id: call.id,
            workspace: call.workspace_id,
            compat: number.number.compat,
        })
    });
    let signing_secret = CallSecrets::of(&number);
    CallSetup {
        facts,
        origin,
        signing_secret,
        shadow,
        record,
        legs,
        hops: 0,
        rights: None,
        custom_headers: Headers::new(),
    }
}

/// Starts a call that begins with somebody calling us.
pub(super) async fn with_caller(gateway: &Arc<Gateway>, setup: CallSetup, call: IncomingCall, invited: Invited) {
    let id = setup.facts.call_id;
    let inbox = Inbox::default();
    let handle = inbox.handle();
    let mut pending = PendingCall::new(gateway, setup, inbox);
    let running = pending.running();
    match gateway.media_end(&running.media, LegId::FIRST, invited.transport) {
        Ok(end) => {
            running.seat_caller(call, end, invited);
            gateway.calls.lock().insert(id, handle);
            // A task of its own: what admitted the call is done, and its memory with it.
            tokio::spawn(pending.run());
        }
        Err(error) => {
            tracing::warn!(call = %id, %error, "no media for a call");
            let refusal = voice::Refusal { status: 503, code: Some(ErrorCode::CallsNoRoute.as_str()) };
            inbound::refuse(&gateway.sip, call.transaction, refusal).await;
            pending.abandon(ErrorCode::CallsNoRoute).await;
        }
    }
}

/// The end of a call that was admitted but can't begin.
pub(super) fn failed(code: ErrorCode, now_us: i64) -> CallEnd {
    CallEnd { status: CallStatus::Failed, hangup_cause: code.as_str().to_owned(), ended_at: now_us }
}

/// A new leg's record.
pub(super) fn leg_record(
    id: LegRecordId,
    target: &Target,
    direction: Direction,
    rate: Rate,
    started_at: i64,
) -> LegRecord {
    LegRecord {
        id,
        kind: target.kind(),
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
