//! Who may start a call: the number, the destination, its price, and the money.
//!
//! Everything but the money is decided from memory (`directory`), and every refusal of it comes before anything is
//! written. The money is reserved by the record writer under the wallet's lock, in the same transaction that opens the
//! call. A call that costs nothing (free inbound, a number of this server) needs no money: an empty wallet can still be
//! called.

use std::sync::Arc;

use sautikit_api::actions::{Channels, MachineDetection};
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, LegRecordId, WorkspaceId};

use super::directory::{DirectoryNumber, DirectoryWorkspace};
use super::fraud::Leg;
use super::gateway::PricedTarget;
use super::limits::Blocked;
use super::record::{CallRecord, Draft};
use super::{CallError, CallRow, Direction, LegKind, LegRecord, Origin, Rate};
use crate::calls::Hub;
use crate::destination::{DestinationError, is_emergency, read_destination};
use crate::numbers::TenantNumber;
use crate::pricing;
use crate::state::AppState;
use crate::telephone::{self, Telephone};

/// Ringing ends after this many seconds when nothing else was asked.
pub const DEFAULT_RING_TIMEOUT_SECONDS: i64 = 60;
/// The longest answered time when nothing else was asked: four hours, beyond any real conversation.
pub const DEFAULT_MAX_DURATION_SECONDS: i64 = 14_400;
/// Who calls where the network does not say, or says what is no number.
pub(super) const ANONYMOUS: &str = "anonymous";

/// A call that may start: its record stands, and what it may cost at first is held.
pub struct Admitted {
    /// Its record.
    pub record: CallRecord,
    /// The number that it came by, with its routing.
    pub number: Arc<DirectoryNumber>,
    /// Its workspace.
    pub workspace: Arc<DirectoryWorkspace>,
    /// Telephone destinations; empty for inbound calls.
    pub targets: Vec<PricedTarget>,
    /// The caller's telephone leg; none where we call or a browser does.
    pub inbound_leg: Option<LegRecordId>,
    /// Whether it is recorded as a whole.
    pub recorded: Option<Channels>,
    /// Whether whoever answers is judged to be a person or a machine first.
    pub machine_detection: Option<MachineDetection>,
}

/// A call that a carrier delivers.
#[derive(Debug, Clone)]
pub struct NewInbound<'a> {
    /// The id of the call's record; a new one where the carrier has not chosen it, which only the sandbox may.
    pub id: Option<CallId>,
    /// The called number, E.164.
    pub number_e164: &'a str,
    /// The caller as the carrier writes it; none where it withholds who calls.
    pub caller: Option<&'a str>,
    /// ISO 3166-1 alpha-2: where the carrier's national numbers belong. The called number's country where it is not known.
    pub country: Option<&'a str>,
    /// Whether it comes from a number of this server: then it costs nothing.
    pub is_on_net: bool,
}

/// A number and its workspace, both open to calls.
pub(super) struct Party {
    pub(super) number: Arc<DirectoryNumber>,
    pub(super) workspace: Arc<DirectoryWorkspace>,
}

/// Admits a carrier's call to one of our numbers.
///
/// # Errors
/// No active number of ours, a suspended workspace, an empty wallet where inbound costs, or nothing can be recorded.
pub async fn admit_inbound(app: &AppState, inbound: NewInbound<'_>) -> Result<Admitted, CallError> {
    let party = party_of(app, inbound.number_e164).await?;
    let number = &party.number.number;
    let country = inbound.country.unwrap_or(&number.country);
    let caller = inbound.caller.and_then(|caller| telephone::e164_of_carrier(caller, Some(country)));
    let caller = caller.unwrap_or_else(|| ANONYMOUS.to_owned());
    let to = number.e164.clone();
    let call = blank_call(app, &party, Direction::Inbound, Origin::Trunk, caller.clone(), to);
    let call = CallRow { id: inbound.id.unwrap_or(call.id), ..call };
    let (kind, rate) =
        if inbound.is_on_net { (LegKind::Onnet, Rate::FREE) } else { (LegKind::Telephone, number.inbound_rate) };
    let leg = new_leg(new_leg_id(app), kind, Direction::Inbound, &caller, rate, call.started_at);
    let inbound_leg = Some(leg.id);
    let limits = party.workspace.limits.clone();
    let record = Draft { call, legs: vec![leg], answer: None, audit: None, limits }.open(app).await?;
    let Party { number, workspace } = party;
    Ok(Admitted {
        record,
        number,
        workspace,
        targets: Vec::new(),
        inbound_leg,
        recorded: None,
        machine_detection: None,
    })
}

