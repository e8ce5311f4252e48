//! Who may start a call: the number, the destination's price, and the money, decided under the wallet's lock.
//!
//! A call that costs something is admitted when `balance − holds − accrued by live calls − ended but unbilled > 0`. A call
//! that costs nothing (free inbound, a workspace's own number) needs no money: an empty wallet can still be called.

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, LegRecordId, WorkspaceId};
use sqlx::AnyConnection;

use super::destination::{Destination, DestinationError, read_destination};
use super::gateway::RatedTarget;
use super::{CallError, CallRow, Direction, LegKind, LegRecord, Milestone, Origin, Rate, lifecycle, store, tell};
use crate::accounts;
use crate::numbers::{self, TenantNumber};
use crate::state::AppState;
use crate::wallet::{self, LockedWallet, WalletError, with_tries};
use crate::webhooks::EventKind;
use crate::{pricing, wallet::Wallet};

/// Ringing ends after this many seconds when nothing else was asked.
pub const DEFAULT_RING_TIMEOUT_SECONDS: i64 = 60;
/// The longest answered time when nothing else was asked: four hours, beyond any real conversation.
pub const DEFAULT_MAX_DURATION_SECONDS: i64 = 14_400;

/// A call that may start and stands in the database as `ringing`.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Its row.
    pub call: CallRow,
    /// The number that it came by, with its routing.
    pub number: TenantNumber,
    /// Telephone destinations; empty for inbound calls.
    pub targets: Vec<RatedTarget>,
    /// The inbound telephone leg's id and rate; none for outbound calls.
    pub inbound_leg: Option<(LegRecordId, Rate)>,
}

/// A call that a carrier delivers.
#[derive(Debug, Clone)]
pub struct NewInbound<'a> {
    /// The called number, E.164.
    pub number_e164: &'a str,
    /// The caller as the carrier shows it; E.164, or `anonymous`.
    pub remote: &'a str,
}

/// Admits a carrier's call to one of our numbers.
///
/// # Errors
/// No active number of ours, a suspended workspace, an empty wallet where inbound costs, or the database failed.
pub async fn admit_inbound(app: &AppState, inbound: NewInbound<'_>) -> Result<Admitted, CallError> {
    with_tries!(try_admit_inbound(app, &inbound))
}

async fn try_admit_inbound(app: &AppState, inbound: &NewInbound<'_>) -> Result<Admitted, CallError> {
    let mut tx = app.db.begin_write().await?;
    let number = numbers::find_active_by_e164(&mut tx, inbound.number_e164).await?;
    let number = number.ok_or_else(|| CallError::NumberUnknown(inbound.number_e164.to_owned()))?;
    refuse_closed(&mut tx, number.workspace_id).await?;
    let wallet = wallet::lock(&mut tx, number.workspace_id).await?;
    require_funds(app, &mut tx, &wallet, &[number.inbound_rate]).await?;
    let (from, to) = (inbound.remote.to_owned(), number.e164.clone());
    let call = blank_call(app, &number, wallet.wallet(), Direction::Inbound, Origin::Trunk, from, to);
    let leg_id = LegRecordId(app.new_uuid());
    let leg = new_leg(leg_id, LegKind::Telephone, Direction::Inbound, inbound.remote, number.inbound_rate, &call);
    start(app, &mut tx, &call, &[leg]).await?;
    tx.commit().await?;
    app.calls.changed(call.id);
    let inbound_leg = Some((leg_id, number.inbound_rate));
    Ok(Admitted { call, number, targets: Vec::new(), inbound_leg })
}

/// Admits a call that a browser or device places from one of its workspace's numbers. Calling the workspace's own number
/// makes one inbound record that costs nothing.
///
/// # Errors
/// A suspended workspace, emergency codes, a bad destination or number, no price, no money, or the database failed.
pub async fn admit_browser(
    app: &AppState,
    workspace_id: WorkspaceId,
    from: &str,
    to: &str,
) -> Result<Admitted, CallError> {
    with_tries!(try_admit_browser(app, workspace_id, from, to))
}

