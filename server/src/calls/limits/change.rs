//! Reading and setting what the calls of a workspace may.

use sautikit_api::ids::WorkspaceId;
use serde_json::{Value, json};
use sqlx::AnyConnection;

use super::{Countries, Limits, MOST_CONCURRENT, MOST_PER_SECOND, Set};
use crate::audit::{self, Actor};
use crate::calls::CallError;
use crate::calls::store;
use crate::calls::store::limits as sql;
use crate::config::EVERY_COUNTRY;
use crate::state::AppState;
use crate::telephone;
use crate::wallet::{self, MAX_AMOUNT_MINOR, Wallet};

/// Who sets limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The ceiling.
    Operator,
    /// Beneath it.
    Workspace,
}

impl Side {
    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Workspace => "workspace",
        }
    }

    /// The side of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Operator, Self::Workspace].into_iter().find(|side| side.as_str() == name)
    }

    /// What this side has set.
    pub(in crate::calls) fn of(self, sets: &[(Self, Set)]) -> Set {
        sets.iter().find(|(side, _)| *side == self).map(|(_, set)| set.clone()).unwrap_or_default()
    }
}

/// The limits of a workspace from both sides, and what is used of them.
#[derive(Debug, Clone)]
pub struct Both {
    /// What the operator has set for this workspace.
    pub operator: Set,
    /// What the workspace has set.
    pub own: Set,
    /// What it may at most.
    pub ceiling: Limits,
    /// What is in force.
    pub in_force: Limits,
    /// With what calls may cost in a day, and did.
    pub wallet: Wallet,
    /// Calls that run, on all nodes.
    pub running: i64,
    /// What was found and when, in microseconds UTC, while outbound calls are frozen.
    pub freeze: Option<(Value, i64)>,
}

impl Both {
    /// What calls may cost in a day at most; none without a ceiling.
    pub fn spend_ceiling_minor(&self, app: &AppState) -> Option<i64> {
        let settings_minor = app.config.call_limits.spend_per_day.of(self.wallet.currency);
        self.wallet.spend.ceiling_minor.or(settings_minor)
    }

    /// What calls may cost in a day; none without a limit.
    pub fn spend_in_force_minor(&self, app: &AppState) -> Option<i64> {
        self.wallet.spend.in_force(app.config.call_limits.spend_per_day.of(self.wallet.currency))
    }
}

/// Reads the limits of a workspace.
///
/// # Errors
/// No such workspace, or the database failed.
pub async fn read(app: &AppState, conn: &mut AnyConnection, id: WorkspaceId) -> Result<Both, CallError> {
    let mut wallet = wallet::read(conn, id).await?;
    wallet.spend = wallet.spend.on(app.now_us(), &wallet.zone);
    let standing = sql::standing(conn, id).await?.ok_or(CallError::WorkspaceClosed)?;
    let (operator, own) = (Side::Operator.of(&standing.sets), Side::Workspace.of(&standing.sets));
    let ceiling = Limits::ceiling(&app.config.call_limits, &standing.country, &operator);
    let in_force = ceiling.tightened(&own);
    let running = store::count_open(conn, id).await?;
    let freeze = sql::find_freeze(conn, id).await?;
    let freeze = freeze.map(|(finding, at)| (serde_json::from_str(&finding).unwrap_or_default(), at));
    Ok(Both { operator, own, ceiling, in_force, wallet, running, freeze })
}

/// Sets all limits of one side; what is none is left to the other side. The workspace stays beneath its ceiling.
///
/// # Errors
/// A figure out of range or above the ceiling, no such workspace, or the database failed.
pub async fn set(
    app: &AppState,
    id: WorkspaceId,
    side: Side,
    wanted: (Set, Option<i64>),
    (actor, ip): (Actor, Option<String>),
) -> Result<Both, CallError> {
    let (set, spend_minor) = wanted;
    check_range(&set, spend_minor)?;
    let mut tx = app.db.begin_write().await?;
    // Under the wallet's lock, so that two changes at once are one after the other.
    wallet::lock(&mut tx, id).await?;
    let before = read(app, &mut tx, id).await?;
    if side == Side::Workspace {
        check_ceiling(&before.ceiling, before.spend_ceiling_minor(app), &set, spend_minor)?;
    }
    sql::set_limits(&mut tx, id, side, &set, app.now_us()).await?;
    wallet::set_day_spend(&mut tx, id, side == Side::Operator, spend_minor).await?;
    let after = read(app, &mut tx, id).await?;
    let shown = |both: &Both| match side {
        Side::Operator => audited(&both.operator, both.wallet.spend.ceiling_minor),
        Side::Workspace => audited(&both.own, both.wallet.spend.limit_minor),
    };
    let entry = audit::Entry {
        workspace_id: Some(id),
        actor,
        action_kind: match side {
            Side::Operator => "limits.ceiling_changed",
            Side::Workspace => "limits.changed",
        },
        subject_id: Some(id.to_string()),
        details: json!({ "before": shown(&before), "after": shown(&after) }),
        ip,
    };
    audit::record(app, &mut tx, &entry).await?;
    tx.commit().await?;
    app.tenant_changes.note();
    Ok(after)
}