/// Admits a call that a browser or device places from one of its workspace's numbers. Calling the workspace's own number
/// makes one inbound record that costs nothing. `may_call` says whether the caller's token allows the number, in E.164.
///
/// # Errors
/// Emergency codes, a suspended workspace, a bad destination or number, one that the token does not allow, no price, no
/// money, or nothing can be recorded.
pub async fn admit_browser(
    app: &AppState,
    workspace_id: WorkspaceId,
    from: &str,
    to: &str,
    may_call: impl FnOnce(&str) -> bool,
) -> Result<Admitted, CallError> {
    refuse_emergency(to)?;
    let party = own_party(app, workspace_id, from).await?;
    let destination = checked_destination(to, &party.number.number.country, "to")?;
    if !may_call(&destination.e164) {
        return Err(blocked(Blocked::Token, &destination.e164));
    }
    let own = Hub::of(app).directory().number(app, &destination.e164).await?;
    if let Some(own) = own.filter(|own| own.number.workspace_id == workspace_id) {
        let (from, to) = (party.number.number.e164.clone(), own.number.e164.clone());
        let party = Party { number: own, workspace: party.workspace };
        let call = blank_call(app, &party, Direction::Inbound, Origin::Client, from, to);
        let limits = party.workspace.limits.clone();
        let record = Draft { call, legs: Vec::new(), answer: None, audit: None, limits }.open(app).await?;
        let Party { number, workspace } = party;
        return Ok(Admitted {
            record,
            number,
            workspace,
            targets: Vec::new(),
            inbound_leg: None,
            recorded: None,
            machine_detection: None,
        });
    }
    let (from, to) = (party.number.number.e164.clone(), destination.e164.clone());
    let call = blank_call(app, &party, Direction::Outbound, Origin::Client, from, to);
    let Priced { targets, legs, leaving } =
        price_targets(app, &party, &[destination], call.started_at, || new_leg_id(app)).await?;
    let limits = party.workspace.limits.clone();
    let record = Draft { call, legs, answer: None, audit: None, limits }.open(app).await?;
    leaving.began(app, &party.number.number);
    let Party { number, workspace } = party;
    Ok(Admitted { record, number, workspace, targets, inbound_leg: None, recorded: None, machine_detection: None })
}

/// Admits a browser's call to another identity of its workspace: no telephone, no price, so no money is asked for. `from`
/// is one of the workspace's numbers, under which the call is recorded.
///
/// # Errors
/// The workspace is suspended, `from` is none of its active numbers, or nothing can be recorded.
pub async fn admit_client(
    app: &AppState,
    workspace_id: WorkspaceId,
    from: &str,
    identity: &str,
) -> Result<Admitted, CallError> {
    let party = own_party(app, workspace_id, from).await?;
    let from = party.number.number.e164.clone();
    let call = blank_call(app, &party, Direction::Outbound, Origin::Client, from, identity.to_owned());
    let limits = party.workspace.limits.clone();
    let record = Draft { call, legs: Vec::new(), answer: None, audit: None, limits }.open(app).await?;
    let Party { number, workspace } = party;
    Ok(Admitted {
        record,
        number,
        workspace,
        targets: Vec::new(),
        inbound_leg: None,
        recorded: None,
        machine_detection: None,
    })
}

/// A telephone leg that a `dial` action of a live call starts now as `id`, after the same checks as a new call. The caller
/// reserves the money for it ([`super::CallFunds::reserve`]). `from` is the workspace's number that the call is by, E.164.
///
/// # Errors
/// Emergency codes, a suspended workspace, a bad destination, no price, or the database failed.
pub async fn admit_leg(
    app: &AppState,
    id: LegRecordId,
    workspace_id: WorkspaceId,
    from: &str,
    to: &str,
) -> Result<LegRecord, CallError> {
    refuse_emergency(to)?;
    let party = own_party(app, workspace_id, from).await?;
    let destination = checked_destination(to, &party.number.number.country, "to")?;
    let Priced { mut legs, leaving, .. } = price_targets(app, &party, &[destination], app.now_us(), || id).await?;
    let leg = legs.pop().ok_or_else(|| blocked(Blocked::Price, to))?;
    if leg.kind == LegKind::Telephone {
        let begun = Hub::of(app).seats().begin_leg(workspace_id, &party.workspace.limits, app.clock.monotonic());
        begun.map_err(CallError::LimitExceeded)?;
    }
    leaving.began(app, &party.number.number);
    Ok(leg)
}

