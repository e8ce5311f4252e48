//! Calls of a crash, seen from the carrier: each dialog that stood gets its BYE, so that the carrier does not bill on, each
//! INVITE that rang its CANCEL, and each caller that had no final answer one. Nothing is dialled again.

use futures::future::join_all;
use sautikit_api::ids::CallId;
use sip::ua::Credentials;
use tokio::task::JoinSet;

use super::Gateway;
use super::sip::OpenDialog;
use crate::calls::{Recovered, record};

/// Calls whose dialogs are ended at once: more in one moment would be lost on their way. A silent peer holds one of these places
/// for a minute, and there are few of those.
const MOST_AT_ONCE: usize = 512;

/// The callers among what an earlier process left, who wait for a final answer.
pub(super) fn callers(left: &[Recovered]) -> Vec<OpenDialog> {
    left.iter().flat_map(|call| each_once(call.clone())).filter(OpenDialog::is_caller).collect()
}

/// Ends the dialogs of calls that were closed without anybody to hang them up (those of an earlier process, of a dead node, or of
/// a task that was lost), and waits until every peer has said that it has, or could have: one that is silent takes a minute.
/// What this process dies over or is stopped over the next one does again.
pub(super) async fn end_recovered(gateway: &Gateway, recovered: Vec<Recovered>) {
    let mut ending = JoinSet::new();
    for call in recovered {
        if ending.len() >= MOST_AT_ONCE && !keep_ended(gateway, &mut ending).await {
            return;
        }
        let (call_id, sip) = (call.call_id, gateway.sip.clone());
        let open = each_once(call).into_iter().map(|open| (auth_of(gateway, &open), open)).collect::<Vec<_>>();
        ending.spawn(async move {
            // Callers of this process are answered by their legs, those of an earlier one were before anything was read.
            let open = open.into_iter().filter(|(_, open)| !open.is_caller());
            join_all(open.map(|(auth, open)| sip.end_recovered(open, auth))).await;
            call_id
        });
    }
    while !ending.is_empty() && keep_ended(gateway, &mut ending).await {}
}

/// Waits until another call's dialogs are over, and takes note of it and of all others of which they are by now. False once the
/// server stops.
async fn keep_ended(gateway: &Gateway, ending: &mut JoinSet<CallId>) -> bool {
    let mut next = tokio::select! {
        biased;
        () = gateway.app.stopping.cancelled() => return false,
        next = ending.join_next() => next,
    };
    let mut ended = Vec::new();
    while let Some(call) = next {
        // A task that was lost leaves its call to the next process.
        ended.extend(call);
        next = ending.try_join_next();
    }
    record::ended(&gateway.app, ended).await;
    true
}

/// What a carrier that challenges is answered with.
fn auth_of(gateway: &Gateway, open: &OpenDialog) -> Option<Credentials> {
    gateway.trunks.table().by_source(open.remote).and_then(|entry| entry.trunk.auth.clone())
}

/// What a call has open. Where a dialog is known in two ways the first is the newer one.
fn each_once(call: Recovered) -> Vec<OpenDialog> {
    let mut once: Vec<OpenDialog> = Vec::new();
    for dialog in call.dialogs {
        match serde_json::from_value::<OpenDialog>(dialog) {
            Ok(open) if once.iter().any(|known| known.is_same(&open)) => {}
            Ok(open) => once.push(open),
            Err(error) => tracing::warn!(call = %call.call_id, %error, "a recovered call's dialog can't be read"),
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    fn dialog(call_id: &str, target: &str, remote: &str) -> Value {
        let record = format!(
            "dialog 1\n{call_id}\nours\ntheirs\n<sip:a@x.example>;tag=ours\n<sip:b@x.example>;tag=theirs\n{target}\n3"
        );
        json!({ "remote": remote, "record": record })
    }

    #[test]
    fn a_dialog_that_is_known_in_two_ways_is_ended_once_by_the_first() {
        let invite = json!({ "remote": "192.0.2.1:5060", "record": "INVITE sip:c@x.example SIP/2.0\r\n\r\n" });
        let dialogs = vec![
            dialog("one", "sip:b@192.0.2.2", "192.0.2.2:5060"),
            invite.clone(),
            dialog("two", "sip:b@192.0.2.1", "192.0.2.1:5060"),
            dialog("one", "sip:b@192.0.2.1", "192.0.2.1:5060"),
            invite,
            json!({ "nothing": "of use" }),
        ];
        let once = each_once(Recovered { call_id: CallId(Uuid::from_u128(1)), dialogs });
        let remotes: Vec<_> = once.iter().map(|open| open.remote.to_string()).collect();
        assert_eq!(remotes, ["192.0.2.2:5060", "192.0.2.1:5060", "192.0.2.1:5060"]);
    }
}
