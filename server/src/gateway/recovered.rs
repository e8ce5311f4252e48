//! Calls of a crash, seen from the carrier: each dialog that stood gets its BYE, so that the carrier does not bill on.
//! Nothing is dialled again.

use super::Gateway;
use super::sip::OpenDialog;
use crate::calls::Recovered;

/// Ends the dialogs that an earlier process left open.
pub async fn end_recovered(gateway: &Gateway, recovered: Vec<Recovered>) {
    for call in recovered {
        for dialog in call.dialogs {
            match serde_json::from_value::<OpenDialog>(dialog) {
                Ok(dialog) => gateway.sip.bye_recovered(dialog).await,
                Err(error) => tracing::warn!(call = %call.call_id, %error, "a recovered call's dialog can't be read"),
            }
        }
    }
}
