//! `GET /v1/calls/stats`: calls of a span of time, summed by hour or by day.
//!
//! Days are those of the zone that the workspace fixed at onboarding. Sums come from the call rows at the time of asking;
//! deliberately absent: tables of totals that could disagree with them.

use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use sautikit_api::ErrorCode;
use sautikit_api::calls as wire;
use serde::Deserialize;
use utoipa::IntoParams;

use super::http::{Moment, Query, read_moment};
use super::store::stats::{SlotSum, recent_callbacks, sum_by_slot};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::wallet;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult, FailedAs};
use sautikit_api::rights::Scope;

/// Days shown when the request names no start, today included.
const DEFAULT_DAYS: i32 = 14;
/// Most buckets of one answer: a quarter of days, four days of hours.
const MAX_BUCKETS: usize = 96;

/// How long a bucket is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bucket {
    Hour,
    Day,
}

/// Which span is summed, and how finely.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct StatsQuery {
    /// `day` (default) or `hour`.
    #[param(pattern = "^(day|hour)$")]
    bucket: String,
    /// Begin: a day or a moment; 14 days ago when absent.
    #[param(value_type = Option<Moment>)]
    from: String,
    /// End: a day, which counts whole, or a moment; now when absent.
    #[param(value_type = Option<Moment>)]
    to: String,
}

