//! Background work: rows that are enqueued in the transaction of what needs them, and run at least once.
//!
//! Every job is safe to run twice. Deliberately absent: results; a job's effect is its own rows.

mod queue;
mod runner;
mod schedule;

use sautikit_api::ids::{JobId, TopUpId};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::state::AppState;
use crate::{clean_up, mail, payments};

pub(crate) use queue::STATEMENTS;
pub use runner::{run_due, run_until_stopped};

/// What there is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Delete what is past its time.
    CleanUp {
        /// Hours since 1970-01-01 UTC.
        hour: i64,
    },
    /// Hand a mail to the relay.
    SendMail {
        /// What it is sealed for, and its `Message-ID`.
        mail_id: Uuid,
        /// The mail. It is wiped when the job is over.
        sealed: String,
    },
    /// Let the development simulator decide a top-up.
    SettleSimulatedTopUp {
        /// The top-up.
        top_up_id: TopUpId,
    },
}

/// Why a job did not succeed; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The stored payload can't be read.
    #[error("the payload is not understood: {0}")]
    Payload(#[from] serde_json::Error),
    /// A payment could not be settled.
    #[error(transparent)]
    Payment(#[from] payments::PaymentError),
    /// A mail could not be delivered.
    #[error(transparent)]
    Mail(#[from] mail::DeliveryError),
    /// The queue itself failed.
    #[error("the job queue failed")]
    Database(#[from] sqlx::Error),
}

impl Job {
    const fn kind(&self) -> &'static str {
        match self {
            Self::CleanUp { .. } => "clean_up",
            Self::SendMail { .. } => queue::SEND_MAIL,
            Self::SettleSimulatedTopUp { .. } => "settle_simulated_top_up",
        }
    }

    /// One live job per subject is enough.
    fn dedupe_key(&self) -> String {
        match self {
            Self::CleanUp { hour } => format!("clean_up:{hour}"),
            Self::SendMail { mail_id, .. } => format!("send_mail:{mail_id}"),
            Self::SettleSimulatedTopUp { top_up_id } => format!("settle_simulated_top_up:{top_up_id}"),
        }
    }

    async fn run(&self, app: &AppState) -> Result<(), JobError> {
        match self {
            Self::CleanUp { hour } => Ok(clean_up::run(app, *hour).await?),
            Self::SendMail { mail_id, sealed } => Ok(mail::deliver(app, *mail_id, sealed).await?),
            Self::SettleSimulatedTopUp { top_up_id } => Ok(payments::simulator::settle(app, *top_up_id).await?),
        }
    }
}

/// Adds a job in the caller's transaction; it becomes due at `due_us`. A job of the same subject is not added twice.
///
/// # Errors
/// The database failed.
pub async fn enqueue(tx: &mut AnyConnection, app: &AppState, job: &Job, due_us: i64) -> Result<(), sqlx::Error> {
    let payload = serde_json::to_string(job).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let id = JobId(app.new_uuid());
    queue::insert(tx, id, job.kind(), &payload, &job.dedupe_key(), due_us, app.now_us()).await
}
