//! What of a queue one turn takes: a share for each workspace, and no more deliveries than a short transaction holds. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use sautikit_api::ids::WorkspaceId;

/// Deliveries that one turn makes, where events go to many endpoints each: some 10 ms of SQLite's one writer.
const DELIVERIES_AT_ONCE: usize = 500;

/// The first of each workspace, then the second of each, and so on: where not all are told in one turn, each has its share. A
/// workspace's own stay in their order.
pub(super) fn in_turns<T>(events: Vec<T>, workspace_of: impl Fn(&T) -> WorkspaceId) -> Vec<T> {
    let mut rounds: HashMap<WorkspaceId, usize> = HashMap::new();
    let in_round = |event: T| {
        let round = rounds.entry(workspace_of(&event)).or_default();
        *round += 1;
        (*round, event)
    };
    let mut events: Vec<_> = events.into_iter().map(in_round).collect();
    events.sort_by_key(|(round, _)| *round);
    events.into_iter().map(|(_, event)| event).collect()
}

/// Those of one call in its order, at the places that they have among all: a clock that went back between two of them has the
/// later one written as the earlier.
pub(super) fn in_order<T>(events: Vec<T>, call_and_sequence: impl Fn(&T) -> Option<(String, i64)>) -> Vec<T> {
    let mut places: HashMap<String, Vec<(i64, usize)>> = HashMap::new();
    for (place, event) in events.iter().enumerate() {
        if let Some((call, sequence)) = call_and_sequence(event) {
            places.entry(call).or_default().push((sequence, place));
        }
    }
    let mut place_of: Vec<usize> = (0..events.len()).collect();
    for of_call in places.into_values() {
        let free: Vec<usize> = of_call.iter().map(|(_, place)| *place).collect();
        let mut sorted = of_call;
        sorted.sort_unstable();
        for ((_, was), is) in sorted.into_iter().zip(free) {
            place_of[was] = is;
        }
    }
    let mut events: Vec<_> = place_of.into_iter().zip(events).collect();
    events.sort_unstable_by_key(|(place, _)| *place);
    events.into_iter().map(|(_, event)| event).collect()
}

/// Where a call's events have a gap: of each call the greatest place before which one waits that is not among these.
/// `call_and_sequence` names an event's place, `waits_for_one` says whether the one before it waits.
pub(super) fn gaps<T>(
    events: &[T],
    call_and_sequence: impl Fn(&T) -> Option<(String, i64)>,
    waits_for_one: impl Fn(&T) -> bool,
) -> BTreeMap<String, i64> {
    let places: HashSet<_> = events.iter().filter_map(&call_and_sequence).collect();
    let mut gaps: BTreeMap<String, i64> = BTreeMap::new();
    for (call, sequence) in events.iter().filter(|one| waits_for_one(one)).filter_map(&call_and_sequence) {
        if !places.contains(&(call.clone(), sequence - 1)) {
            let greatest = gaps.entry(call).or_insert(sequence);
            *greatest = sequence.max(*greatest);
        }
    }
    gaps
}

/// Those of each call as far as they have no gap: what comes after one waits with what is missing.
pub(super) fn without_gaps<T>(
    events: Vec<T>,
    call_and_sequence: impl Fn(&T) -> Option<(String, i64)>,
    waits_for_one: impl Fn(&T) -> bool,
) -> Vec<T> {
    let mut of_calls: BTreeMap<(String, i64), bool> = BTreeMap::new();
    for event in &events {
        if let Some(place) = call_and_sequence(event) {
            of_calls.insert(place, waits_for_one(event));
        }
    }
    let mut may_go: HashSet<(String, i64)> = HashSet::new();
    for ((call, sequence), waits) in of_calls {
        if !waits || may_go.contains(&(call.clone(), sequence - 1)) {
            may_go.insert((call, sequence));
        }
    }
    events.into_iter().filter(|event| call_and_sequence(event).is_none_or(|place| may_go.contains(&place))).collect()
}

/// Of those that came in turn the last of which something was placed: the next turn goes on after it, so that nobody for whom
/// there was no room is passed over.
pub(super) fn reached<'a, T: PartialEq>(walked: &'a [T], placed: &[T]) -> Option<&'a T> {
    walked.iter().rev().find(|one| placed.contains(one))
}

