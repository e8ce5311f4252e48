//! The calls that this node runs, as far as their money goes: what each has used up, what it holds, until when that pays.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::ids::{CallId, LegRecordId, WorkspaceId};

use crate::calls::Rate;
use crate::calls::limits::seats::Seat;
use crate::calls::spending::Spending;
use crate::calls::trace::{CallTrace, Quality};
use crate::clock::{Clock, Origin};
use crate::rating::RatingError;
use crate::tax::TaxRate;
use crate::wallet::quota::Demand;

/// How long a live call may go on, as far as its money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// Its money ends it nowhere: nothing of it costs just now, or what it costs may be owed.
    Unbounded,
    /// It ends with what it holds unless more is granted. Moments are in microseconds UTC of its record.
    Until {
        /// The end of what it holds.
        paid_until_us: i64,
        /// The end of all that it could be granted as things stand, where that is in sight.
        lasts_until_us: Option<i64>,
    },
}

/// The money of one live call; shared by its task and the record writer.
#[derive(Debug)]
pub(in crate::calls) struct LiveCall {
    pub(in crate::calls) call_id: CallId,
    pub(in crate::calls) workspace_id: WorkspaceId,
    origin: Origin,
    /// What its legs say in SIP and how they sound.
    pub(in crate::calls) trace: Arc<CallTrace>,
    money: Mutex<Money>,
}

#[derive(Debug, Default)]
struct Money {
    spending: Spending,
    held_minor: i64,
    /// What it could still get at the last grant; none before the first, and where calls may overdraw without a bound.
    share_minor: Option<i64>,
    /// Until when it may go on beyond what it holds, in microseconds UTC, while the wallet can't be asked.
    credit_until_us: Option<i64>,
    /// It goes by an end of its money, as it was last told.
    is_bounded: bool,
    /// Its row is there.
    stands: bool,
    /// Its end was handed over: it holds nothing any more, whatever was asked for it before.
    is_over: bool,
    /// Its place among the calls of its workspace, until then.
    seat: Option<Seat>,
}

impl LiveCall {
    /// One whose times count from `origin`; `clock` stamps what is measured of its legs.
    pub(in crate::calls) fn new(
        (call_id, workspace_id): (CallId, WorkspaceId),
        tax: TaxRate,
        (origin, clock): (Origin, Arc<dyn Clock>),
        seat: Seat,
    ) -> Self {
        let money = Money { seat: Some(seat), spending: Spending::taxed(tax), ..Money::default() };
        let trace = Arc::new(CallTrace::new(Quality::new(clock)));
        Self { call_id, workspace_id, origin, trace, money: Mutex::new(money) }
    }

    /// A moment of the monotonic clock in microseconds UTC of the call's record.
    pub(super) fn wall_us(&self, moment: Duration) -> i64 {
        self.origin.wall_us(moment)
    }

    /// Legs of these rates are to ring `now`, on the monotonic clock: what is to be asked of the wallet for them. None when
    /// they cost nothing.
    pub(in crate::calls) fn add_legs(
        &self,
        legs: &[(LegRecordId, Rate)],
        now: Duration,
    ) -> Result<Option<Demand>, RatingError> {
        let now_us = self.wall_us(now);
        let mut money = self.money.lock();
        let paid: Vec<_> = legs.iter().filter(|(_, rate)| rate.per_minute_e4 > 0).collect();
        let mut least_minor = None;
        for (id, rate) in paid {
            money.spending.add(*id, *rate);
            least_minor = least_minor.max(Some(money.spending.least_minor(now_us, *rate)?));
        }
        let Some(least_minor) = least_minor else { return Ok(None) };
        let wanted_minor = money.spending.wanted_minor(now_us)?.max(least_minor);
        Ok(Some(Demand { call: self.call_id, least_minor: Some(least_minor), wanted_minor }))
    }

    /// What the call shall hold from `now` on, on the monotonic clock; none when it holds nothing and costs nothing.
    pub(in crate::calls) fn tick(&self, now: Duration) -> Option<Demand> {
        let now_us = self.wall_us(now);
        let money = self.money.lock();
        // Nobody gives back what is held for a call that is refused: before its row stands only its opening may ask.
        if !money.stands || money.is_over || (money.spending.is_free() && money.held_minor == 0) {
            return None;
        }
        let wanted_minor = money.spending.wanted_minor(now_us).ok()?;
        Some(Demand { call: self.call_id, least_minor: None, wanted_minor })
    }