/// The number of ours that a carrier of no country in particular writes in its national form, in E.164.
///
/// # Errors
/// The database failed.
pub async fn own_number_written(app: &AppState, written: &str) -> Result<Option<String>, CallError> {
    Hub::of(app).directory().number_written(app, written).await
}

/// Whose number it is that is called, in E.164.
///
/// # Errors
/// No active number of ours, or nothing can be recorded.
pub async fn workspace_called(app: &AppState, e164: &str) -> Result<WorkspaceId, CallError> {
    can_be_recorded(app)?;
    let number = Hub::of(app).directory().number(app, e164).await?;
    number.map(|number| number.number.workspace_id).ok_or(CallError::NumberUnknown)
}

/// A number of this server and its workspace. A suspended workspace neither calls nor is called; calls that run go on to
/// their end.
async fn party_of(app: &AppState, e164: &str) -> Result<Party, CallError> {
    can_be_recorded(app)?;
    let directory = Hub::of(app).directory();
    let number = directory.number(app, e164).await?;
    let number = number.ok_or(CallError::NumberUnknown)?;
    let workspace = directory.workspace(app, number.number.workspace_id).await?;
    if workspace.is_closed { Err(CallError::WorkspaceClosed) } else { Ok(Party { number, workspace }) }
}

/// The workspace's own number, in E.164.
pub(super) async fn own_party(app: &AppState, workspace_id: WorkspaceId, from: &str) -> Result<Party, CallError> {
    can_be_recorded(app)?;
    let directory = Hub::of(app).directory();
    let workspace = directory.workspace(app, workspace_id).await?;
    if workspace.is_closed {
        return Err(CallError::WorkspaceClosed);
    }
    // As people write it, with its own country in mind.
    let from = workspace.own_numbers.iter().find(|own| telephone::names(from, own)).map_or(from, String::as_str);
    let number = directory.number(app, from).await?.filter(|number| number.number.workspace_id == workspace_id);
    let number = number.ok_or(CallError::NumberUnknown)?;
    Ok(Party { number, workspace })
}

/// While nothing can be recorded nothing begins, and nobody waits for a database that is away to say so.
fn can_be_recorded(app: &AppState) -> Result<(), CallError> {
    if Hub::of(app).writer().is_away() { Err(CallError::StorageUnavailable) } else { Ok(()) }
}

/// Emergency numbers come before whatever else is wrong: nobody must be told of a number or a limit first.
fn refuse_emergency(to: &str) -> Result<(), CallError> {
    if is_emergency(to) {
        return Err(CallError::Emergency { field: "to", number: to.chars().take(32).collect() });
    }
    Ok(())
}

/// Reads a destination as its own kind of call error.
pub(super) fn checked_destination(to: &str, country: &str, field: &'static str) -> Result<Telephone, CallError> {
    read_destination(to, country).map_err(|error| match error {
        DestinationError::Emergency => CallError::Emergency { field, number: to.chars().take(32).collect() },
        DestinationError::Invalid => CallError::Invalid { field, message: format!("`{field}` is {error}.") },
    })
}

