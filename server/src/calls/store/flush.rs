//! SQL of a flush: the rows of many calls at once.

use std::collections::HashSet;

use sautikit_api::ids::{CallId, LedgerEntryId};

use crate::calls::CallRow;
use crate::calls::record::Changes;
use crate::db::batch::Told;
use crate::db::rows::{Cell, Column, Filled, Rows, Tells};

use Column::{Int, Text};

/// A repeated flush finds its rows there.
pub(in crate::calls) static INSERT_CALLS: Rows = Rows::new(
    "INSERT_CALLS",
    1,
    Tells::Nothing,
    "insert into calls (id, workspace_id, tenant_number_id, direction, origin, from_party, to_party, local_e164,
        remote_party, currency, voice_callback_url, events_url, metadata, ring_timeout_seconds,
        max_duration_seconds, started_at, node_id, event_seq, outbox_seq, tax_bp, status)
    select {columns}, 'ringing'
    from {rows} as v
    where v.column1 is not null
    on conflict (id) do nothing",
    &[Text, Text, Text, Text, Text, Text, Text, Text, Text, Text, Text, Text, Text, Int, Int, Int, Text, Int, Int, Int],
);
/// Nothing of a call's row changes after its end. The first sign of media is the answer.
///
/// Here and below whether a call is open is asked so that no index of open calls answers it: PostgreSQL would read all of
/// them for every flush, by what it remembers of a minute in which there were few.
pub(in crate::calls) static UPDATE_CALLS: Rows = Rows::new(
    "UPDATE_CALLS",
    2,
    Tells::Changes,
    "update calls
    set status = v.column2, to_party = v.column3, remote_party = v.column4, answered_at = v.column5,
        ended_at = v.column6, duration_seconds = v.column7, hangup_cause = v.column8, cost_minor = v.column9,
        ledger_entry_id = v.column10, event_seq = v.column11, outbox_seq = v.column12, tax_minor = v.column13,
        last_media_at = coalesce(calls.last_media_at, v.column5)
    from {rows} as v
    where {by_key: calls.id} and coalesce(calls.ended_at, 0) = 0",
    &[Text, Text, Text, Text, Int, Int, Int, Text, Int, Text, Int, Int, Int],
);
/// The rate is the start's and never changes after it; a leg that was told ended stays so.
pub(in crate::calls) static UPSERT_LEGS: Rows = Rows::new(
    "UPSERT_LEGS",
    2,
    Tells::Nothing,
    "insert into call_legs (id, workspace_id, call_id, kind, direction, target, rate_per_min_e4,
        billing_minimum_seconds, billing_increment_seconds, started_at, answered_at, ended_at, duration_seconds, cost_minor, outcome, dialog)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict (id) do update
    set answered_at = excluded.answered_at, ended_at = excluded.ended_at, duration_seconds = excluded.duration_seconds,
        cost_minor = excluded.cost_minor, outcome = excluded.outcome,
        dialog = coalesce(excluded.dialog, call_legs.dialog)
    where call_legs.cost_minor is null",
    &[Text, Text, Text, Text, Text, Text, Int, Int, Int, Int, Int, Int, Int, Int, Text, Text],
);
pub(in crate::calls) static INSERT_ENTRIES: Rows = Rows::new(
    "INSERT_ENTRIES",
    6,
    Tells::Nothing,
    "insert into call_events (id, workspace_id, call_id, sequence, kind, data, occurred_at)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict do nothing",
    &[Text, Text, Text, Int, Text, Text, Int],
);
pub(in crate::calls) static OPEN_AMONG: Rows = Rows::new(
    "OPEN_AMONG",
    2,
    Tells::Answers,
    "select {answer: calls.id}
    from {rows} as v
    join calls on {by_key: calls.id}
    where coalesce(calls.ended_at, 0) = 0",
    &[Text],
);
pub(in crate::calls) static TOUCH_MEDIA: Rows = Rows::new(
    "TOUCH_MEDIA",
    1,
    Tells::Nothing,
    "update calls
    set last_media_at = v.column2
    from {rows} as v
    where {by_key: calls.id} and coalesce(calls.ended_at, 0) = 0
        and (calls.last_media_at is null or calls.last_media_at < v.column2)",
    &[Text, Int],
);

