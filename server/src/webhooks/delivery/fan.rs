//! Fan-out: events get their places, and a delivery for each endpoint that they go to.

use std::collections::HashSet;

use sautikit_api::ids::{DeliveryId, NumberId, WebhookEndpointId};
use sqlx::AnyConnection;

use super::Work;
use super::directory::{Endpoint, FURTHER_ORIGINS, Target, Wanted};
use super::share::{self, Room, in_order};
use super::turn::known;
use crate::webhooks::WebhookError;
use crate::webhooks::endpoints;
use crate::webhooks::store::dispatch::NewDelivery;
use crate::webhooks::store::endpoints as rows;
use crate::webhooks::store::unplaced::{self as sql, Unplaced};

/// Origins of one number's calls that have an endpoint each: a call can name any, and each is an endpoint that stays. Further
/// ones share one, where they wait for each other.
const MOST_ORIGINS: usize = 50;

/// Events with their places and deliveries, to be written.
pub(super) struct Fanned {
    pub(super) placed: Vec<(Unplaced, i64, Vec<NewDelivery>)>,
    /// Origins of numbers that are new, with their revisions.
    pub(super) made: Vec<(Endpoint, i64)>,
}

/// Gives events their places and finds out where they go, as many as one turn has deliveries for.
pub(super) async fn out(
    work: &Work,
    tx: &mut AnyConnection,
    (last_position, unplaced): (i64, Vec<Unplaced>),
    now_us: i64,
) -> Result<Fanned, WebhookError> {
    let app = &work.app;
    let mut fanned = Fanned { placed: Vec::with_capacity(unplaced.len()), made: Vec::new() };
    let mut room = Room::default();
    let unplaced = in_order(unplaced, place_of);
    for (position, one) in (last_position + 1..).zip(unplaced) {
        let targets = {
            let events_url = one.events_url.as_ref().map(|(number, url)| (*number, url.as_str()));
            let wanted = Wanted { workspace: one.event.workspace_id, kind: &one.event.kind, events_url };
            work.state.lock().directory.targets(&wanted)
        };
        if !room.takes(targets.len()) {
            break;
        }
        let mut deliveries = Vec::with_capacity(targets.len());
        for target in targets {
            let target = match target {
                Target::New { number, url, .. } if has_many(work, number, &fanned.made) => {
                    work.state.lock().directory.target_at(number, FURTHER_ORIGINS.to_owned(), &url)
                }
                target => Some(target),
            };
            let (endpoint, url) = match target {
                Some(Target::Known(id, url)) => (id, url),
                // It is off, or the URL is gone.
                None => continue,
                Some(Target::New { number, origin, url }) => {
                    match made(work, tx, &mut fanned.made, &one, (number, origin), now_us).await? {
                        Some(id) => (id, Some(url)),
                        None => continue,
                    }
                }
            };
            deliveries.push(NewDelivery { id: DeliveryId(app.new_uuid()), endpoint, url });
        }
        fanned.placed.push((one, position, deliveries));
    }
    Ok(fanned)
}

/// Where an event stands in its call.
fn place_of(one: &Unplaced) -> Option<(String, i64)> {
    Some((one.call_id.clone()?, one.event.sequence))
}

/// The events with those of their calls that wait and go before them, wherever a clock that went back has put them; without
/// what comes after one that is not found in time. And the ids of those that can't be read.
pub(super) async fn in_whole(
    conn: &mut AnyConnection,
    mut events: Vec<Unplaced>,
) -> Result<(Vec<Unplaced>, Vec<String>), sqlx::Error> {
    let mut unreadable = Vec::new();
    let gaps = share::gaps(&events, place_of, |one| one.waits_for_one);
    let gaps: Vec<_> = gaps.into_iter().take(sql::LOOKS).collect();
    if !gaps.is_empty() {
        let (before, broken) = sql::list_unplaced_before(conn, &gaps).await?;
        unreadable.extend(broken);
        add_new(&mut events, before);
    }
    Ok((share::without_gaps(events, place_of, |one| one.waits_for_one), unreadable))
}

/// Adds those that are not among them.
pub(super) fn add_new(events: &mut Vec<Unplaced>, others: Vec<Unplaced>) {
    let here: HashSet<_> = events.iter().map(|one| one.event.id).collect();
    events.extend(others.into_iter().filter(|one| !here.contains(&one.event.id)));
}

fn has_many(work: &Work, number: NumberId, made: &[(Endpoint, i64)]) -> bool {
    let known = work.state.lock().directory.origins_of(number);
    let is_new = |one: &Endpoint| one.number == Some(number) && *one.url != *FURTHER_ORIGINS;
    known + made.iter().filter(|(one, _)| is_new(one)).count() >= MOST_ORIGINS
}

/// The endpoint of a number's origin, made now or for an event before in this turn. None where there can be none: one event
/// holds up no others.
async fn made(
    work: &Work,
    tx: &mut AnyConnection,
    made: &mut Vec<(Endpoint, i64)>,
    of: &Unplaced,
    (number, origin): (NumberId, String),
    now_us: i64,
) -> Result<Option<WebhookEndpointId>, WebhookError> {
    if let Some((known, _)) = made.iter().find(|(one, _)| one.number == Some(number) && *one.url == *origin) {
        return Ok(Some(known.id));
    }
    let app = &work.app;
    let workspace = of.event.workspace_id;
    let row = endpoints::of_number(app, workspace, number, origin, now_us);
    rows::begin_change(tx).await?;
    if !rows::insert_of_number(tx, &row, number).await? {
        tracing::error!(%number, event = %of.event.id, "an event goes nowhere: there can be no endpoint for its events_url");
        return Ok(None);
    }
    let full = rows::find_full(tx, workspace, row.id).await?.ok_or(WebhookError::NotFound)?;
    made.push((known(app, &full), full.endpoint.revision));
    Ok(Some(row.id))
}