/// The legs to the destinations at the prices of this moment, where the workspace's limits let it call them. A number of this server is reached without a carrier and
/// costs nothing. They begin at `started_at`, in microseconds UTC, each with an id of its own.
pub(super) async fn price_targets(
    app: &AppState,
    party: &Party,
    destinations: &[Telephone],
    started_at: i64,
    id: impl Fn() -> LegRecordId,
) -> Result<Priced, CallError> {
    let number = &party.number.number;
    let caller = pricing::Caller {
        workspace_id: number.workspace_id,
        currency: party.workspace.currency,
        number_country: &number.country,
        number_rate: number.outbound_rate,
    };
    let directory = Hub::of(app).directory();
    let prices = directory.prices(app).await?;
    let (mut targets, mut legs, mut leaving) = (Vec::new(), Vec::new(), Leaving::default());
    for destination in destinations {
        let is_ours = directory.number(app, &destination.e164).await?.is_some();
        let (kind, rate) = if is_ours {
            (LegKind::Onnet, Rate::FREE)
        } else {
            may_leave(app, &party.workspace, destination)?;
            let rate = prices.outbound_rate(&caller, destination, app.now_us());
            (LegKind::Telephone, rate.map_err(|error| unpriced(error, destination))?)
        };
        let leg = new_leg(id(), kind, Direction::Outbound, &destination.e164, rate, started_at);
        if kind == LegKind::Telephone {
            leaving.0.push((leg.id, destination.clone(), rate));
        }
        targets.push(PricedTarget { leg_id: leg.id, e164: destination.e164.clone(), rate });
        legs.push(leg);
    }
    Ok(Priced { targets, legs, leaving })
}

/// What destinations come to.
pub(super) struct Priced {
    pub(super) targets: Vec<PricedTarget>,
    pub(super) legs: Vec<LegRecord>,
    pub(super) leaving: Leaving,
}

/// The legs that leave this server: where to, at what price.
#[derive(Default)]
pub(super) struct Leaving(Vec<(LegRecordId, Telephone, Rate)>);

impl Leaving {
    /// They were let in, by that number: whoever watches how calls spread is told. What is refused never gets here.
    pub(super) fn began(&self, app: &AppState, number: &TenantNumber) {
        for (id, to, rate) in &self.0 {
            let leg = Leg {
                id: *id,
                workspace: number.workspace_id,
                home_country: &number.country,
                home_rate: number.outbound_rate,
                to,
                rate: *rate,
            };
            Hub::of(app).watch().began(app, &leg);
        }
    }
}

/// Whether the workspace's calls may go to a destination beyond this server.
fn may_leave(app: &AppState, workspace: &DirectoryWorkspace, to: &Telephone) -> Result<(), CallError> {
    if workspace.is_frozen {
        return Err(CallError::Frozen { number: to.e164.clone() });
    }
    let premium_prefixes = &app.config.call_limits.premium_prefixes;
    workspace.limits.check(to, premium_prefixes).map_err(|why| blocked(why, &to.e164))
}

fn blocked(why: Blocked, number: &str) -> CallError {
    CallError::DestinationBlocked { field: "to", number: number.chars().take(32).collect(), why }
}

fn unpriced(error: pricing::PricingError, to: &Telephone) -> CallError {
    match error {
        // No other refusal comes of a look at the list.
        pricing::PricingError::NoPrice
        | pricing::PricingError::NotFound
        | pricing::PricingError::Invalid { .. }
        | pricing::PricingError::Lines(_) => blocked(Blocked::Price, &to.e164),
        pricing::PricingError::Database(error) => error.into(),
    }
}

/// A ringing call's row with nothing asked for.
pub(super) fn blank_call(
    app: &AppState,
    party: &Party,
    direction: Direction,
    origin: Origin,
    from: String,
    to: String,
) -> CallRow {
    let number = &party.number.number;
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
        currency: party.workspace.currency,
        voice_callback_url: number.voice_callback_url.clone(),
        events_url: number.events_url.clone(),
        metadata: None,
        ring_timeout_seconds: DEFAULT_RING_TIMEOUT_SECONDS,
        max_duration_seconds: DEFAULT_MAX_DURATION_SECONDS,
        started_at: app.now_us(),
        answered_at: None,
        ended_at: None,
        duration_seconds: None,
        hangup_cause: None,
        cost_minor: None,
        tax: party.workspace.tax,
        tax_minor: 0,
        ledger_entry_id: None,
        last_media_at: None,
        entry_seq: 0,
        outbox_seq: 0,
    }
}

/// Of a leg that a call begins with.
pub(super) fn new_leg_id(app: &AppState) -> LegRecordId {
    LegRecordId(app.new_uuid())
}

fn new_leg(
    id: LegRecordId,
    kind: LegKind,
    direction: Direction,
    target: &str,
    rate: Rate,
    started_at: i64,
) -> LegRecord {
    LegRecord {
        id,
        kind,
        direction,
        target: target.to_owned(),
        rate,
        started_at,
        answered_at: None,
        ended_at: None,
        outcome: None,
        dialog: None,
    }
}