    /// A demand of this call as it stands `now`, on the monotonic clock; none once the call is over.
    fn current(&self, demand: Demand, now: Duration) -> Option<Demand> {
        let now_us = self.wall_us(now);
        let money = self.money.lock();
        if money.is_over {
            return None;
        }
        let wanted_minor = money.spending.wanted_minor(now_us).unwrap_or(demand.wanted_minor);
        Some(Demand { wanted_minor, ..demand })
    }

    /// A leg was answered; what the call is to go by from here on, where the leg costs something.
    pub(in crate::calls) fn answered(&self, leg: LegRecordId, at_us: i64) -> Option<Allowance> {
        let mut money = self.money.lock();
        if money.spending.answered(leg, at_us) { money.tell() } else { None }
    }

    /// A leg is over, and what it no longer costs pays for the others; what the call is to go by from here on, where the leg
    /// cost something.
    pub(in crate::calls) fn ended(&self, leg: LegRecordId, at_us: i64) -> Option<Allowance> {
        let mut money = self.money.lock();
        if money.spending.ended(leg, at_us) { money.tell() } else { None }
    }

    /// A leg is not dialled after all. The call's task hears nothing of it: what rings bounds nothing.
    pub(super) fn released(&self, leg: LegRecordId, at_us: i64) {
        self.money.lock().spending.ended(leg, at_us);
    }

    /// What the call is to go by, as things stand in this moment; none where its figures are out of range.
    pub(super) fn allowance(&self) -> Option<Allowance> {
        self.money.lock().tell()
    }

    /// Its row is there.
    pub(super) fn stands(&self) {
        self.money.lock().stands = true;
    }

    /// Whether its row is there and open, unless somebody else closed it.
    fn is_open(&self) -> bool {
        let money = self.money.lock();
        money.stands && !money.is_over
    }

    /// Its end is about to be handed over.
    pub(super) fn over(&self) {
        let mut money = self.money.lock();
        money.is_over = true;
        money.seat = None;
    }

    /// The wallet has answered; `share_minor` is what the call could still get, none where calls may overdraw without a
    /// bound. Whether the call is to look at its [`Self::allowance`]: it is not told one here, because until that reached it
    /// a leg may have been answered and made it shorter.
    pub(super) fn granted(&self, held_minor: i64, share_minor: Option<i64>) -> bool {
        let mut money = self.money.lock();
        (money.held_minor, money.share_minor) = (held_minor, share_minor);
        money.credit_until_us = None;
        money.is_bounded || share_minor.is_some()
    }

    /// The wallet can't be asked: until it has answered again the call goes on until `credit_until`, on the monotonic clock, and
    /// not beyond what it could get when it was last asked. Whether it is to look at its [`Self::allowance`], as one that costs is
    /// each time, because it may have been too busy.
    pub(super) fn lend(&self, credit_until: Duration) -> bool {
        let credit_until_us = self.wall_us(credit_until);
        let mut money = self.money.lock();
        // Of one that costs nothing no wallet is asked, whose answer would end this.
        let costs = money.stands && !money.is_over && !money.spending.is_free();
        if costs {
            money.credit_until_us = Some(credit_until_us);
        }
        costs
    }
}

impl Money {
    /// For the call's own task, which goes by it from here on.
    fn tell(&mut self) -> Option<Allowance> {
        let allowance = self.allowance().ok()?;
        self.is_bounded = allowance != Allowance::Unbounded;
        Some(allowance)
    }

    fn allowance(&self) -> Result<Allowance, RatingError> {
        if self.share_minor.is_none() && self.credit_until_us.is_none() {
            return Ok(Allowance::Unbounded);
        }
        let Some(paid_until_us) = self.spending.paid_until_us(self.held_minor)? else {
            return Ok(Allowance::Unbounded);
        };
        let lasts_until_us = match self.share_minor {
            Some(share_minor) => self.spending.paid_until_us(self.held_minor.saturating_add(share_minor))?,
            None => None,
        };
        let Some(credit_until_us) = self.credit_until_us else {
            return Ok(Allowance::Until { paid_until_us, lasts_until_us });
        };
        // Known money that ends before the credit does ends the call: an outage makes nobody richer.
        let end_us = lasts_until_us.unwrap_or(i64::MAX).min(credit_until_us).max(paid_until_us);
        Ok(Allowance::Until { paid_until_us: end_us, lasts_until_us: Some(end_us) })
    }
}

