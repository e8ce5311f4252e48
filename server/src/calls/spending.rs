//! What a live call has used up, what it shall hold, and until when that pays: pure arithmetic on its legs' rates.
//!
//! Times are microseconds UTC of the call's own record, so that the second at which the money ends is the second at which
//! the bill ends. Deliberately absent: whose money it is and what others hold (`wallet::quota`).

use sautikit_api::ids::LegRecordId;

use crate::rating::{Rate, RatingError, billed_seconds};
use crate::tax::TaxRate;

/// A call holds what it will have used up so much later, so that a late extension does not end it (billing.md).
pub const HOLD_AHEAD_SECONDS: i64 = 30;

const MICROS_PER_SECOND: i64 = 1_000_000;
/// How far ahead [`Spending::paid_until_us`] looks: beyond the longest call.
const LONGEST_CALL_US: i64 = 24 * 3_600 * MICROS_PER_SECOND;

/// A telephone leg that costs.
#[derive(Debug, Clone, Copy)]
struct PaidLeg {
    id: LegRecordId,
    rate: Rate,
    answered_at: Option<i64>,
    ended_at: Option<i64>,
}

/// The legs of one call that cost.
#[derive(Debug, Clone, Default)]
pub struct Spending {
    legs: Vec<PaidLeg>,
    tax: TaxRate,
}

impl Spending {
    /// Of a call whose cost is charged with that tax. All amounts have it in them.
    pub fn taxed(tax: TaxRate) -> Self {
        Self { legs: Vec::new(), tax }
    }

    /// A leg begins to ring. Free ones need not be added.
    pub fn add(&mut self, id: LegRecordId, rate: Rate) {
        if rate.per_minute_e4 > 0 && self.legs.iter().all(|leg| leg.id != id) {
            self.legs.push(PaidLeg { id, rate, answered_at: None, ended_at: None });
        }
    }

    /// A leg was answered; whether it costs.
    pub fn answered(&mut self, id: LegRecordId, at_us: i64) -> bool {
        let leg = self.legs.iter_mut().find(|leg| leg.id == id);
        leg.map(|leg| leg.answered_at.get_or_insert(at_us)).is_some()
    }

    /// A leg is over; whether it costs. One that was never answered is forgotten.
    pub fn ended(&mut self, id: LegRecordId, at_us: i64) -> bool {
        let Some(index) = self.legs.iter().position(|leg| leg.id == id) else { return false };
        match self.legs[index].answered_at {
            Some(_) => {
                self.legs[index].ended_at.get_or_insert(at_us);
            }
            None => {
                self.legs.swap_remove(index);
            }
        }
        true
    }

    /// Whether anything of it costs.
    pub fn is_free(&self) -> bool {
        self.legs.is_empty()
    }

    /// Whether the cost grows with time.
    pub fn is_running(&self) -> bool {
        self.legs.iter().any(|leg| leg.answered_at.is_some() && leg.ended_at.is_none())
    }

    /// What its answered legs have used up by `at_us`, each rounded by itself, and the tax on all of it.
    ///
    /// # Errors
    /// Figures out of range.
    pub fn cost_minor(&self, at_us: i64) -> Result<i64, RatingError> {
        Ok(self.tax.gross_minor(self.net_minor(at_us)?))
    }

    fn net_minor(&self, at_us: i64) -> Result<i64, RatingError> {
        self.legs.iter().try_fold(0_i64, |sum, leg| {
            let Some(answered_at) = leg.answered_at else { return Ok(sum) };
            let until = leg.ended_at.map_or(at_us, |ended_at| ended_at.min(at_us)).max(answered_at);
            let cost = leg.rate.cost_minor(billed_seconds(answered_at, until))?;
            sum.checked_add(cost).ok_or(RatingError)
        })
    }

    /// What it shall hold at `now_us`: what will have been used up in [`HOLD_AHEAD_SECONDS`], and as long as legs ring,
    /// of which one is answered, the dearest of theirs.
    ///
    /// # Errors
    /// Figures out of range.
    pub fn wanted_minor(&self, now_us: i64) -> Result<i64, RatingError> {
        let ahead = now_us.saturating_add(HOLD_AHEAD_SECONDS * MICROS_PER_SECOND);
        let used = self.net_minor(ahead)?;
        let mut ringing = 0;
        for leg in self.legs.iter().filter(|leg| leg.answered_at.is_none()) {
            // At least what its answer costs at once: the rate sees to that.
            ringing = ringing.max(leg.rate.cost_minor(HOLD_AHEAD_SECONDS)?);
        }
        Ok(self.tax.gross_minor(used.checked_add(ringing).ok_or(RatingError)?))
    }

    /// What it must hold so that a leg of `rate` may begin at `now_us`: its minimum beside what is used up.
    ///
    /// # Errors
    /// Figures out of range.
    pub fn least_minor(&self, now_us: i64, rate: Rate) -> Result<i64, RatingError> {
        let least = self.net_minor(now_us)?.checked_add(rate.cost_minor(1)?).ok_or(RatingError)?;
        Ok(self.tax.gross_minor(least))
    }

