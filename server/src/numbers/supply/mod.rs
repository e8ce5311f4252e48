//! Where numbers come from, for operators: providers give series, a series makes numbers, and single numbers are kept for a
//! workspace or withdrawn.

mod error;
pub mod providers;
pub mod series;
pub mod stock;

use sautikit_api::ids::{SeriesId, WorkspaceId};
use sautikit_api::supply::{LineError, SeriesImport};
use serde_json::Value;
use sqlx::AnyConnection;
use thiserror::Error;
use utoipa_axum::router::OpenApiRouter;

use crate::audit::{self, Actor};
use crate::state::AppState;
use crate::web::caller::Operator;

/// Longest contact, trunk or name, in characters: what fits one line of the console.
const LINE_MAX_CHARS: usize = 120;

/// Why nothing was changed.
#[derive(Debug, Error)]
pub enum SupplyError {
    /// No such provider.
    #[error("No provider has this id. List the providers and use one of their ids.")]
    ProviderUnknown,
    /// No such series.
    #[error("No series has this id. List the series and use one of their ids.")]
    SeriesUnknown,
    /// No such number in the inventory.
    #[error("no such number")]
    NumberUnknown,
    /// A member of the body breaks its rule.
    #[error("{message}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// The rule, as a sentence.
        message: String,
    },
    /// The range or the prices of a series break their rule.
    #[error(transparent)]
    Series(#[from] series::SeriesRule),
    /// The series would make a number that is there.
    #[error("{}", collision(.number, .series_id.as_ref()))]
    SuffixCollision {
        /// The first such number, E.164.
        number: String,
        /// The series that made it.
        series_id: Option<SeriesId>,
    },
    /// Lines of a file break rules.
    #[error("the file has mistakes")]
    Lines(Vec<LineError>),
    /// The series was withdrawn for good.
    #[error("the series was retired")]
    SeriesRetired,
    /// Series of the provider are not retired.
    #[error("the provider has {0} series that are not retired")]
    ProviderInUse(i64),
    /// A workspace has the number.
    #[error("a workspace has the number")]
    Assigned,
    /// The number was withdrawn for good.
    #[error("the number was withdrawn")]
    NumberRetired,
    /// The database failed.
    #[error("the supply could not be read or written")]
    Database(#[from] sqlx::Error),
}

/// The operators' routes, relative to `/v1`.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().merge(providers::http::routes()).merge(series::http::routes()).merge(stock::http::routes())
}

/// Loads the series of a file, at the command line.
///
/// # Errors
/// The file has mistakes and is no dry run, or the database failed.
pub async fn import_file(app: &AppState, csv: &str, is_dry_run: bool) -> Result<SeriesImport, SupplyError> {
    series::import::import(app, Doer::command_line(), csv, is_dry_run).await
}

fn collision(number: &str, series_id: Option<&SeriesId>) -> String {
    match series_id {
        Some(series_id) => format!("{number} is in series {series_id} already. Change one of the ranges."),
        None => format!("{number} is in the inventory already. Change the range."),
    }
}

fn invalid(field: &'static str, message: impl Into<String>) -> SupplyError {
    SupplyError::Invalid { field, message: message.into() }
}

/// Who does something to the supply, for the audit log: an operator by the API, or somebody at the command line.
pub(super) struct Doer {
    actor: Actor,
    ip: Option<String>,
}

impl Doer {
    /// At the command line.
    fn command_line() -> Self {
        Self { actor: Actor::Operator(None), ip: None }
    }

    /// Writes what they did to the audit log; of the workspace too, if it is about one.
    async fn note(
        self,
        app: &AppState,
        tx: &mut AnyConnection,
        action_kind: &'static str,
        (workspace_id, subject_id): (Option<WorkspaceId>, Option<String>),
        details: Value,
    ) -> Result<(), sqlx::Error> {
        let entry = audit::Entry { workspace_id, actor: self.actor, action_kind, subject_id, details, ip: self.ip };
        audit::record(app, tx, &entry).await
    }
}

impl From<&Operator> for Doer {
    fn from(operator: &Operator) -> Self {
        Self { actor: Actor::Operator(Some(operator.user_id.to_string())), ip: operator.ip.clone() }
    }
}
