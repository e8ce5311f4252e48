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
}

impl Standing {
    /// What live calls leave of the balance at least; none without a bound.
    fn lowest_minor(&self) -> Option<i64> {
        match self.policy {
            OverdraftPolicy::FinishCall => self.floor_minor,
            OverdraftPolicy::None => Some(0),
        }
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
    /// What the call holds now. Refused: what is available to new calls.
    pub outcome: Result<i64, i64>,
}

/// What is available to further calls. Negative where live calls have overdrawn.
pub fn available_minor(standing: &Standing, held: &Held) -> i64 {
    let own: i64 = held.values().sum();
    standing.balance_minor.saturating_sub(standing.held_by_others_minor).saturating_sub(own)
}

/// What live calls may still get beside what they hold, never negative; none without a bound.
pub fn spendable_minor(standing: &Standing, held: &Held) -> Option<i64> {
    let lowest_minor = standing.lowest_minor()?;
    Some(available_minor(standing, held).saturating_sub(lowest_minor).max(0))
}

/// Serves demands in their order; `held` becomes what the calls hold afterwards.
pub fn share(standing: &Standing, held: &mut Held, demands: &[Demand]) -> Vec<Grant> {
    let mut free_minor = available_minor(standing, held);
    let lowest_minor = standing.lowest_minor();
    let mut serve = |demand: &Demand| {
        let before_minor = held.get(&demand.call).copied().unwrap_or(0);
        let more_minor = demand.wanted_minor.saturating_sub(before_minor);
        let given_minor = match lowest_minor {
            None => more_minor,
            Some(lowest_minor) => more_minor.min(free_minor.saturating_sub(lowest_minor).max(0)),
        };
        let is_broke = standing.policy == OverdraftPolicy::FinishCall && free_minor <= 0;
        let is_refused =
            demand.least_minor.is_some_and(|least_minor| is_broke || before_minor + given_minor < least_minor);
        if is_refused {
            return Grant { call: demand.call, outcome: Err(free_minor) };
        }
        free_minor -= given_minor;
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
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn call(number: u128) -> CallId {
        CallId(Uuid::from_u128(number))
    }

    fn standing(balance_minor: i64, policy: OverdraftPolicy) -> Standing {
        Standing { balance_minor, held_by_others_minor: 0, policy, floor_minor: None }
    }

    fn new(number: u128, least_minor: i64, wanted_minor: i64) -> Demand {
        Demand { call: call(number), least_minor: Some(least_minor), wanted_minor }
    }

    #[test]
    fn fifty_calls_at_once_share_662() {
        for (policy, admitted) in [(OverdraftPolicy::FinishCall, 5), (OverdraftPolicy::None, 5)] {
            let mut held = Held::new();
            let demands: Vec<_> = (0..50).map(|number| new(number, 5, 150)).collect();
            let grants = share(&standing(662, policy), &mut held, &demands);
            assert_eq!(grants.iter().filter(|grant| grant.outcome.is_ok()).count(), admitted, "{policy:?}");
            assert_eq!(held.len(), admitted);
        }
    }

    #[test]
    fn the_last_call_gets_what_is_left_if_it_is_worth_an_increment() {
        let mut held = Held::new();
        let grants = share(&standing(35, OverdraftPolicy::None), &mut held, &[new(1, 5, 150), new(2, 5, 150)]);
        assert_eq!(grants[0].outcome, Ok(35));
        assert_eq!(grants[1].outcome, Err(0));
        let grants = share(&standing(4, OverdraftPolicy::None), &mut Held::new(), &[new(1, 5, 150)]);
        assert_eq!(grants[0].outcome, Err(4));
    }

    #[test]
    fn what_a_call_needs_no_more_is_free_for_the_next() {
        let mut held = Held::from([(call(1), 150)]);
        let back = Demand { call: call(1), least_minor: None, wanted_minor: 20 };
        let grants = share(&standing(150, OverdraftPolicy::None), &mut held, &[back, new(2, 5, 150)]);
        assert_eq!(grants.iter().map(|grant| grant.outcome).collect::<Vec<_>>(), [Ok(20), Ok(130)]);
    }

    #[test]
    fn a_call_that_may_overdraw_is_let_in_by_any_money_and_goes_on_without() {
        let mut held = Held::new();
        let policy = OverdraftPolicy::FinishCall;
        assert_eq!(share(&standing(1, policy), &mut held, &[new(1, 5, 150)])[0].outcome, Ok(150));
        let more = Demand { call: call(1), least_minor: None, wanted_minor: 400 };
        assert_eq!(share(&standing(1, policy), &mut held, &[more])[0].outcome, Ok(400));
        assert_eq!(share(&standing(1, policy), &mut held, &[new(2, 5, 150)])[0].outcome, Err(-399));
    }

    #[test]
    fn a_call_that_may_overdraw_does_so_down_to_the_floor() {
        let mut held = Held::new();
        let floored = Standing { floor_minor: Some(-300), ..standing(1, OverdraftPolicy::FinishCall) };
        assert_eq!(share(&floored, &mut held, &[new(1, 5, 150)])[0].outcome, Ok(150));
        assert_eq!(spendable_minor(&floored, &held), Some(151));
        let more = Demand { call: call(1), least_minor: None, wanted_minor: 400 };
        assert_eq!(share(&floored, &mut held, &[more])[0].outcome, Ok(301));
        assert_eq!(share(&floored, &mut held, &[new(2, 5, 150)])[0].outcome, Err(-300));
        // Overdrawn before the floor was set: nothing is given, and nothing taken back.
        let below = Standing { floor_minor: Some(0), ..floored };
        assert_eq!(share(&below, &mut held, &[more])[0].outcome, Ok(301));
        assert_eq!(spendable_minor(&below, &held), Some(0));
    }

    /// What may happen to 50 calls on one balance, in any order.
    #[derive(Debug, Clone)]
    enum Step {
        Begin { call: u128, rate: i64 },
        Extend { call: u128, ahead_s: i64 },
        End { call: u128, unused_percent: i64 },
        TopUp(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..50_u128, 1..20_i64).prop_map(|(call, rate)| Step::Begin { call, rate }),
            4 => (0..50_u128, 0..90_i64).prop_map(|(call, ahead_s)| Step::Extend { call, ahead_s }),
            3 => (0..50_u128, 0..=100_i64).prop_map(|(call, unused_percent)| Step::End { call, unused_percent }),
            1 => (1..5_000_i64).prop_map(Step::TopUp),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        /// A call spends what it holds at most, as `calls::spending` sees to.
        #[test]
        fn what_is_spent_and_held_never_exceeds_what_came_in(
            steps in prop::collection::vec(step(), 1..200), first in 0..3_000_i64, others in 0..500_i64,
            floor in prop::option::of(-2_000..=0_i64),
        ) {
            // With a floor live calls may overdraw, down to it and not beyond.
            let policy = floor.map_or(OverdraftPolicy::None, |_| OverdraftPolicy::FinishCall);
            let (mut came_in, mut spent, mut held) = (first, 0, Held::new());
            let mut rates = BTreeMap::new();
            let others = others.min(first);
            for step in steps {
                let mut wallet = standing(came_in - spent, policy);
                wallet.floor_minor = floor;
                wallet.held_by_others_minor = others;
                match step {
                    Step::Begin { call: number, rate } => {
                        if share(&wallet, &mut held, &[new(number, rate, rate * 30)])[0].outcome.is_ok() {
                            rates.insert(number, rate);
                        }
                    }
                    Step::Extend { call: number, ahead_s } => if let Some(rate) = rates.get(&number) {
                        let demand = Demand { call: call(number), least_minor: None, wanted_minor: rate * ahead_s };
                        share(&wallet, &mut held, &[demand]);
                    }
                    Step::End { call: number, unused_percent } => {
                        let was_held = held.remove(&call(number)).unwrap_or(0);
                        spent += was_held * (100 - unused_percent) / 100;
                        rates.remove(&number);
                    }
                    Step::TopUp(minor) => came_in += minor,
                }
                prop_assert!(spent + held.values().sum::<i64>() + others <= came_in - floor.unwrap_or(0));
                prop_assert!(held.values().all(|minor| *minor > 0));
            }
            let running: Vec<_> = held.keys().copied().collect();
            for call in running {
                spent += held.remove(&call).unwrap_or(0);
            }
            prop_assert!(spent + others <= came_in - floor.unwrap_or(0) && held.is_empty());
        }
    }
}
