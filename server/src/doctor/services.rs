//! The database, the mail relay and the store of recordings.

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;

use super::Finding;
use crate::mail::Mailer;
use crate::state::AppState;
use crate::storage::{Source, StoreError, Stores};

/// A call's record takes two round trips; beyond this set-ups are slow.
const SLOW: Duration = Duration::from_millis(50);
/// What is stored and taken away again.
const PROBE: &[u8] = b"a probe of sautikit doctor";

pub(super) async fn database(app: &AppState) -> Vec<Finding> {
    let began = app.clock.monotonic();
    if let Err(error) = app.db.ping().await {
        let mend = "Check `database.url`, whether the database runs, and whether this host may reach it.";
        return vec![Finding::failure("database", error.to_string(), mend)];
    }
    let took = app.clock.monotonic().saturating_sub(began);
    let answer = format!("answers in {} ms", took.as_millis());
    let mut findings = vec![if took > SLOW {
        Finding::warning("database", answer, "Put it nearer: each call's set-up waits for it.")
    } else {
        Finding::good("database", answer)
    }];
    match app.db.is_migrated().await {
        Ok(true) => {}
        Ok(false) => findings.push(Finding::failure(
            "database",
            "its tables are not those of this release",
            "Run `sautikit migrate`; the embedded database does so at the start.",
        )),
        Err(error) => findings.push(Finding::failure("database", error.to_string(), "Run `sautikit migrate`.")),
    }
    findings
}

pub(super) async fn mail(app: &AppState) -> Vec<Finding> {
    let Mailer::Smtp(relay) = Mailer::of(app) else {
        return vec![Finding::good("mail", "development: mails are shown at /dev/mail")];
    };
    vec![match relay.greets().await {
        Ok(()) => Finding::good("mail", "the relay takes our name and password"),
        Err(refusal) => {
            let mend = "Check `mail.smtp_url`: host, port, user, password, and whether TLS is wanted.";
            Finding::failure("mail", format!("the relay {refusal}"), mend)
        }
    }]
}

/// The probe as something to be stored.
struct Probe;

#[async_trait]
impl Source for Probe {
    fn bytes(&self) -> u64 {
        PROBE.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let at = |bound: u64| usize::try_from(bound).unwrap_or(usize::MAX);
        Ok(PROBE.get(at(range.start)..at(range.end)).unwrap_or_default().to_vec())
    }
}

pub(super) async fn storage(app: &AppState) -> Vec<Finding> {
    let store = Stores::own(app);
    let key = format!("doctor/{}", app.new_uuid());
    let tried = async {
        store.put(&key, &Probe).await?;
        let read = store.read(&key, 0..PROBE.len() as u64).await?;
        store.delete(&key).await?;
        Ok::<_, StoreError>(read == PROBE)
    };
    vec![match tried.await {
        Ok(true) => Finding::good("storage", "a recording can be stored, read and removed"),
        Ok(false) => Finding::failure("storage", "what is read is not what was stored", "Keep recordings elsewhere."),
        Err(error) => {
            let mend = "Check `storage.*`: the folder's rights, or the bucket's name, keys and region.";
            Finding::failure("storage", error.to_string(), mend)
        }
    }]
}
