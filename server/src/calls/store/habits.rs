//! SQL of what is usual for a workspace's outbound calls, and of those of the last hour.

use sautikit_api::ids::{LegRecordId, WorkspaceId};
use sqlx::{AnyConnection, Row};

use crate::calls::fraud::spread::{Figures, Habits};
use crate::db::statements;
use crate::row;

statements! {
    BUSIEST = "
        select cast(coalesce(max(destinations_abroad), 0) as bigint) as destinations_abroad,
            cast(coalesce(max(sequential_numbers), 0) as bigint) as sequential_numbers,
            cast(coalesce(max(short_calls), 0) as bigint) as short_calls
        from call_habits
        where workspace_id = $1 and day >= $2 and day < $3";
    COUNTRIES = "
        select country
        from called_countries
        where workspace_id = $1 and first_day < $3 and last_day >= $2";
    KEEP_FIGURES = "
        insert into call_habits (workspace_id, day, destinations_abroad, sequential_numbers, short_calls)
        values ($1, $2, $3, $4, $5)
        on conflict (workspace_id, day) do update
        set destinations_abroad = case when excluded.destinations_abroad > call_habits.destinations_abroad
                then excluded.destinations_abroad else call_habits.destinations_abroad end,
            sequential_numbers = case when excluded.sequential_numbers > call_habits.sequential_numbers
                then excluded.sequential_numbers else call_habits.sequential_numbers end,
            short_calls = case when excluded.short_calls > call_habits.short_calls
                then excluded.short_calls else call_habits.short_calls end";
    /// A country that was not called for 30 days is new again.
    KEEP_COUNTRY = "
        insert into called_countries (workspace_id, country, first_day, last_day)
        values ($1, $2, $3, $3)
        on conflict (workspace_id, country) do update
        set first_day = case when called_countries.last_day < $4 then excluded.first_day else called_countries.first_day end,
            last_day = excluded.last_day";
    FORGET_FIGURES = "
        delete from call_habits
        where workspace_id = $1 and day = $2";
    FORGET_COUNTRIES = "
        delete from called_countries
        where workspace_id = $1 and first_day = $2";
    FORGET_OLD = "
        delete from call_habits
        where workspace_id = $1 and day < $2";
    /// The newest first.
    RECENT_LEGS = "
        select l.id, l.target, c.local_e164, l.rate_per_min_e4, l.started_at, l.answered_at, l.ended_at
        from calls c
        join call_legs l on l.call_id = c.id
        where c.workspace_id = $1 and c.started_at >= $2 and l.kind = 'telephone' and l.direction = 'outbound'
        order by c.started_at desc
        limit $3";
}

/// What was usual on the days from `first` on and before `today`, in days since 1970.
pub(in crate::calls) async fn habits(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    first: i64,
    today: i64,
) -> Result<Habits, sqlx::Error> {
    let id = workspace.to_string();
    let row = sqlx::query(BUSIEST).bind(id.as_str()).bind(first).bind(today).fetch_one(&mut *conn).await?;
    let figure = |name: &str| -> Result<u32, sqlx::Error> {
        Ok(u32::try_from(row.try_get::<i64, _>(name)?).unwrap_or(u32::MAX))
    };
    let busiest = Figures {
        destinations_abroad: figure("destinations_abroad")?,
        sequential_numbers: figure("sequential_numbers")?,
        short_calls: figure("short_calls")?,
    };
    let countries: Vec<String> =
        sqlx::query_scalar(COUNTRIES).bind(id.as_str()).bind(first).bind(today).fetch_all(conn).await?;
    Ok(Habits { countries: countries.into_iter().collect(), busiest })
}

/// Keeps what was counted on a day; countries that were last called before `stale` count as new from that day on.
pub(in crate::calls) async fn keep(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    (day, stale): (i64, i64),
    figures: Figures,
    countries: impl Iterator<Item = &str>,
) -> Result<(), sqlx::Error> {
    let id = workspace.to_string();
    sqlx::query(KEEP_FIGURES)
        .bind(id.as_str())
        .bind(day)
        .bind(i64::from(figures.destinations_abroad))
        .bind(i64::from(figures.sequential_numbers))
        .bind(i64::from(figures.short_calls))
        .execute(&mut *tx)
        .await?;
    for country in countries {
        let query = sqlx::query(KEEP_COUNTRY).bind(id.as_str()).bind(country.to_owned()).bind(day).bind(stale);
        query.execute(&mut *tx).await?;
    }
    sqlx::query(FORGET_OLD).bind(id.as_str()).bind(stale).execute(tx).await.map(drop)
}

/// Forgets what was usual on a day.
pub(in crate::calls) async fn forget_day(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    day: i64,
) -> Result<(), sqlx::Error> {
    for sql in [FORGET_FIGURES, FORGET_COUNTRIES] {
        sqlx::query(sql).bind(workspace.to_string()).bind(day).execute(&mut *tx).await?;
    }
    Ok(())
}

/// An outbound telephone leg of any node.
pub(in crate::calls) struct RecentLeg {
    pub(in crate::calls) id: LegRecordId,
    pub(in crate::calls) target: String,
    /// The number that the call is by.
    pub(in crate::calls) local_e164: String,
    pub(in crate::calls) per_minute_e4: i64,
    pub(in crate::calls) started_at: i64,
    pub(in crate::calls) answered_at: Option<i64>,
    pub(in crate::calls) ended_at: Option<i64>,
}

/// Legs of calls that began after `after_us`, the newest first.
pub(in crate::calls) async fn recent_legs(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    after_us: i64,
    limit: i64,
) -> Result<Vec<RecentLeg>, sqlx::Error> {
    let query = sqlx::query(RECENT_LEGS).bind(workspace.to_string()).bind(after_us).bind(limit);
    let rows = query.fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(RecentLeg {
                id: row::parsed(row, "id")?,
                target: row.try_get("target")?,
                local_e164: row.try_get("local_e164")?,
                per_minute_e4: row.try_get("rate_per_min_e4")?,
                started_at: row.try_get("started_at")?,
                answered_at: row.try_get("answered_at")?,
                ended_at: row.try_get("ended_at")?,
            })
        })
        .collect()
}