/// All live calls of this node.
#[derive(Debug, Default)]
pub(in crate::calls) struct LiveCalls(Mutex<HashMap<CallId, Arc<LiveCall>>>);

impl LiveCalls {
    pub(in crate::calls) fn insert(&self, call: Arc<LiveCall>) {
        self.0.lock().insert(call.call_id, call);
    }

    /// Whether it was there.
    pub(in crate::calls) fn remove(&self, call: CallId) -> bool {
        let mut calls = self.0.lock();
        let was_there = calls.remove(&call).is_some();
        // A burst of calls leaves a table of its size behind.
        if calls.capacity() > 1_024 && calls.len() * 8 < calls.capacity() {
            calls.shrink_to_fit();
        }
        was_there
    }

    pub(in crate::calls) fn get(&self, call: CallId) -> Option<Arc<LiveCall>> {
        self.0.lock().get(&call).cloned()
    }

    /// A demand as it stands `now`, on the monotonic clock, for when it is served: demands are absolute and can come in
    /// another order than they were reckoned in, so that an older figure would take back what was asked for since. None where
    /// the call does not run any more: it would hold for ever what it is granted.
    pub(super) fn current(&self, demand: Demand, now: Duration) -> Option<Demand> {
        self.get(demand.call)?.current(demand, now)
    }

    pub(in crate::calls) fn contains(&self, call: CallId) -> bool {
        self.0.lock().contains_key(&call)
    }

    pub(in crate::calls) fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Whether the call runs, and its row should be open.
    pub(super) fn is_open(&self, call: CallId) -> bool {
        self.get(call).is_some_and(|call| call.is_open())
    }

    /// What calls of these workspaces shall hold from `now` on, on the monotonic clock.
    pub(super) fn ticks(&self, now: Duration, is_asked: impl Fn(WorkspaceId) -> bool) -> Vec<(WorkspaceId, Demand)> {
        let calls = self.all();
        let asked = calls.iter().filter(|call| is_asked(call.workspace_id));
        asked.filter_map(|call| Some((call.workspace_id, call.tick(now)?))).collect()
    }