async fn try_admit_browser(
    app: &AppState,
    workspace_id: WorkspaceId,
    from: &str,
    to: &str,
) -> Result<Admitted, CallError> {
    let mut tx = app.db.begin_write().await?;
    refuse_closed(&mut tx, workspace_id).await?;
    let number = active_number(&mut tx, workspace_id, from).await?;
    let destination = checked_destination(to, &number.country, "to")?;
    let wallet = wallet::lock(&mut tx, workspace_id).await?;
    if let Some(own) = numbers::find_active_by_e164(&mut tx, &destination.e164).await?
        && own.workspace_id == workspace_id
    {
        let (from, to) = (number.e164.clone(), own.e164.clone());
        let call = blank_call(app, &own, wallet.wallet(), Direction::Inbound, Origin::Client, from, to);
        start(app, &mut tx, &call, &[]).await?;
        tx.commit().await?;
        app.calls.changed(call.id);
        return Ok(Admitted { call, number: own, targets: Vec::new(), inbound_leg: None });
    }
    let call = blank_call(
        app,
        &number,
        wallet.wallet(),
        Direction::Outbound,
        Origin::Client,
        number.e164.clone(),
        destination.e164.clone(),
    );
    let targets = admit_targets(app, &mut tx, &wallet, &number, &[destination], &call).await?;
    tx.commit().await?;
    app.calls.changed(call.id);
    Ok(Admitted { call, number, targets, inbound_leg: None })
}

/// The rate of a telephone leg that a `dial` action of a live call starts now, after the same checks as a new call.
///
/// # Errors
/// Emergency codes, a bad destination, no price, no money, or the database failed.
pub async fn rate_dial(app: &AppState, call: &CallRow, to: &str) -> Result<(Destination, Rate), CallError> {
    let mut tx = app.db.begin_write().await?;
    refuse_closed(&mut tx, call.workspace_id).await?;
    let number = active_number(&mut tx, call.workspace_id, &call.local_e164).await?;
    let destination = checked_destination(to, &number.country, "to")?;
    let wallet = wallet::lock(&mut tx, call.workspace_id).await?;
    let rate = price(app, &mut tx, wallet.wallet(), &number, &destination).await?;
    require_funds(app, &mut tx, &wallet, &[rate]).await?;
    tx.commit().await?;
    Ok((destination, rate))
}

/// A suspended workspace neither calls nor is called; calls that run go on to their end.
pub(super) async fn refuse_closed(conn: &mut AnyConnection, workspace_id: WorkspaceId) -> Result<(), CallError> {
    let closed = accounts::workspaces::is_closed_to_calls(conn, workspace_id).await?;
    if closed { Err(CallError::WorkspaceClosed) } else { Ok(()) }
}

/// Prices the destinations, checks the money, and writes call and legs, in the caller's transaction.
pub(super) async fn admit_targets(
    app: &AppState,
    tx: &mut AnyConnection,
    wallet: &LockedWallet,
    number: &TenantNumber,
    destinations: &[Destination],
    call: &CallRow,
) -> Result<Vec<RatedTarget>, CallError> {
    let mut targets = Vec::with_capacity(destinations.len());
    for destination in destinations {
        let rate = price(app, tx, wallet.wallet(), number, destination).await?;
        targets.push(RatedTarget { leg_id: LegRecordId(app.new_uuid()), e164: destination.e164.clone(), rate });
    }
    let rates: Vec<Rate> = targets.iter().map(|target| target.rate).collect();
    require_funds(app, tx, wallet, &rates).await?;
    let legs: Vec<LegRecord> = targets
        .iter()
        .map(|to| new_leg(to.leg_id, LegKind::Telephone, Direction::Outbound, &to.e164, to.rate, call))
        .collect();
    start(app, tx, call, &legs).await?;
    Ok(targets)
}

/// The workspace's active number, given in E.164 or any form that its country dials.
pub(super) async fn active_number(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    from: &str,
) -> Result<TenantNumber, CallError> {
    let number = numbers::find_active_by_e164(conn, from).await?.filter(|number| number.workspace_id == workspace_id);
    number.ok_or_else(|| CallError::NumberUnknown(from.chars().take(32).collect()))
}

