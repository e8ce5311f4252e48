//! Examples, and any order of what may happen to the calls of two nodes on one balance.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn call(number: u128) -> CallId {
    CallId(Uuid::from_u128(number))
}

fn standing(balance_minor: i64, policy: OverdraftPolicy) -> Standing {
    Standing { balance_minor, held_by_others_minor: 0, policy, floor_minor: None, day: None }
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
    assert_eq!(grants[1].outcome, Err(Short::Funds(0)));
    let grants = share(&standing(4, OverdraftPolicy::None), &mut Held::new(), &[new(1, 5, 150)]);
    assert_eq!(grants[0].outcome, Err(Short::Funds(4)));
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
    assert_eq!(share(&standing(1, policy), &mut held, &[new(2, 5, 150)])[0].outcome, Err(Short::Funds(-399)));
}

#[test]
fn a_call_that_may_overdraw_does_so_down_to_the_floor() {
    let mut held = Held::new();
    let floored = Standing { floor_minor: Some(-300), ..standing(1, OverdraftPolicy::FinishCall) };
    assert_eq!(share(&floored, &mut held, &[new(1, 5, 150)])[0].outcome, Ok(150));
    assert_eq!(spendable_minor(&floored, &held), Some(151));
    let more = Demand { call: call(1), least_minor: None, wanted_minor: 400 };
    assert_eq!(share(&floored, &mut held, &[more])[0].outcome, Ok(301));
    assert_eq!(share(&floored, &mut held, &[new(2, 5, 150)])[0].outcome, Err(Short::Funds(-300)));
    // Overdrawn before the floor was set: nothing is given, and nothing taken back.
    let below = Standing { floor_minor: Some(0), ..floored };
    assert_eq!(share(&below, &mut held, &[more])[0].outcome, Ok(301));
    assert_eq!(spendable_minor(&below, &held), Some(0));
}

#[test]
fn what_no_wallet_can_be_asked_for_is_lent_by_each_node_as_it_holds() {
    let of = |own: i64, others: i64| {
        let standing = Standing { held_by_others_minor: others, ..standing(1_000, OverdraftPolicy::None) };
        lendable_minor(&standing, &Held::from([(call(1), own)]))
    };
    assert_eq!((of(150, 0), of(150, 150), of(300, 100), of(0, 100)), (Some(850), Some(350), Some(450), Some(0)));
    let nobody = standing(1_000, OverdraftPolicy::None);
    assert_eq!(lendable_minor(&nobody, &Held::new()), Some(1_000));
    assert_eq!(lendable_minor(&standing(1_000, OverdraftPolicy::FinishCall), &Held::new()), None);
}

proptest! {
    #[test]
    fn nodes_that_are_cut_off_lend_no_more_than_there_is(
        balance_minor in 0..=crate::wallet::MAX_AMOUNT_MINOR, holds in prop::collection::vec(0..1_000_000_000_i64, 1..8),
    ) {
        let all: i64 = holds.iter().sum();
        let mut lent = 0;
        let mut there = 0;
        for own in &holds {
            let others = Standing { held_by_others_minor: all - own, ..standing(balance_minor, OverdraftPolicy::None) };
            let held = Held::from([(call(1), *own)]);
            there = spendable_minor(&others, &held).unwrap();
            lent += lendable_minor(&others, &held).unwrap();
        }
        // Where nobody holds anything no call costs anything.
        prop_assert!(all == 0 || (lent <= there && there - lent < 8), "{lent} of {there}");
    }
}

