//! An attack on simulated time against a workspace's own settings. Pure: it asks the functions that admission and the
//! sharing of money ask, places nothing and moves nothing.

use std::time::Duration;

use sautikit_api::ids::{CallId, LegRecordId, WorkspaceId};
use uuid::Uuid;

use super::Facts;
use crate::calls::fraud::Finding;
use crate::calls::fraud::spread::{Attempt, SHORT_US, Spread, WINDOW_US};
use crate::calls::limits::seats::{Seat, Seats};
use crate::calls::limits::{Blocked, Full};
use crate::calls::spending::HOLD_AHEAD_SECONDS;
use crate::destination::{DestinationError, read_destination};
use crate::pricing::PricingError;
use crate::rating::Rate;
use crate::tax::TaxRate;
use crate::wallet::quota::{Day, Demand, Held, Short, Standing, restate};

/// Between two extensions of what calls hold.
const TICK_SECONDS: i64 = 5;
/// What an attack began with ends after so long whatever happens: the longest call.
const LONGEST_SECONDS: i64 = 14_400;
const SECOND_US: i64 = 1_000_000;

/// A call that a thief places.
#[derive(Debug, Clone)]
pub struct Try {
    /// Seconds after the first.
    pub at_seconds: i64,
    /// Whom.
    pub to: String,
    /// How long it would last.
    pub talk_seconds: i64,
}

/// A kind of attack.
#[derive(Debug, Clone)]
pub struct Attack {
    /// What it is.
    pub name: &'static str,
    /// At night.
    pub is_night: bool,
    /// In their order.
    pub tries: Vec<Try>,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was let in, and had cost so much in the end.
    Placed(i64),
    /// An emergency number or a short code.
    Emergency,
    /// No telephone number.
    Invalid,
    /// Its destination may not be called.
    Blocked(Blocked),
    /// Outbound calls were frozen before.
    Frozen,
    /// Too many calls.
    Full(Full),
    /// The day's limit.
    Day,
    /// The money.
    Funds,
}

impl Outcome {
    /// In words.
    pub fn says(&self) -> String {
        match self {
            Self::Placed(_) => "placed".to_owned(),
            Self::Emergency => "refused: emergency number".to_owned(),
            Self::Invalid => "refused: no telephone number".to_owned(),
            Self::Blocked(why) => format!("refused: {}", why.says()),
            Self::Frozen => "refused: outbound calls are frozen".to_owned(),
            Self::Full(Full::Concurrent(most)) => format!("refused: {most} calls run"),
            Self::Full(Full::PerSecond(most)) => format!("refused: {most} calls began within a second"),
            Self::Day => "refused: the day's spend limit".to_owned(),
            Self::Funds => "refused: the wallet's money".to_owned(),
        }
    }
}

/// What became of an attack.
#[derive(Debug)]
pub struct Played {
    /// One per try.
    pub outcomes: Vec<Outcome>,
    /// What it cost in all.
    pub cost_minor: i64,
    /// What froze outbound calls, and at which try, counted from 1.
    pub frozen: Option<(Finding, usize)>,
}

struct Running {
    id: CallId,
    index: usize,
    rate: Rate,
    began: i64,
    talk_seconds: i64,
    _seat: Seat,
}

struct Sim<'a> {
    facts: &'a Facts,
    balance_minor: i64,
    spent_minor: i64,
    held: Held,
    running: Vec<Running>,
    costs: Vec<i64>,
}

/// Plays the attack.
pub fn play(facts: &Facts, attack: &Attack) -> Played {
    let seats = Seats::default();
    let mut sim = Sim {
        facts,
        balance_minor: facts.balance_minor,
        spent_minor: facts.day.map_or(0, |day| day.spent_minor),
        held: Held::new(),
        running: Vec::new(),
        costs: vec![0; attack.tries.len()],
    };
    let mut spread = Spread::default();
    let (mut outcomes, mut frozen, mut clock) = (Vec::new(), None, 0);
    for (index, one) in attack.tries.iter().enumerate() {
        while clock + TICK_SECONDS <= one.at_seconds {
            clock += TICK_SECONDS;
            sim.tick(clock);
        }
        if frozen.is_some() || facts.is_frozen {
            outcomes.push(judge(facts, &one.to).map_or_else(|refused| refused, |_| Outcome::Frozen));
            continue;
        }
        let outcome = judge(facts, &one.to).and_then(|(attempt, rate)| {
            let leg = LegRecordId(Uuid::from_u128(index as u128));
            let at_us = one.at_seconds * SECOND_US;
            let talked_us = (one.talk_seconds * SECOND_US < SHORT_US).then_some(one.talk_seconds * SECOND_US);
            spread.note(Attempt { leg, at_us, talked_us, ..attempt });
            let now = Duration::from_secs(one.at_seconds.unsigned_abs());
            let seat = seats.take(WORKSPACE, &facts.limits, true, now).map_err(Outcome::Full)?;
            sim.begin(index, one, rate, seat)
        });
        outcomes.push(outcome.map_or_else(|refused| refused, |()| Outcome::Placed(0)));
        spread.forget_before(one.at_seconds * SECOND_US - WINDOW_US);
        if facts.rules.enabled
            && let Some(finding) = spread.finding(&facts.habits, &facts.rules, attack.is_night)
        {
            frozen = Some((finding, index + 1));
        }
    }
    let last = clock + LONGEST_SECONDS + TICK_SECONDS;
    while clock < last && !sim.running.is_empty() {
        clock += TICK_SECONDS;
        sim.tick(clock);
    }
    for (outcome, cost_minor) in outcomes.iter_mut().zip(&sim.costs) {
        if let Outcome::Placed(cost) = outcome {
            *cost = *cost_minor;
        }
    }
    Played { outcomes, cost_minor: sim.costs.iter().sum(), frozen }
}

