//! Who watches: what admission and records tell of calls, kept per workspace, and the look that judges it.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use sautikit_api::ids::{LegRecordId, WorkspaceId};
use tokio::sync::Notify;

use super::freeze;
use super::spread::{Attempt, Figures, Habits, MOST_KEPT, Spread, WINDOW_US};
use crate::calls::CallError;
use crate::calls::Hub;
use crate::calls::Rate;
use crate::calls::store::habits as sql;
use crate::config::Fraud;
use crate::state::AppState;
use crate::telephone::{self, Telephone};
use crate::wallet;

/// Between two looks at what other nodes placed, in microseconds.
const SYNC_EVERY_US: i64 = 30 * 1_000_000;
/// Between two looks where nothing happens: what is older than an hour is forgotten.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Days that are usual.
pub(super) const USUAL_DAYS: i64 = 30;
const DAY_US: i64 = 86_400 * 1_000_000;
/// Hours of the night in the wallet's zone: before this one.
const NIGHT_UNTIL_HOUR: i8 = 6;
/// Legs that wait for a look: a look takes milliseconds. With more the newest are not watched, and the next look at the
/// database finds them.
const MOST_WAITING: usize = 16_384;

/// Days since 1970-01-01 UTC.
pub(super) fn day_of(us: i64) -> i64 {
    us.div_euclid(DAY_US)
}

/// What happened since the last look.
#[derive(Debug)]
enum News {
    Began(WorkspaceId, Attempt, Home),
    Ended(LegRecordId, i64),
}

/// What is at home for a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Home {
    country: String,
    /// From this rate on a call is dear.
    dear_e4: i64,
}

impl Home {
    fn of(country: &str, rate: Rate, rules: &Fraud) -> Self {
        Self { country: country.to_owned(), dear_e4: rate.per_minute_e4.saturating_mul(i64::from(rules.dear_times)) }
    }

    fn attempt(&self, leg: LegRecordId, at_us: i64, to: &Telephone, rate_e4: i64) -> Attempt {
        Attempt {
            leg,
            at_us,
            e164: to.e164.clone(),
            country: to.country.clone(),
            is_abroad: to.country.as_deref() != Some(self.country.as_str()),
            is_dear: self.dear_e4 > 0 && rate_e4 >= self.dear_e4,
            talked_us: None,
        }
    }
}

/// A workspace that is watched.
struct Watched {
    spread: Spread,
    home: Home,
    habits: Habits,
    /// The day up to which the habits are.
    day: i64,
    zone: String,
    synced_at: i64,
    /// The day, what was counted and of how many countries, as it was kept last.
    kept: Option<(i64, Figures, usize)>,
}

/// The watch of this node.
#[derive(Default)]
pub struct Watch {
    news: Mutex<Vec<News>>,
    bell: Notify,
    /// Held while somebody looks.
    watched: tokio::sync::Mutex<HashMap<WorkspaceId, Watched>>,
    /// Legs that are watched, so that others cost nothing when they end.
    legs: Mutex<std::collections::HashSet<LegRecordId>>,
}

/// An outbound telephone leg that was let in.
#[derive(Debug, Clone, Copy)]
pub struct Leg<'a> {
    /// Its id.
    pub id: LegRecordId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// The country of the number that it is by, ISO 3166-1 alpha-2.
    pub home_country: &'a str,
    /// What a call at home costs.
    pub home_rate: Rate,
    /// Where to.
    pub to: &'a Telephone,
    /// What it costs.
    pub rate: Rate,
}

impl Watch {
    /// A leg begins. Never waits; one at home at an ordinary price costs two comparisons.
    pub fn began(&self, app: &AppState, leg: &Leg<'_>) {
        let rules = &app.config.fraud;
        let dear_e4 = leg.home_rate.per_minute_e4.saturating_mul(i64::from(rules.dear_times));
        let is_abroad = leg.to.country.as_deref() != Some(leg.home_country);
        let is_dear = dear_e4 > 0 && leg.rate.per_minute_e4 >= dear_e4;
        if !rules.enabled || !(is_abroad || is_dear) {
            return;
        }
        let home = Home::of(leg.home_country, leg.home_rate, rules);
        let attempt = home.attempt(leg.id, app.now_us(), leg.to, leg.rate.per_minute_e4);
        let mut news = self.news.lock();
        if news.len() < MOST_WAITING {
            self.legs.lock().insert(leg.id);
            news.push(News::Began(leg.workspace, attempt, home));
            self.bell.notify_one();
        }
    }

    /// A leg is over after so long an answered time, in microseconds.
    pub fn ended(&self, leg: LegRecordId, talked_us: i64) {
        if self.legs.lock().remove(&leg) {
            self.news.lock().push(News::Ended(leg, talked_us));
            self.bell.notify_one();
        }
    }
}

/// Looks until the server stops.
pub async fn run(app: AppState) {
    let hub = Hub::of(&app);
    while !app.stopping.is_cancelled() {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = hub.watch().bell.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let Err(error) = look(&app).await {
            tracing::warn!(%error, "how calls spread could not be looked at");
            tokio::time::sleep(Duration::from_secs(1)).await;
            hub.watch().bell.notify_one();
        }
    }
}

