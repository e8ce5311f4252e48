//! How the live calls of a node share a workspace's money: pure arithmetic on a wallet whose row is locked.
//!
//! In the manner of RFC 8506 a node is granted quota per workspace (a row of `wallet_holds`), and its calls draw from it:
//! each holds what it may still use up. In: the wallet, what calls hold, what ended calls cost, and what others ask for.
//! Out: who got what. Under [`OverdraftPolicy::None`] what was spent and what is held never exceed what came in, and
//! with a floor never by more than it.
//! Deliberately absent: rates and time (`calls::spending` says what a call wants), and SQL.

use std::collections::BTreeMap;

use sautikit_api::ids::CallId;

/// What happens to live calls when the money ends (billing.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverdraftPolicy {
    /// They go on, and the balance may become negative by them, down to the operator's floor where there is one.
    FinishCall,
    /// They end on the last second that is paid for.
    None,
}

impl OverdraftPolicy {
    /// Both.
    pub const ALL: [Self; 2] = [Self::FinishCall, Self::None];

    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FinishCall => "finish_call",
            Self::None => "none",
        }
    }

    /// The policy of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name)
    }
}

/// A wallet under its lock.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Sum of the entries, those of this flush included.
    pub balance_minor: i64,
    /// What calls of other nodes hold.
    pub held_by_others_minor: i64,
    /// Whether live calls may overdraw.
    pub policy: OverdraftPolicy,
    /// How far they may at most, not above 0; none without a bound.
    pub floor_minor: Option<i64>,
    /// What calls may cost on this day; none without a limit.
    pub day: Option<Day>,
}

/// A day with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// What calls may cost on it.
    pub limit_minor: i64,
    /// What they were billed on it so far, by this flush included.
    pub spent_minor: i64,
    /// Its end, in microseconds UTC.
    pub until_us: i64,
}

impl Standing {
    /// What live calls leave of the balance at least; none without a bound.
    fn lowest_minor(&self) -> Option<i64> {
        match self.policy {
            OverdraftPolicy::FinishCall => self.floor_minor,
            OverdraftPolicy::None => Some(0),
        }
    }

    /// What the day leaves beside what is billed and held, less than nothing where the limit was lowered meanwhile.
    fn left_of_day(&self, held: &Held) -> Option<i64> {
        let own: i64 = held.values().sum();
        let Day { limit_minor, spent_minor, .. } = self.day?;
        Some(limit_minor.saturating_sub(spent_minor).saturating_sub(self.held_by_others_minor).saturating_sub(own))
    }
}

/// What each live call of this node holds of one workspace's money, in minor units.
pub type Held = BTreeMap<CallId, i64>;

/// A call asks for money. Amounts are what it shall hold in all, not what is to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Who asks.
    pub call: CallId,
    /// A call or a leg that has not begun must hold so much, or it is refused; none for one that runs on anyhow.
    pub least_minor: Option<i64>,
    /// What it would like to hold; less than it has gives the rest back.
    pub wanted_minor: i64,
}

/// What a demand came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Who asked.
    pub call: CallId,
    /// What the call holds now, or what it would need more of.
    pub outcome: Result<i64, Short>,
}

/// What there is too little of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Short {
    /// Money: so much is available to new calls.
    Funds(i64),
    /// What the day's limit leaves.
    Day {
        /// The day.
        day: Day,
        /// What live calls hold of it.
        held_minor: i64,
    },
}

/// What is available to further calls. Negative where live calls have overdrawn.
pub fn available_minor(standing: &Standing, held: &Held) -> i64 {
    let own: i64 = held.values().sum();
    standing.balance_minor.saturating_sub(standing.held_by_others_minor).saturating_sub(own)
}

/// What live calls may still get beside what they hold, never negative; none without a bound.
pub fn spendable_minor(standing: &Standing, held: &Held) -> Option<i64> {
    let of_funds = standing.lowest_minor().map(|lowest| available_minor(standing, held).saturating_sub(lowest));
    let of_both = [of_funds, standing.left_of_day(held)].into_iter().flatten().min();
    of_both.map(|minor| minor.max(0))
}