#[test]
fn a_days_limit_is_shared_like_the_balance_and_named_where_it_is_what_ends() {
    let day = Day { limit_minor: 500, spent_minor: 200, until_us: 9 };
    for policy in OverdraftPolicy::ALL {
        let limited = Standing { day: Some(day), ..standing(10_000, policy) };
        let mut held = Held::new();
        let demands = [new(1, 5, 150), new(2, 5, 150), new(3, 5, 150)];
        let outcomes: Vec<_> = share(&limited, &mut held, &demands).iter().map(|grant| grant.outcome).collect();
        assert_eq!(outcomes, [Ok(150), Ok(150), Err(Short::Day { day, held_minor: 300 })], "{policy:?}");
        assert_eq!(spendable_minor(&limited, &held), Some(0), "a call that may overdraw ends at the limit too");
        let more = Demand { call: call(1), least_minor: None, wanted_minor: 400 };
        assert_eq!(share(&limited, &mut held, &[more])[0].outcome, Ok(150));
        // Lowered meanwhile: nothing is given, and nothing taken back.
        let lowered = Standing { day: Some(Day { limit_minor: 10, ..day }), ..limited };
        assert_eq!(share(&lowered, &mut held, &[more])[0].outcome, Ok(150));
        let broke = Standing { balance_minor: 0, ..limited };
        assert_eq!(share(&broke, &mut Held::new(), &[new(4, 5, 150)])[0].outcome, Err(Short::Funds(0)));
    }
}

#[test]
fn a_node_that_remembers_more_than_the_wallet_knows_of_has_no_more() {
    let remembered = Held::from([(call(1), 100), (call(2), 50)]);
    let wallet = standing(0, OverdraftPolicy::None);
    let (held, _) = restate(&wallet, &remembered, 120, &[], &[]);
    assert_eq!(held, Held::from([(call(1), 100), (call(2), 20)]));
    let extension = Demand { call: call(1), least_minor: None, wanted_minor: 100 };
    let (held, grants) = restate(&wallet, &remembered, 0, &[], &[extension]);
    assert_eq!((held.len(), grants[0].outcome), (0, Ok(0)));
}

#[test]
fn what_was_given_back_unheard_is_not_counted_on() {
    let mut remembered = Held::from([(call(1), 253), (call(2), 360), (call(3), 360)]);
    let less = |number, wanted_minor| Demand { call: call(number), least_minor: None, wanted_minor };
    lower(&mut remembered, &[less(1, 300), less(2, 204), less(3, 0), less(4, 90)]);
    assert_eq!(remembered, Held::from([(call(1), 253), (call(2), 204)]));
}

/// Whether a flush was committed, and whether its node heard so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Heard,
    Unheard,
    Lost,
}

/// What may happen to 50 calls of two nodes on one balance, in any order. Calls are numbered; the last figure of a
/// number is its node's.
#[derive(Debug, Clone)]
enum Step {
    Begin {
        call: u128,
        rate: i64,
        fate: Fate,
    },
    /// All calls of a node are extended, each at its own rate.
    Tick {
        node: usize,
        ahead_s: i64,
        fate: Fate,
    },
    /// A call uses up a share of what it has not used of what it holds.
    Talk {
        call: u128,
        percent: i64,
    },
    End {
        call: u128,
        fate: Fate,
    },
    TopUp(i64),
    /// Midnight.
    NewDay,
    /// An operator or a rental takes money that is not held.
    Withdraw(i64),
    /// The node dies, and starts again or is missed by the other: its calls are closed, its holds given back.
    Crash {
        node: usize,
    },
    /// The other node takes it for dead, and it lives: its calls are closed and its holds given back behind its back.
    TakenForDead {
        node: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let fate = || prop_oneof![8 => Just(Fate::Heard), 1 => Just(Fate::Unheard), 1 => Just(Fate::Lost)];
    prop_oneof![
        6 => (0..50_u128, 1..20_i64, fate()).prop_map(|(call, rate, fate)| Step::Begin { call, rate, fate }),
        4 => (0..2_usize, 0..90_i64, fate()).prop_map(|(node, ahead_s, fate)| Step::Tick { node, ahead_s, fate }),
        6 => (0..50_u128, 0..=100_i64).prop_map(|(call, percent)| Step::Talk { call, percent }),
        4 => (0..50_u128, fate()).prop_map(|(call, fate)| Step::End { call, fate }),
        1 => (1..5_000_i64).prop_map(Step::TopUp),
        1 => (1..500_i64).prop_map(Step::Withdraw),
        1 => Just(Step::NewDay),
        1 => (0..2_usize).prop_map(|node| Step::Crash { node }),
        1 => (0..2_usize).prop_map(|node| Step::TakenForDead { node }),
    ]
}

#[derive(Debug, Clone, Copy)]
struct Talking {
    rate: i64,
    used_minor: i64,
    /// What it holds as its own task was told: it ends before it uses more.
    allowed_minor: i64,
    /// What was committed of it at least: an unheard commit may have given it less.
    sure_minor: i64,
}

/// The wallet, and two nodes with what each remembers.
struct World {
    balance_minor: i64,
    floor_minor: Option<i64>,
    limit_minor: Option<i64>,
    spent_minor: i64,
    rows: [i64; 2],
    remembered: [Held; 2],
    /// The node does not know what was committed last: its calls ask anew before new ones are served.
    unheard: [bool; 2],
    talking: BTreeMap<u128, Talking>,
}

/// How far calls that run ask ahead, in seconds (`calls::spending`).
const AHEAD_S: i64 = 30;

fn node_of(call: u128) -> usize {
    usize::try_from(call % 2).unwrap()
}

impl World {
    /// The wallet as a flush of this node finds it.
    fn standing(&self, node: usize) -> Standing {
        // With a floor live calls may overdraw, down to it and not beyond.
        let policy = self.floor_minor.map_or(OverdraftPolicy::None, |_| OverdraftPolicy::FinishCall);
        let Self { balance_minor, floor_minor, .. } = *self;
        let day = |limit_minor| Day { limit_minor, spent_minor: self.spent_minor, until_us: 0 };
        let day = self.limit_minor.map(day);
        Standing { balance_minor, held_by_others_minor: self.rows[1 - node], policy, floor_minor, day }
    }

