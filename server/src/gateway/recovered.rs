//! Calls of a crash, seen from the carrier: each dialog that stood gets its BYE, so that the carrier does not bill on.
//! Nothing is dialled again.

use super::Gateway;
use super::sip::OpenDialog;
use crate::calls::{Recovered, record};

/// Ends the dialogs of calls that were closed without anybody to hang them up: those of an earlier process, of a dead node, or
/// of a task that was lost.
pub async fn end_recovered(gateway: &Gateway, recovered: Vec<Recovered>) {
    let calls: Vec<_> = recovered.iter().map(|call| call.call_id).collect();
    for call in recovered {
        for dialog in call.dialogs {
            match serde_json::from_value::<OpenDialog>(dialog) {
                Ok(dialog) => gateway.sip.bye_recovered(dialog).await,
                Err(error) => tracing::warn!(call = %call.call_id, %error, "a recovered call's dialog can't be read"),
            }
        }
    }
    record::ended(&gateway.app, calls).await;
}