/// Sum up calls
///
/// Calls that started in a span of time, by hour or by day of the workspace's zone; at most 96 of them.
#[utoipa::path(get, path = "/calls/stats",
    params(StatsQuery),
    responses((status = 200, body = wire::CallStats, description = "Sums, the whole span and each part.")),
    extensions(("x-scope" = json!(Scope::CallsRead)),
        ("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable, ErrorCode::CallsStatsFailed]))))]
pub(super) async fn read_call_stats(
    State(app): State<AppState>,
    caller: Caller,
    query: ApiResult<Query<StatsQuery>>,
) -> ApiResult<Json<wire::CallStats>> {
    caller.needs(Scope::CallsRead)?;
    let Query(query) = query?;
    let bucket = match query.bucket.trim() {
        "" | "day" => Bucket::Day,
        "hour" => Bucket::Hour,
        _ => return Err(ApiError::field("bucket", "`bucket` is `hour` or `day`.")),
    };
    let mut conn = app.db.acquire().await?;
    let wallet = wallet::read(&mut conn, caller.workspace.id).await.failed_as(ErrorCode::CallsStatsFailed)?;
    let zone = TimeZone::get(&wallet.zone).map_err(ApiError::internal)?;
    let now_us = app.clock.now_us();
    let to_us = read_moment(query.to.trim(), "to", now_us + 1, true)?;
    let default_from = start_of_day(now_us, &zone, DEFAULT_DAYS - 1).map_err(ApiError::internal)?;
    let from_us = read_moment(query.from.trim(), "from", default_from, false)?;
    let starts = bucket_starts(from_us, to_us, bucket, &zone)
        .map_err(|_| ApiError::field("from", "`from` lies outside the calendar."))?
        .ok_or_else(|| ApiError::field("from", format!("`from` to `to` spans more than {MAX_BUCKETS} buckets.")))?;
    let slots = sum_by_slot(&mut conn, caller.workspace.id, from_us, to_us).await;
    let slots = slots.failed_as(ErrorCode::CallsStatsFailed)?;
    let callbacks = recent_callbacks(&mut conn, caller.workspace.id, from_us, to_us).await;
    let (answered_ms, failed) = callbacks.failed_as(ErrorCode::CallsStatsFailed)?;
    let callbacks = callback_stats(answered_ms, failed);
    Ok(Json(wire::CallStats { callbacks, ..summed(&starts, &slots, wallet.currency.code()) }))
}

/// Midnight in `zone`, `days` before the day of `now_us`.
fn start_of_day(now_us: i64, zone: &TimeZone, days: i32) -> Result<i64, jiff::Error> {
    let today: Date = Timestamp::from_microsecond(now_us)?.to_zoned(zone.clone()).date();
    let day = today.checked_sub(i64::from(days).days())?;
    Ok(day.to_zoned(zone.clone())?.timestamp().as_microsecond())
}

/// The first moment of every bucket that `[from_us, to_us)` touches; `None` when they are too many.
fn bucket_starts(from_us: i64, to_us: i64, bucket: Bucket, zone: &TimeZone) -> Result<Option<Vec<Zoned>>, jiff::Error> {
    let from = Timestamp::from_microsecond(from_us)?.to_zoned(zone.clone());
    let mut start = match bucket {
        Bucket::Day => from.start_of_day()?,
        Bucket::Hour => from.round(jiff::ZonedRound::new().smallest(jiff::Unit::Hour).mode(jiff::RoundMode::Trunc))?,
    };
    let mut starts = Vec::new();
    while start.timestamp().as_microsecond() < to_us {
        if starts.len() == MAX_BUCKETS {
            return Ok(None);
        }
        let next = match bucket {
            Bucket::Day => start.tomorrow()?.start_of_day()?,
            Bucket::Hour => start.checked_add(1.hour())?,
        };
        starts.push(std::mem::replace(&mut start, next));
    }
    Ok(Some(starts))
}

/// Each slot goes into the last bucket that starts before or with it.
fn summed(starts: &[Zoned], slots: &[SlotSum], currency: &str) -> wire::CallStats {
    let empty = |start: &Zoned| wire::CallStatsBucket {
        start: rfc3339(start.timestamp().as_microsecond()),
        date: start.date().to_string(),
        total_calls: 0,
        answered_calls: 0,
        failed_calls: 0,
        total_seconds: 0,
        total_spend_minor: 0,
    };
    let mut buckets: Vec<wire::CallStatsBucket> = starts.iter().map(empty).collect();
    for slot in slots {
        let after = starts.partition_point(|start| start.timestamp().as_microsecond() <= slot.start_us);
        let Some(bucket) = buckets.get_mut(after.saturating_sub(1)) else { continue };
        bucket.total_calls += slot.calls;
        bucket.answered_calls += slot.answered;
        bucket.failed_calls += slot.failed;
        bucket.total_seconds += slot.seconds;
        bucket.total_spend_minor += slot.spend_minor;
    }
    let sum = |of: fn(&wire::CallStatsBucket) -> i64| buckets.iter().map(of).sum::<i64>();
    wire::CallStats {
        total_calls: sum(|bucket| bucket.total_calls),
        answered_calls: sum(|bucket| bucket.answered_calls),
        failed_calls: sum(|bucket| bucket.failed_calls),
        total_minutes: (sum(|bucket| bucket.total_seconds) + 59) / 60,
        total_spend_minor: sum(|bucket| bucket.total_spend_minor),
        currency: currency.to_owned(),
        buckets,
        callbacks: wire::CallbackStats::default(),
    }
}

fn callback_stats(mut answered_ms: Vec<i64>, failed: i64) -> wire::CallbackStats {
    answered_ms.sort_unstable();
    let count = answered_ms.len();
    // The least that 95 of 100 do not exceed.
    let p95_ms = answered_ms.get((count * 95).div_ceil(100).saturating_sub(1)).copied();
    wire::CallbackStats { answered: i64::try_from(count).unwrap_or(i64::MAX), failed, p95_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nairobi() -> TimeZone {
        TimeZone::get("Africa/Nairobi").unwrap()
    }

    fn us(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn a_late_call_belongs_to_the_local_day() {
        // 22:30 UTC on the 20th is half past one on the 21st in Nairobi.
        let (from, to) = (us("2026-11-19T21:00:00Z"), us("2026-11-21T12:00:00Z"));
        let starts = bucket_starts(from, to, Bucket::Day, &nairobi()).unwrap().unwrap();
        let slot = SlotSum {
            start_us: us("2026-11-20T22:30:00Z"),
            calls: 3,
            answered: 1,
            failed: 1,
            seconds: 61,
            spend_minor: 305,
        };
        let stats = summed(&starts, &[slot], "KES");
        let by_day: Vec<_> = stats.buckets.iter().map(|day| (day.date.as_str(), day.total_calls)).collect();
        assert_eq!(by_day, [("2026-11-20", 0), ("2026-11-21", 3)]);
        assert_eq!((stats.answered_calls, stats.failed_calls), (1, 1), "one rings still");
        assert_eq!((stats.total_minutes, stats.total_spend_minor), (2, 305));
    }

    #[test]
    fn a_span_of_too_many_buckets_is_refused() {
        let (from, to) = (us("2026-01-01T00:00:00Z"), us("2026-12-01T00:00:00Z"));
        assert!(bucket_starts(from, to, Bucket::Day, &nairobi()).unwrap().is_none());
    }

    #[test]
    fn ninety_five_of_a_hundred_answers_come_within_the_p95() {
        let stats = callback_stats((1..=100).rev().collect(), 3);
        assert_eq!((stats.answered, stats.failed, stats.p95_ms), (100, 3, Some(95)));
        assert_eq!(callback_stats(vec![7], 0).p95_ms, Some(7));
        assert_eq!(callback_stats(Vec::new(), 0).p95_ms, None);
    }

    #[test]
    fn hours_start_on_the_hour() {
        let starts =
            bucket_starts(us("2026-11-21T09:40:00Z"), us("2026-11-21T11:00:00Z"), Bucket::Hour, &nairobi()).unwrap();
        assert_eq!(starts.unwrap().iter().map(|start| start.hour()).collect::<Vec<_>>(), [12, 13]);
    }
}