    fn bill(&mut self, minor: i64) {
        self.balance_minor -= minor;
        self.spent_minor += minor;
    }

    /// As `settle` does it: the debits are in the balance before holds are restated.
    fn flush(&mut self, node: usize, released: &[u128], demands: &[Demand], fate: Fate) -> Option<Vec<Grant>> {
        let mut all = match self.unheard[node] {
            true => self.demands(node, AHEAD_S, released),
            false => Vec::new(),
        };
        let anew = all.len();
        all.extend(demands);
        let demands = &all;
        self.unheard[node] = fate != Fate::Heard;
        if fate == Fate::Lost {
            lower(&mut self.remembered[node], demands);
            return None;
        }
        self.bill(released.iter().map(|number| self.talking[number].used_minor).sum());
        let released: Vec<_> = released.iter().map(|number| call(*number)).collect();
        let standing = self.standing(node);
        let (held, mut grants) = restate(&standing, &self.remembered[node], self.rows[node], &released, demands);
        self.rows[node] = held.values().sum();
        for (number, talking) in self.talking.iter_mut().filter(|(number, _)| node_of(**number) == node) {
            let held_minor = held.get(&call(*number)).copied().unwrap_or(0);
            talking.sure_minor = talking.sure_minor.min(held_minor);
            if fate == Fate::Heard {
                (talking.allowed_minor, talking.sure_minor) = (held_minor, held_minor);
            }
        }
        if fate == Fate::Unheard {
            lower(&mut self.remembered[node], demands);
            return None;
        }
        self.remembered[node] = held;
        Some(grants.split_off(anew))
    }

    /// What the node's calls ask for, those that have ended excepted.
    fn demands(&self, node: usize, ahead_s: i64, ended: &[u128]) -> Vec<Demand> {
        let extended = |(number, talking): (&u128, &Talking)| Demand {
            call: call(*number),
            least_minor: None,
            wanted_minor: talking.used_minor + talking.rate * ahead_s,
        };
        let own = |(number, _): &(&u128, &Talking)| node_of(**number) == node && !ended.contains(number);
        self.talking.iter().filter(own).map(extended).collect()
    }