/// What of [`spendable_minor`] is this node's calls' own while no wallet can be asked: as much of it as they hold of all that calls
/// hold. Each node reckons so, and so all of them together go on with what there is and no more.
pub fn lendable_minor(standing: &Standing, held: &Held) -> Option<i64> {
    let spendable_minor = spendable_minor(standing, held)?;
    let own: i64 = held.values().sum();
    let all = i128::from(own) + i128::from(standing.held_by_others_minor.max(0));
    if all == 0 {
        return Some(spendable_minor);
    }
    // A part of what fits: it does too.
    Some(i64::try_from(i128::from(spendable_minor) * i128::from(own) / all).unwrap_or(0))
}

/// What a node's calls hold after a flush, and what its demands came to, in their order. `remembered` is what they held as
/// the node knows it, `row_minor` the sum that the wallet knows of, `released` are calls that hold nothing any more.
///
/// The wallet's sum counts: a node that was taken for dead, or did not hear of a commit, remembers more than it has.
pub fn restate(
    standing: &Standing,
    remembered: &Held,
    row_minor: i64,
    released: &[CallId],
    demands: &[Demand],
) -> (Held, Vec<Grant>) {
    let mut left_minor = row_minor.max(0);
    let mut held = Held::new();
    for (call, minor) in remembered {
        let has_minor = (*minor).min(left_minor);
        left_minor -= has_minor;
        if has_minor > 0 && !released.contains(call) {
            held.insert(*call, has_minor);
        }
    }
    let grants = share(standing, &mut held, demands);
    (held, grants)
}

/// What the node's calls hold for sure after a flush with these demands of which it did not hear, from what they held before as
/// it knows it: who asked for less may have it, and what was given back may be another's by now. Otherwise it could not tell whose
/// it is when the wallet knows of less than it remembers.
pub fn lower(held: &mut Held, demands: &[Demand]) {
    for demand in demands {
        if let Some(minor) = held.get_mut(&demand.call) {
            *minor = (*minor).min(demand.wanted_minor);
        }
    }
    held.retain(|_, minor| *minor > 0);
}

/// Serves demands in their order; `held` becomes what the calls hold afterwards.
fn share(standing: &Standing, held: &mut Held, demands: &[Demand]) -> Vec<Grant> {
    let mut free_minor = available_minor(standing, held);
    let mut left_of_day = standing.left_of_day(held);
    let lowest_minor = standing.lowest_minor();
    let mut serve = |demand: &Demand| {
        let before_minor = held.get(&demand.call).copied().unwrap_or(0);
        let more_minor = demand.wanted_minor.saturating_sub(before_minor);
        let by_funds = match lowest_minor {
            None => more_minor,
            Some(lowest_minor) => more_minor.min(free_minor.saturating_sub(lowest_minor).max(0)),
        };
        let given_minor = left_of_day.map_or(by_funds, |left_minor| by_funds.min(left_minor.max(0)));
        let is_broke = standing.policy == OverdraftPolicy::FinishCall && free_minor <= 0;
        let is_too_little =
            |minor: i64| demand.least_minor.is_some_and(|least_minor| before_minor + minor < least_minor);
        if (is_broke && demand.least_minor.is_some()) || is_too_little(by_funds) {
            return Grant { call: demand.call, outcome: Err(Short::Funds(free_minor)) };
        }
        if let (Some(day), Some(left_minor), true) = (standing.day, left_of_day, is_too_little(given_minor)) {
            let held_minor = day.limit_minor.saturating_sub(day.spent_minor).saturating_sub(left_minor);
            return Grant { call: demand.call, outcome: Err(Short::Day { day, held_minor }) };
        }
        free_minor -= given_minor;
        left_of_day = left_of_day.map(|left_minor| left_minor - given_minor);
        let after_minor = before_minor + given_minor;
        if after_minor > 0 {
            held.insert(demand.call, after_minor);
        } else {
            held.remove(&demand.call);
        }
        Grant { call: demand.call, outcome: Ok(after_minor) }
    };
    demands.iter().map(&mut serve).collect()
}

#[cfg(test)]
mod tests;
