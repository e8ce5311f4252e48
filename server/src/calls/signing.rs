//! What a running call's callbacks are signed with: the secrets of its number as they stand when one is sent. A secret that leaked
//! signs nothing more once it is rotated, however long a call lasts.

use std::sync::Arc;

use parking_lot::Mutex;
use sautikit_api::ids::NumberId;

use super::directory::DirectoryNumber;
use super::gateway::Hub;
use crate::db::Causes;
use crate::state::AppState;
use crate::webhooks::signer::NumberSecrets;

/// The secrets that sign for one call; whoever has a clone knows of the same.
#[derive(Clone)]
pub struct CallSecrets(Arc<Held>);

struct Held {
    number: NumberId,
    e164: Box<str>,
    /// As of how many changes of what tenants have.
    known: Mutex<(u64, NumberSecrets)>,
}

impl CallSecrets {
    /// Those of a number, as it was read.
    pub fn of(number: &DirectoryNumber) -> Self {
        Self(Arc::new(Held {
            number: number.number.id,
            e164: number.number.e164.as_str().into(),
            known: Mutex::new((number.changes, number.signing_secret.clone())),
        }))
    }

    /// As they are now. The database is asked only after something has changed; while it is away, and once the number is another
    /// workspace's, what signed last signs on.
    pub async fn now(&self, app: &AppState) -> NumberSecrets {
        let Held { number, e164, known } = &*self.0;
        {
            let known = known.lock();
            if known.0 == app.tenant_changes.count() {
                return known.1.clone();
            }
        }
        match Hub::of(app).directory().number(app, e164).await {
            Ok(Some(found)) if found.number.id == *number => {
                *known.lock() = (found.changes, found.signing_secret.clone());
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%number, error = %Causes(&error), "a callback is signed as the one before"),
        }
        known.lock().1.clone()
    }
}