/// Takes in what happened, and freezes the outbound calls of workspaces in which it is unusual.
///
/// # Errors
/// The database failed; what happened is looked at again.
pub async fn look(app: &AppState) -> Result<(), CallError> {
    let watch = Hub::of(app).watch();
    let mut all = watch.watched.lock().await;
    let news = std::mem::take(&mut *watch.news.lock());
    let mut touched = std::collections::BTreeSet::new();
    for one in news {
        match one {
            News::Began(workspace, attempt, home) => {
                let watched = all.entry(workspace).or_insert_with(|| Watched::new(home.clone()));
                watched.home = home;
                watched.spread.note(attempt);
                touched.insert(workspace);
            }
            News::Ended(leg, talked_us) => {
                let of = all.iter_mut().find(|(_, watched)| watched.spread.knows(leg));
                if let Some((workspace, watched)) = of {
                    watched.spread.ended(leg, talked_us);
                    touched.insert(*workspace);
                }
            }
        }
    }
    let now_us = app.now_us();
    let due = all.iter().filter(|(_, watched)| now_us - watched.synced_at >= SYNC_EVERY_US).map(|(id, _)| *id);
    touched.extend(due.collect::<Vec<_>>());
    for workspace in touched {
        let Some(watched) = all.get_mut(&workspace) else { continue };
        watched.catch_up(app, workspace, now_us).await?;
        let is_night = watched.is_night(now_us);
        if let Some(finding) = watched.spread.finding(&watched.habits, &app.config.fraud, is_night) {
            freeze(app, workspace, finding).await?;
            (watched.spread, watched.kept) = (Spread::default(), None);
        }
        if watched.spread.is_empty() {
            all.remove(&workspace);
        }
    }
    let mut legs = watch.legs.lock();
    if all.is_empty() || legs.len() > MOST_WAITING {
        // Those whose call was refused after all, or lost, end for nobody; of the others the database tells.
        legs.clear();
    }
    Ok(())
}

impl Watched {
    fn new(home: Home) -> Self {
        let (spread, habits) = (Spread::default(), Habits::default());
        Self { spread, home, habits, day: i64::MIN, zone: String::new(), synced_at: i64::MIN / 2, kept: None }
    }

    /// Reads what is usual, once a day, and what other nodes placed; keeps what was counted. What was there before the
    /// calls were last let go on counts no more.
    async fn catch_up(&mut self, app: &AppState, workspace: WorkspaceId, now_us: i64) -> Result<(), CallError> {
        let unfrozen_at = match Hub::of(app).directory().workspace(app, workspace).await {
            Ok(facts) => facts.unfrozen_at,
            Err(CallError::WorkspaceClosed) => None,
            Err(error) => return Err(error),
        };
        let since_us = (now_us - WINDOW_US).max(unfrozen_at.unwrap_or(i64::MIN));
        let today = day_of(now_us);
        if now_us - self.synced_at >= SYNC_EVERY_US {
            let mut conn = app.db.acquire().await?;
            if self.day != today {
                self.habits = sql::habits(&mut conn, workspace, today - USUAL_DAYS, today).await?;
                self.zone = wallet::read(&mut conn, workspace).await?.zone;
                self.day = today;
            }
            let legs = sql::recent_legs(&mut conn, workspace, since_us, MOST_KEPT as i64).await?;
            drop(conn);
            for leg in legs.into_iter().rev() {
                let Some(to) = telephone::read(&leg.target, None) else { continue };
                // What is abroad for one number of the workspace is at home for another.
                let number = Hub::of(app).directory().number(app, &leg.local_e164).await?;
                let home = number.map(|own| Home::of(&own.number.country, own.number.outbound_rate, &app.config.fraud));
                let home = home.as_ref().unwrap_or(&self.home);
                self.spread.note(home.attempt(leg.id, leg.started_at, &to, leg.per_minute_e4));
                if let Some(ended_at) = leg.ended_at {
                    self.spread.ended(leg.id, leg.answered_at.map_or(0, |answered_at| ended_at - answered_at));
                }
            }
            self.spread.forget_before(since_us);
            self.keep(app, workspace, today).await?;
            self.synced_at = now_us;
        }
        self.spread.forget_before(since_us);
        Ok(())
    }

    /// Keeps what was counted, where it has grown.
    async fn keep(&mut self, app: &AppState, workspace: WorkspaceId, today: i64) -> Result<(), CallError> {
        let (figures, countries) = (self.spread.figures(), self.spread.countries());
        let counted = (today, figures, countries.len());
        if self.kept.is_some_and(|kept| kept.0 == today && kept.1.max(figures) == kept.1 && kept.2 >= countries.len()) {
            return Ok(());
        }
        let mut tx = app.db.begin_write().await?;
        let days = (today, today - USUAL_DAYS);
        sql::keep(&mut tx, workspace, days, figures, countries.into_iter()).await?;
        tx.commit().await?;
        self.kept = Some(counted);
        Ok(())
    }

    fn is_night(&self, now_us: i64) -> bool {
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        Timestamp::from_microsecond(now_us).is_ok_and(|now| now.to_zoned(zone).hour() < NIGHT_UNTIL_HOUR)
    }
}