/// Writes the rows of calls that were opened.
pub(in crate::calls) fn insert_calls<'a>(node_id: &str, calls: impl Iterator<Item = &'a CallRow>) -> Filled {
    INSERT_CALLS.with(calls.flat_map(|call| {
        [
            Cell::from(call.id.to_string()),
            call.workspace_id.to_string().into(),
            call.number_id.to_string().into(),
            call.direction.as_str().into(),
            call.origin.as_str().into(),
            call.from.as_str().into(),
            call.to.as_str().into(),
            call.local_e164.as_str().into(),
            call.remote.as_str().into(),
            call.currency.code().into(),
            call.voice_callback_url.clone().into(),
            call.events_url.clone().into(),
            call.metadata.as_ref().map(ToString::to_string).into(),
            call.ring_timeout_seconds.into(),
            call.max_duration_seconds.into(),
            call.started_at.into(),
            node_id.into(),
            call.entry_seq.into(),
            call.outbox_seq.into(),
            call.tax.basis_points().into(),
        ]
    }))
}

/// Writes the rows of calls as they stand now, with the entries of their debits; tells how many were not over before.
pub(in crate::calls) fn update_calls<'a>(calls: impl Iterator<Item = (&'a Changes, Option<LedgerEntryId>)>) -> Filled {
    UPDATE_CALLS.with(calls.flat_map(|(call, entry)| {
        let state = &call.state;
        [
            Cell::from(call.call_id.to_string()),
            state.status.as_str().into(),
            state.to.as_str().into(),
            state.remote.as_str().into(),
            state.answered_at.into(),
            state.ended_at.into(),
            state.duration_seconds.into(),
            state.hangup_cause.clone().into(),
            state.cost_minor.into(),
            entry.map(|id| id.to_string()).into(),
            state.entry_seq.into(),
            state.outbox_seq.into(),
            state.tax_minor.into(),
        ]
    }))
}

/// Writes legs as they stand now.
pub(in crate::calls) fn upsert_legs<'a>(calls: impl Iterator<Item = &'a Changes>) -> Filled {
    let legs = calls.flat_map(|call| call.legs.iter().map(move |stored| (call, stored)));
    UPSERT_LEGS.with(legs.flat_map(|(call, stored)| {
        let leg = &stored.leg;
        [
            Cell::from(leg.id.to_string()),
            call.workspace_id.to_string().into(),
            call.call_id.to_string().into(),
            leg.kind.as_str().into(),
            leg.direction.as_str().into(),
            leg.target.as_str().into(),
            leg.rate.per_minute_e4.into(),
            leg.rate.minimum_seconds.into(),
            leg.rate.increment_seconds.into(),
            leg.started_at.into(),
            leg.answered_at.into(),
            leg.ended_at.into(),
            stored.duration_seconds.into(),
            stored.cost_minor.into(),
            leg.outcome.clone().into(),
            leg.dialog.as_ref().map(ToString::to_string).into(),
        ]
    }))
}

/// Writes new entries of the timelines of calls, each of which is open or over already.
pub(in crate::calls) fn insert_entries<'a>(calls: impl Iterator<Item = (&'a Changes, bool)>) -> Filled {
    let entries = calls.flat_map(|(call, is_open)| call.entries_of(is_open).map(move |entry| (call, entry)));
    INSERT_ENTRIES.with(entries.flat_map(|(call, entry)| {
        [
            Cell::from(entry.id.to_string()),
            call.workspace_id.to_string().into(),
            call.call_id.to_string().into(),
            entry.sequence.into(),
            entry.kind.as_str().into(),
            entry.data.to_string().into(),
            entry.occurred_at.into(),
        ]
    }))
}

/// Asks which of the calls have a row that is not over; tells their ids.
pub(in crate::calls) fn open_among(calls: impl Iterator<Item = CallId>) -> Filled {
    OPEN_AMONG.with(calls.map(|id| id.to_string().into()))
}

/// The calls that have a row that is not over.
pub(in crate::calls) fn open_of(told: &Told) -> Result<HashSet<CallId>, sqlx::Error> {
    let rows: Vec<(CallId,)> = told.answers(&OPEN_AMONG)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// How many rows [`update_calls`] wrote.
pub(in crate::calls) fn updated(told: &Told) -> u64 {
    told.changes(&UPDATE_CALLS)
}

/// Writes when calls were last heard, in microseconds UTC.
pub(in crate::calls) fn touch_media(heard: impl Iterator<Item = (CallId, i64)>) -> Filled {
    TOUCH_MEDIA.with(heard.flat_map(|(call, at_us)| [Cell::from(call.to_string()), at_us.into()]))
}