/// Of the drill's own counts, which no other workspace shares.
const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::nil());

/// What admission says of the destination, and what a call there costs.
fn judge(facts: &Facts, to: &str) -> Result<(Attempt, Rate), Outcome> {
    let read = read_destination(to, &facts.country).map_err(|error| match error {
        DestinationError::Emergency => Outcome::Emergency,
        DestinationError::Invalid => Outcome::Invalid,
    })?;
    facts.limits.check(&read, &facts.premium_prefixes).map_err(Outcome::Blocked)?;
    let rate = facts.prices.outbound_rate(&facts.caller(), &read, facts.now_us);
    let rate = rate.map_err(|_: PricingError| Outcome::Blocked(Blocked::Price))?;
    let home_e4 = facts.home_rate.per_minute_e4.saturating_mul(i64::from(facts.rules.dear_times));
    let attempt = Attempt {
        leg: LegRecordId(Uuid::nil()),
        at_us: 0,
        is_abroad: read.country.as_deref() != Some(facts.country.as_str()),
        is_dear: home_e4 > 0 && rate.per_minute_e4 >= home_e4,
        country: read.country,
        e164: read.e164,
        talked_us: None,
    };
    Ok((attempt, rate))
}

/// What is debited for so many seconds: what is held and spent is reckoned with its tax.
fn cost_minor(tax: TaxRate, rate: Rate, seconds: i64) -> i64 {
    rate.cost_minor(seconds).map_or(i64::MAX, |net_minor| tax.gross_minor(net_minor))
}

impl Sim<'_> {
    fn cost_minor(&self, rate: Rate, seconds: i64) -> i64 {
        cost_minor(self.facts.tax, rate, seconds)
    }

    fn standing(&self) -> Standing {
        let day = self.facts.day.map(|day| Day { spent_minor: self.spent_minor, ..day });
        Standing {
            balance_minor: self.balance_minor,
            held_by_others_minor: self.facts.held_minor,
            policy: self.facts.policy,
            floor_minor: self.facts.floor_minor,
            day,
        }
    }

    /// Shares the money; what each demand came to.
    fn share(&mut self, released: &[CallId], demands: &[Demand]) -> Vec<Result<i64, Short>> {
        let row_minor = self.held.values().sum();
        let (held, grants) = restate(&self.standing(), &self.held, row_minor, released, demands);
        self.held = held;
        grants.into_iter().map(|grant| grant.outcome).collect()
    }

    fn begin(&mut self, index: usize, one: &Try, rate: Rate, seat: Seat) -> Result<(), Outcome> {
        let id = CallId(Uuid::from_u128(index as u128));
        let cost = |seconds| self.cost_minor(rate, seconds);
        let demand = Demand { call: id, least_minor: Some(cost(1)), wanted_minor: cost(HOLD_AHEAD_SECONDS) };
        match self.share(&[], &[demand]).first() {
            Some(Err(Short::Day { .. })) => return Err(Outcome::Day),
            Some(Err(Short::Funds(_))) | None => return Err(Outcome::Funds),
            Some(Ok(_)) => {}
        }
        let talk_seconds = one.talk_seconds.min(LONGEST_SECONDS);
        self.running.push(Running { id, index, rate, began: one.at_seconds, talk_seconds, _seat: seat });
        Ok(())
    }

    /// Ends calls whose time or money is over, and extends the others.
    fn tick(&mut self, now: i64) {
        let tax = self.facts.tax;
        let cost = |rate: Rate, seconds: i64| cost_minor(tax, rate, seconds);
        let demands: Vec<_> = self
            .running
            .iter()
            .map(|call| {
                let wanted_minor = cost(call.rate, now - call.began + HOLD_AHEAD_SECONDS);
                Demand { call: call.id, least_minor: None, wanted_minor }
            })
            .collect();
        let granted = self.share(&[], &demands);
        let (mut over, mut left) = (Vec::new(), Vec::new());
        for (call, granted) in std::mem::take(&mut self.running).into_iter().zip(granted) {
            let held_minor = granted.unwrap_or(0);
            let lasted = (now - call.began).min(call.talk_seconds);
            let is_broke = held_minor < cost(call.rate, now - call.began + TICK_SECONDS);
            if lasted == call.talk_seconds || is_broke {
                // One whose money ends goes on to the last second that it pays for.
                let used_minor = if lasted == call.talk_seconds { cost(call.rate, lasted) } else { held_minor };
                over.push((call.id, call.index, used_minor.min(held_minor.max(0))));
            } else {
                left.push(call);
            }
        }
        self.running = left;
        for (_, index, used_minor) in &over {
            self.costs[*index] = *used_minor;
            self.balance_minor -= used_minor;
            self.spent_minor += used_minor;
        }
        let released: Vec<_> = over.into_iter().map(|(id, ..)| id).collect();
        self.share(&released, &[]);
    }
}