    /// Closes the node's calls for what they have used, by whoever does that, and gives its holds back.
    fn close(&mut self, node: usize) {
        let of_node = |(number, _): &(&u128, &Talking)| node_of(**number) == node;
        let used_minor = self.talking.iter().filter(of_node).map(|(_, talking)| talking.used_minor).sum();
        self.bill(used_minor);
        self.talking.retain(|number, _| node_of(*number) != node);
        self.rows[node] = 0;
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Begin { call: number, rate, fate } if !self.talking.contains_key(&number) => {
                let grants = self.flush(node_of(number), &[], &[new(number, rate, rate * 30)], fate);
                if let Some(Ok(minor)) = grants.map(|grants| grants[0].outcome) {
                    let talking = Talking { rate, used_minor: 0, allowed_minor: minor, sure_minor: minor };
                    self.talking.insert(number, talking);
                }
            }
            Step::Tick { node, ahead_s, fate } => {
                let demands = self.demands(node, ahead_s, &[]);
                self.flush(node, &[], &demands, fate);
            }
            Step::Talk { call: number, percent } => {
                if let Some(talking) = self.talking.get_mut(&number) {
                    // What it asked for less of is thirty seconds away from what it has used.
                    let until_minor = talking.allowed_minor.min(talking.sure_minor).max(talking.used_minor);
                    talking.used_minor += (until_minor - talking.used_minor) * percent / 100;
                }
            }
            Step::End { call: number, fate } if self.talking.contains_key(&number) => {
                // Until it was heard of it is flushed again; the second time moves no money.
                if fate != Fate::Lost {
                    self.flush(node_of(number), &[number], &[], fate);
                    self.talking.remove(&number);
                    self.remembered[node_of(number)].remove(&call(number));
                }
            }
            Step::TopUp(minor) => self.balance_minor += minor,
            Step::NewDay => self.spent_minor = 0,
            Step::Withdraw(minor) => {
                if self.balance_minor - self.rows.iter().sum::<i64>() >= minor {
                    self.balance_minor -= minor;
                }
            }
            Step::Crash { node } => {
                self.close(node);
                self.remembered[node].clear();
            }
            Step::TakenForDead { node } => self.close(node),
            Step::Begin { .. } | Step::End { .. } => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    /// A call spends what it holds at most, as `calls::spending` sees to.
    #[test]
    fn what_is_spent_and_held_never_exceeds_what_came_in(
        steps in prop::collection::vec(step(), 1..120), balance_minor in 0..3_000_i64,
        floor_minor in prop::option::of(-2_000..=0_i64), limit_minor in prop::option::of(0..3_000_i64),
    ) {
        let lowest_minor = floor_minor.unwrap_or(0);
        let (rows, remembered) = ([0, 0], [Held::new(), Held::new()]);
        let talking = BTreeMap::new();
        let unheard = [false; 2];
        let mut world =
            World { balance_minor, floor_minor, limit_minor, spent_minor: 0, rows, remembered, unheard, talking };
        for step in steps {
            world.step(step.clone());
            let free_minor = world.balance_minor - world.rows.iter().sum::<i64>();
            prop_assert!(free_minor >= lowest_minor, "{free_minor} are free after {step:?}");
            let used_minor: i64 = world.talking.values().map(|talking| talking.used_minor).sum();
            prop_assert!(world.balance_minor - used_minor >= lowest_minor, "after {step:?}");
            let of_day_minor = world.spent_minor + world.rows.iter().sum::<i64>();
            prop_assert!(limit_minor.is_none_or(|limit_minor| of_day_minor <= limit_minor), "after {step:?}");
            prop_assert!(world.remembered.iter().flat_map(Held::values).all(|minor| *minor > 0));
        }
        for number in world.talking.keys().copied().collect::<Vec<_>>() {
            world.step(Step::End { call: number, fate: Fate::Heard });
        }
        // What is left is of a node that has not found out yet what was given back behind its back.
        (0..2).for_each(|node| drop(world.flush(node, &[], &[], Fate::Heard)));
        prop_assert!(world.balance_minor >= lowest_minor && world.talking.is_empty());
    }
}