    /// The last moment up to which `held_minor` pays for what runs; none when nothing runs or a day would not use it up.
    ///
    /// # Errors
    /// Figures out of range.
    pub fn paid_until_us(&self, held_minor: i64) -> Result<Option<i64>, RatingError> {
        let begin = self.legs.iter().filter(|leg| leg.ended_at.is_none()).filter_map(|leg| leg.answered_at).min();
        let Some(begin) = begin else { return Ok(None) };
        let (mut paid, mut unpaid) = (begin, begin.saturating_add(LONGEST_CALL_US));
        if self.cost_minor(unpaid)? <= held_minor {
            return Ok(None);
        }
        // The cost never falls with time, so the edge is found by halves.
        while unpaid - paid > 1 {
            let middle = paid + (unpaid - paid) / 2;
            if self.cost_minor(middle)? <= held_minor {
                paid = middle;
            } else {
                unpaid = middle;
            }
        }
        Ok(Some(paid))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const SECOND: i64 = MICROS_PER_SECOND;

    fn leg(number: u128) -> LegRecordId {
        LegRecordId(Uuid::from_u128(number))
    }

    fn talking(rate: Rate, answered_at: i64) -> Spending {
        let mut spending = Spending::default();
        spending.add(leg(1), rate);
        spending.answered(leg(1), answered_at);
        spending
    }

    #[test]
    fn a_balance_for_seven_seconds_pays_seven_seconds() {
        let spending = talking(Rate::per_minute_minor(300), 1_234_567);
        let until = spending.paid_until_us(35).unwrap().unwrap();
        assert_eq!(until, 1_234_567 + 7 * SECOND);
        assert_eq!(spending.cost_minor(until), Ok(35));
        assert_eq!(spending.cost_minor(until + 1), Ok(40));
    }

    #[test]
    fn tax_is_held_and_paid_with_the_cost() {
        let mut spending = Spending::taxed(TaxRate::of_basis_points(1_600));
        spending.add(leg(1), Rate::per_minute_minor(300));
        // 150 and 24; an increment of 5 and 1.
        assert_eq!((spending.wanted_minor(0), spending.least_minor(0, Rate::per_minute_minor(300))), (Ok(174), Ok(6)));
        spending.answered(leg(1), 0);
        // 30 and 5 pay six seconds, 35 and 6 seven.
        assert_eq!(spending.paid_until_us(40), Ok(Some(6 * SECOND)));
        assert_eq!(spending.paid_until_us(41), Ok(Some(7 * SECOND)));
    }

    #[test]
    fn ringing_legs_hold_for_the_dearest_of_them_and_cost_nothing() {
        let mut spending = Spending::default();
        spending.add(leg(1), Rate::per_minute_minor(300));
        spending.add(leg(2), Rate { increment_seconds: 60, ..Rate::per_minute_minor(600) });
        spending.add(leg(3), Rate::FREE);
        assert_eq!(spending.wanted_minor(0), Ok(600));
        assert_eq!(spending.cost_minor(100 * SECOND), Ok(0));
        spending.ended(leg(2), 5 * SECOND);
        assert_eq!(spending.wanted_minor(5 * SECOND), Ok(150));
        assert_eq!(spending.paid_until_us(10), Ok(None));
    }

    #[test]
    fn a_leg_with_a_minimum_holds_it_and_uses_it_up_at_its_answer() {
        let minute = Rate { minimum_seconds: 60, ..Rate::per_minute_minor(300) };
        let mut spending = Spending::default();
        assert_eq!(spending.least_minor(0, minute), Ok(300));
        spending.add(leg(1), minute);
        assert_eq!(spending.wanted_minor(0), Ok(300));
        spending.answered(leg(1), 0);
        assert_eq!(spending.cost_minor(SECOND), Ok(300));
        assert_eq!(spending.wanted_minor(50 * SECOND), Ok(400));
        assert_eq!(spending.paid_until_us(305), Ok(Some(61 * SECOND)));
    }

    #[test]
    fn an_answered_leg_costs_an_increment_at_least() {
        let mut spending = talking(Rate::per_minute_minor(300), 7);
        spending.ended(leg(1), 7);
        assert_eq!(spending.cost_minor(7), Ok(5));
    }

    #[test]
    fn an_ended_leg_costs_no_more() {
        let mut spending = talking(Rate::per_minute_minor(300), 0);
        spending.ended(leg(1), 10 * SECOND);
        assert_eq!(spending.wanted_minor(100 * SECOND), Ok(50));
        assert!(!spending.is_running());
    }

    proptest! {
        #[test]
        fn what_is_held_pays_up_to_the_edge_and_not_beyond(
            rate in 1_i64..50_000_000,
            (minimum_seconds, increment_seconds) in
                prop::sample::select(vec![(1_i64, 1_i64), (6, 6), (30, 6), (30, 30), (60, 60), (60, 1)]),
            second in prop::option::of((1_i64..50_000_000, 0_i64..90)), held in 0_i64..100_000, answered in 0_i64..SECOND,
            tax in 0_i64..=10_000,
        ) {
            let mut spending = talking(Rate { per_minute_e4: rate, minimum_seconds, increment_seconds }, answered);
            spending.tax = TaxRate::of_basis_points(tax);
            if let Some((rate, later)) = second {
                spending.add(leg(2), Rate { per_minute_e4: rate, ..Rate::FREE });
                spending.answered(leg(2), answered + later * SECOND);
            }
            if let Some(until) = spending.paid_until_us(held).unwrap() {
                prop_assert!(spending.cost_minor(until).unwrap() <= held || until == answered);
                prop_assert!(spending.cost_minor(until + 1).unwrap() > held);
            }
        }
    }
}