/// Reads a destination as its own kind of call error.
pub(super) fn checked_destination(to: &str, country: &str, field: &'static str) -> Result<Destination, CallError> {
    read_destination(to, country).map_err(|error| match error {
        DestinationError::Emergency => CallError::Emergency,
        DestinationError::Invalid => CallError::Invalid { field, message: format!("`{field}` is {error}.") },
    })
}

/// A ringing call's row with nothing asked for.
pub(super) fn blank_call(
    app: &AppState,
    number: &TenantNumber,
    wallet: &Wallet,
    direction: Direction,
    origin: Origin,
    from: String,
    to: String,
) -> CallRow {
    let remote = if direction == Direction::Inbound { from.clone() } else { to.clone() };
    CallRow {
        id: CallId(app.new_uuid()),
        workspace_id: number.workspace_id,
        number_id: number.id,
        direction,
        origin,
        status: CallStatus::Ringing,
        from,
        to,
        local_e164: number.e164.clone(),
        remote,
        currency: wallet.currency,
        voice_callback_url: number.voice_callback_url.clone(),
        events_url: number.events_url.clone(),
        actions: None,
        metadata: None,
        ring_timeout_seconds: DEFAULT_RING_TIMEOUT_SECONDS,
        max_duration_seconds: DEFAULT_MAX_DURATION_SECONDS,
        started_at: app.now_us(),
        answered_at: None,
        ended_at: None,
        duration_seconds: None,
        hangup_cause: None,
        cost_due_minor: None,
        cost_minor: None,
        ledger_entry_id: None,
        last_media_at: None,
    }
}

fn new_leg(
    id: LegRecordId,
    kind: LegKind,
    direction: Direction,
    target: &str,
    rate: Rate,
    call: &CallRow,
) -> LegRecord {
    LegRecord {
        id,
        kind,
        direction,
        target: target.to_owned(),
        rate,
        started_at: call.started_at,
        answered_at: None,
        ended_at: None,
        outcome: None,
        dialog: None,
    }
}

/// Writes call and legs, and tells that the call has started.
pub(super) async fn start(
    app: &AppState,
    tx: &mut AnyConnection,
    call: &CallRow,
    legs: &[LegRecord],
) -> Result<(), CallError> {
    store::insert_call(tx, call, &app.node_id).await?;
    for leg in legs {
        let stored = store::legs::StoredLeg { leg: leg.clone(), duration_seconds: 0, cost_minor: None };
        store::legs::upsert_leg(tx, call.id, &stored).await?;
    }
    let data = serde_json::json!({ "status": call.status, "direction": call.direction.as_str() });
    lifecycle::append(app, tx, call.id, Milestone::Ringing.as_str(), call.started_at, data).await?;
    Ok(tell(tx, app, call, EventKind::CallStarted).await?)
}

async fn price(
    app: &AppState,
    conn: &mut AnyConnection,
    wallet: &Wallet,
    number: &TenantNumber,
    destination: &Destination,
) -> Result<Rate, CallError> {
    let caller = pricing::Caller {
        workspace_id: wallet.workspace_id,
        currency: wallet.currency,
        number_country: &number.country,
        number_rate: number.outbound_rate,
    };
    Ok(pricing::outbound_rate(conn, &caller, destination, app.now_us()).await?)
}

/// Refuses unless money is left after what live and unbilled calls will take. Free calls need none.
async fn require_funds(
    app: &AppState,
    tx: &mut AnyConnection,
    wallet: &LockedWallet,
    rates: &[Rate],
) -> Result<(), CallError> {
    if rates.iter().all(|rate| rate.per_minute_e4 == 0) {
        return Ok(());
    }
    let wallet = wallet.wallet();
    let mut committed = i128::from(store::unbilled_minor(tx, wallet.workspace_id).await?);
    for live in store::legs::list_live_legs(tx, wallet.workspace_id).await? {
        committed += i128::from(live.leg.cost_minor(app.now_us())?);
    }
    let free = i128::from(wallet.available_minor()) - committed;
    if free > 0 {
        return Ok(());
    }
    let available_minor = i64::try_from(free).unwrap_or(i64::MIN);
    Err(WalletError::InsufficientFunds { available_minor, needed_minor: 1, currency: wallet.currency }.into())
}