fn audited(set: &Set, spend_minor: Option<i64>) -> Value {
    json!({ "spend_per_day_minor": spend_minor, "concurrent_calls": set.concurrent_calls,
        "calls_per_second": set.calls_per_second, "countries": set.countries.as_ref().map(Countries::codes),
        "premium": set.premium, "satellite": set.satellite })
}

fn check_range(set: &Set, spend_minor: Option<i64>) -> Result<(), CallError> {
    let is_within = |figure: Option<u32>, most: u32| figure.is_none_or(|figure| (1..=most).contains(&figure));
    if spend_minor.is_some_and(|minor| !(0..=MAX_AMOUNT_MINOR).contains(&minor)) {
        return Err(invalid("spend_per_day_minor", "is 0 or more, in minor units, or null".to_owned()));
    }
    if !is_within(set.concurrent_calls, MOST_CONCURRENT) {
        return Err(invalid("concurrent_calls", format!("is 1 to {MOST_CONCURRENT}, or null")));
    }
    if !is_within(set.calls_per_second, MOST_PER_SECOND) {
        return Err(invalid("calls_per_second", format!("is 1 to {MOST_PER_SECOND}, or null")));
    }
    if let Some(Countries::These(codes)) = &set.countries
        && let Some(code) = codes.iter().find(|code| *code != EVERY_COUNTRY && !telephone::is_country(code))
    {
        let shown: String = code.chars().take(8).collect();
        return Err(invalid("countries", format!("has codes of ISO 3166-1 such as `KE`; `{shown}` is none")));
    }
    Ok(())
}

fn check_ceiling(
    ceiling: &Limits,
    spend_ceiling_minor: Option<i64>,
    set: &Set,
    spend_minor: Option<i64>,
) -> Result<(), CallError> {
    let above =
        |figure: Option<u32>, most: Option<u32>| most.filter(|most| figure.is_some_and(|figure| figure > *most));
    let ask = "the operator allows this workspace no more";
    if let Some(most) = spend_ceiling_minor.filter(|most| spend_minor.is_some_and(|minor| minor > *most)) {
        return Err(invalid("spend_per_day_minor", format!("is at most {most}: {ask}")));
    }
    if let Some(most) = above(set.concurrent_calls, ceiling.concurrent_calls) {
        return Err(invalid("concurrent_calls", format!("is at most {most}: {ask}")));
    }
    if let Some(most) = above(set.calls_per_second, ceiling.calls_per_second) {
        return Err(invalid("calls_per_second", format!("is at most {most}: {ask}")));
    }
    if let (Countries::These(most), Some(wanted)) = (&ceiling.countries, &set.countries) {
        let beyond = match wanted {
            Countries::Every => Some(EVERY_COUNTRY.to_owned()),
            Countries::These(codes) => codes.difference(most).next().cloned(),
        };
        if let Some(code) = beyond {
            let most = ceiling.countries.codes().join(", ");
            return Err(invalid("countries", format!("may have {most}; `{code}` is for the operator to open")));
        }
    }
    for (field, wanted, may) in
        [("premium", set.premium, ceiling.premium), ("satellite", set.satellite, ceiling.satellite)]
    {
        if wanted == Some(true) && !may {
            return Err(invalid(field, "is for the operator to open".to_owned()));
        }
    }
    Ok(())
}

fn invalid(field: &'static str, what: String) -> CallError {
    CallError::Invalid { field, message: format!("`{field}` {what}.") }
}