    pub(in crate::calls) fn all(&self) -> Vec<Arc<LiveCall>> {
        self.0.lock().values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::calls::limits::seats::Seats;
    use crate::calls::limits::{Countries, Limits};
    use crate::clock::TestClock;

    const CALL: CallId = CallId(Uuid::from_u128(1));
    const SECOND: Duration = Duration::from_secs(1);
    /// Five and ten a second.
    const RATES: [Rate; 2] = [Rate::per_minute_minor(300), Rate::per_minute_minor(600)];

    fn leg(number: u128) -> LegRecordId {
        LegRecordId(Uuid::from_u128(number))
    }

    /// The clock stands at 0.
    fn live() -> Arc<LiveCall> {
        let clock = TestClock::starting_at(jiff::Timestamp::UNIX_EPOCH);
        let workspace = WorkspaceId(Uuid::nil());
        let countries = Countries::of(["KE"]);
        let limits =
            Limits { concurrent_calls: None, calls_per_second: None, countries, premium: false, satellite: false };
        let seat = Seats::default().take(workspace, &limits, true, Duration::ZERO).unwrap();
        let origin = Origin::now(&*clock);
        Arc::new(LiveCall::new((CALL, workspace), TaxRate::default(), (origin, clock), seat))
    }

    fn until(seconds: i64) -> Option<Allowance> {
        let until_us = seconds * 1_000_000;
        Some(Allowance::Until { paid_until_us: until_us, lasts_until_us: Some(until_us) })
    }

    #[test]
    fn before_its_row_stands_a_call_asks_by_its_opening_only() {
        let call = live();
        let opening = call.add_legs(&[(leg(1), RATES[0])], Duration::ZERO).unwrap();
        assert_eq!(opening.map(|demand| demand.wanted_minor), Some(150));
        assert_eq!(call.tick(SECOND), None);
        call.stands();
        assert_eq!(call.tick(SECOND), Some(Demand { call: CALL, least_minor: None, wanted_minor: 150 }));
    }

    #[test]
    fn what_is_held_for_a_leg_that_was_not_dialled_is_given_back() {
        let call = live();
        call.stands();
        call.add_legs(&[(leg(1), RATES[0])], Duration::ZERO).unwrap();
        call.granted(150, None);
        call.released(leg(1), 0);
        assert_eq!(call.tick(SECOND), Some(Demand { call: CALL, least_minor: None, wanted_minor: 0 }));
        call.granted(0, None);
        assert_eq!(call.tick(SECOND), None);
    }

    #[test]
    fn a_demand_is_served_as_the_call_stands_then() {
        let (all, call) = (LiveCalls::default(), live());
        all.insert(call.clone());
        let first = call.add_legs(&[(leg(1), RATES[0])], Duration::ZERO).unwrap().unwrap();
        let second = call.add_legs(&[(leg(2), RATES[1])], Duration::ZERO).unwrap().unwrap();
        assert_eq!((first.wanted_minor, second.wanted_minor), (150, 300));
        // The older one comes last, and takes nothing back.
        assert_eq!(all.current(second, SECOND), Some(second));
        assert_eq!(all.current(first, SECOND), Some(Demand { wanted_minor: 300, ..first }));
        call.over();
        assert_eq!(all.current(first, SECOND), None);
        all.remove(CALL);
        assert_eq!(all.current(first, SECOND), None);
    }

    #[test]
    fn an_older_grant_does_not_overtake_what_an_answer_has_made_of_it() {
        let call = live();
        call.add_legs(&[(leg(1), RATES[0]), (leg(2), RATES[1])], Duration::ZERO).unwrap();
        call.answered(leg(1), 0);
        assert!(call.granted(150, Some(0)), "it is to look at its allowance, which is 30 seconds now");
        assert_eq!(call.answered(leg(2), 0), until(10));
        assert_eq!(call.allowance(), until(10), "it looks only after its second leg was answered");
    }

    #[test]
    fn whose_money_was_bounded_is_told_when_it_is_not_until_it_has_heard() {
        let call = live();
        assert!(!call.granted(150, None), "nobody is told that nothing has changed");
        call.add_legs(&[(leg(1), RATES[0])], Duration::ZERO).unwrap();
        assert_eq!(call.answered(leg(1), 0), Some(Allowance::Unbounded));
        assert!(call.granted(150, Some(0)));
        assert_eq!(call.allowance(), until(30));
        assert!(call.granted(150, None) && call.granted(150, None), "it was too busy the first time");
        assert_eq!(call.allowance(), Some(Allowance::Unbounded));
        assert!(!call.granted(150, None));
        assert!(call.granted(150, Some(0)));
        assert_eq!((call.allowance(), call.ended(leg(1), 5_000_000)), (until(30), Some(Allowance::Unbounded)));
    }

    #[test]
    fn one_that_may_overdraw_ends_with_the_credit_unless_the_wallet_answers_before() {
        let call = live();
        assert!(!call.lend(100 * SECOND), "nothing of it costs");
        call.stands();
        call.add_legs(&[(leg(1), RATES[0])], Duration::ZERO).unwrap();
        call.answered(leg(1), 0);
        call.granted(150, None);
        assert!(call.lend(100 * SECOND) && call.lend(100 * SECOND), "it was too busy the first time");
        assert_eq!(call.allowance(), until(100));
        assert!(call.granted(300, None));
        assert_eq!(call.allowance(), Some(Allowance::Unbounded));
        call.lend(Duration::ZERO);
        assert_eq!(call.allowance(), until(60), "without credit it goes on as far as it is paid for");
        call.over();
        assert!(!call.lend(100 * SECOND));
    }

    proptest! {
        #[test]
        fn credit_takes_nothing_that_is_paid_for_and_gives_nothing_that_was_not_there(
            held_seconds in 0_i64..100, share_seconds in prop::option::of(0_i64..1_000), credit in 0_u64..1_000,
        ) {
            let call = live();
            call.stands();
            call.add_legs(&[(leg(1), RATES[0])], Duration::ZERO).unwrap();
            call.answered(leg(1), 0);
            call.granted(5 * held_seconds, share_seconds.map(|seconds| 5 * seconds));
            call.lend(SECOND * u32::try_from(credit).unwrap());
            let credit = i64::try_from(credit).unwrap();
            let there = share_seconds.map_or(i64::MAX, |seconds| held_seconds + seconds);
            prop_assert_eq!(call.allowance(), until(credit.min(there).max(held_seconds)));
        }
    }
}
