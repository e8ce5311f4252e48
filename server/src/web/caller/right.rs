//! The right by which an answer goes on that takes minutes: a stream, a listener. What is taken from a credential meanwhile is
//! taken from these too.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use sautikit_api::rights::Scope;

use super::{Authenticator, Caller};
use crate::state::AppState;

/// Between two looks whether anything has changed that a right could rest on.
const LOOK: Duration = Duration::from_secs(1);
/// Of so many one asks again whatever has changed: of time that has run out nobody counts the changes.
const ASK_EVERY: u32 = 10;

/// A caller's right to these scopes, as long as it lasts.
pub struct Right {
    app: AppState,
    /// Those of the request that hold its credential.
    headers: HeaderMap,
    caller: Caller,
    scopes: Vec<Scope>,
}

impl Right {
    /// The right that the request's caller has now.
    pub fn new(app: &AppState, headers: &HeaderMap, caller: Caller, scopes: &[Scope]) -> Self {
        Self { app: app.clone(), headers: credentials_of(headers), caller, scopes: scopes.to_vec() }
    }

    /// Until it is lost: within a second where something was changed, else within ten.
    pub async fn lost(self) {
        let mut changes = self.app.tenant_changes.count();
        // What changed before this is found out as well.
        let mut looks = ASK_EVERY;
        loop {
            tokio::time::sleep(LOOK).await;
            looks += 1;
            let now = self.app.tenant_changes.count();
            if now == changes && looks < ASK_EVERY {
                continue;
            }
            (changes, looks) = (now, 0);
            if !self.holds().await {
                return;
            }
        }
    }

    async fn holds(&self) -> bool {
        let asked = Authenticator::of(&self.app).again(&self.app, &self.headers, &self.caller).await;
        match asked.and_then(|caller| self.scopes.iter().try_for_each(|scope| caller.needs(*scope))) {
            Ok(()) => true,
            // Where nobody can be asked it goes on; the next look may find out.
            Err(error) => error.code.status() >= 500,
        }
    }
}

/// What holds a credential, in memory of its own: a header's value is a piece of the buffer that its connection has read into,
/// and would keep all 8 KiB of it for as long as the answer lasts.
fn credentials_of(headers: &HeaderMap) -> HeaderMap {
    let names = [header::AUTHORIZATION, header::COOKIE];
    let values = names.iter().flat_map(|name| headers.get_all(name).iter().map(move |value| (name, value)));
    // What was a value is one.
    values.filter_map(|(name, value)| Some((name.clone(), HeaderValue::from_bytes(value.as_bytes()).ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn what_is_kept_of_a_request_holds_no_buffer_of_its_connection() {
        let buffer = Bytes::from(vec![b'x'; 8_192]);
        let mut headers = HeaderMap::new();
        for name in [header::AUTHORIZATION, header::COOKIE, header::HOST] {
            headers.append(name, HeaderValue::from_maybe_shared(buffer.slice(..40)).unwrap());
        }
        let kept = credentials_of(&headers);
        drop(headers);
        assert!(buffer.is_unique());
        assert_eq!((kept.len(), kept[header::AUTHORIZATION].len()), (2, 40));
    }
}