/// What a turn has room for.
#[derive(Default)]
pub(super) struct Room {
    made: usize,
    events: usize,
}

impl Room {
    /// Whether an event that makes so many deliveries is told in this turn. The first always is.
    pub(super) fn takes(&mut self, deliveries: usize) -> bool {
        if self.events > 0 && self.made + deliveries > DELIVERIES_AT_ONCE {
            return false;
        }
        self.events += 1;
        self.made += deliveries;
        true
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_workspace_has_its_share_in_its_order() {
        let of = |number| WorkspaceId(Uuid::from_u128(number));
        let events = vec![(1, 'a'), (1, 'b'), (1, 'c'), (2, 'd'), (3, 'e'), (2, 'f')];
        let turns: String = in_turns(events, |(number, _)| of(*number)).into_iter().map(|(_, name)| name).collect();
        assert_eq!(turns, "adebfc");
    }

    #[test]
    fn the_events_of_a_call_keep_its_order_whatever_the_clock_said() {
        let events = vec![("a", 3), ("b", 1), ("", 0), ("a", 1), ("b", 2), ("a", 2), ("", 0)];
        let call = |(call, sequence): &(&str, i64)| (!call.is_empty()).then(|| ((*call).to_owned(), *sequence));
        let ordered = in_order(events, call);
        assert_eq!(ordered, [("a", 1), ("b", 1), ("", 0), ("a", 2), ("b", 2), ("a", 3), ("", 0)]);
    }

    #[test]
    fn an_event_waits_with_one_before_it_that_is_not_here() {
        // A call, a place in it, and whether the one before waits.
        let events =
            vec![("a", 1, false), ("a", 2, true), ("a", 4, true), ("a", 5, true), ("b", 7, false), ("", 0, false)];
        let call =
            |(call, sequence, _): &(&str, i64, bool)| (!call.is_empty()).then(|| ((*call).to_owned(), *sequence));
        let waits = |(_, _, waits): &(&str, i64, bool)| *waits;
        assert_eq!(gaps(&events, call, waits), BTreeMap::from([("a".to_owned(), 4)]));
        let rest = [("a", 1, false), ("a", 2, true), ("b", 7, false), ("", 0, false)];
        assert_eq!(without_gaps(events.clone(), call, waits), rest);
        let whole: Vec<_> = events.into_iter().chain([("a", 3, true)]).collect();
        assert!(gaps(&whole, call, waits).is_empty());
        assert_eq!(without_gaps(whole.clone(), call, waits), whole);
    }

    #[test]
    fn none_of_many_with_many_endpoints_is_passed_over() {
        const WORKSPACES: u128 = 20;
        let mut told: HashMap<u128, usize> = HashMap::new();
        let mut last = WORKSPACES - 1;
        for turn in 1..=40 {
            let walked: Vec<u128> = (1..=16).map(|step| (last + step) % WORKSPACES).collect();
            let events: Vec<u128> = walked.iter().flat_map(|of| std::iter::repeat_n(*of, 8)).collect();
            let mut room = Room::default();
            let in_turns = in_turns(events, |of| WorkspaceId(Uuid::from_u128(*of)));
            let placed: Vec<u128> = in_turns.into_iter().take_while(|_| room.takes(100)).collect();
            placed.iter().for_each(|of| *told.entry(*of).or_default() += 1);
            last = *reached(&walked, &placed).unwrap();
            let each: Vec<usize> = (0..WORKSPACES).map(|of| told.get(&of).copied().unwrap_or_default()).collect();
            let (least, most) = (each.iter().min().unwrap(), each.iter().max().unwrap());
            assert!(most - least <= 1, "after {turn} turns: {each:?}");
        }
        assert_eq!(reached::<u128>(&[], &[]), None);
    }

    #[test]
    fn a_turn_makes_so_many_deliveries_and_no_more() {
        let mut room = Room::default();
        let events = (0..128).take_while(|_| room.takes(100)).count();
        assert_eq!(events * 100, DELIVERIES_AT_ONCE);
        let mut room = Room::default();
        assert_eq!((0..128).take_while(|_| room.takes(1)).count(), 128);
        // One that alone is too many is told alone.
        let mut room = Room::default();
        assert!(room.takes(DELIVERIES_AT_ONCE + 1) && !room.takes(1));
    }
}
