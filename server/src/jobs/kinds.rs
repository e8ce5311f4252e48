//! Which kinds of jobs this server runs.

use std::collections::HashMap;

use futures::future::BoxFuture;

use super::{Job, JobError};
use crate::state::{AppState, Part};

type Run = for<'a> fn(&'a AppState, &'a str) -> BoxFuture<'a, Result<(), JobError>>;

/// How a job of each kind is run, by the kind's name.
#[derive(Default)]
pub struct Kinds(HashMap<&'static str, Run>);

impl Part for Kinds {}

impl Kinds {
    /// With this kind too.
    #[must_use]
    pub fn with<J: Job>(mut self) -> Self {
        self.0.insert(J::KIND, run::<J>);
        self
    }
}

/// Runs a stored job.
pub(super) async fn run_stored(app: &AppState, kind: &str, payload: &str) -> Result<(), JobError> {
    let run = app.part::<Kinds>().0.get(kind).ok_or(JobError::Kind)?;
    run(app, payload).await
}

fn run<'a, J: Job>(app: &'a AppState, payload: &'a str) -> BoxFuture<'a, Result<(), JobError>> {
    Box::pin(async move {
        let job: J = serde_json::from_str(payload)?;
        job.run(app).await.map_err(JobError::Failed)
    })
}
