//! Calls that the REST API places: the gateway's side of `calls::CallsGateway`.

use std::sync::Arc;

use sautikit_api::ErrorCode;
use sautikit_api::actions::{Action, parse_list};
use sautikit_api::ids::CallId;
use voice::{LegId, Origin, Target};

use super::Gateway;
use super::begin::{self, BeginError};
use super::call_task::{Inbox, Seat};
use crate::calls::{self, CallsGateway, Direction, OriginateOrder};
use crate::numbers;

/// The handle that the calls room has.
pub(super) struct Originator(pub(super) Arc<Gateway>);

impl CallsGateway for Originator {
    fn originate(&self, order: OriginateOrder) {
        let gateway = self.0.clone();
        let call_id = order.call_id;
        // Known from now on: whoever has its id may hang it up, also before its first INVITE.
        let inbox = Inbox::default();
        gateway.calls.lock().insert(call_id, inbox.handle());
        self.0.app.tasks.spawn(async move {
            let code = match seat(&gateway, order, inbox).await {
                Ok(Some(seat)) => return seat.run().await,
                Ok(None) => ErrorCode::NumbersNotAssigned,
                Err(error) => {
                    tracing::error!(call = %call_id, %error, "an outbound call could not begin");
                    ErrorCode::InternalError
                }
            };
            gateway.calls.lock().remove(&call_id);
            begin::abandon(&gateway, call_id, code).await;
        });
    }

    fn hangup(&self, call_id: CallId) {
        let handle = self.0.calls.lock().get(&call_id).cloned();
        if let Some(handle) = handle {
            handle.hang_up();
        }
    }
}

/// None when the number was released since the order was given.
async fn seat(gateway: &Arc<Gateway>, order: OriginateOrder, inbox: Inbox) -> Result<Option<Seat>, BeginError> {
    let mut conn = gateway.app.db.acquire().await?;
    let Some(number) = numbers::find_active_by_e164(&mut conn, &order.from_e164).await? else { return Ok(None) };
    let Ok(row) = calls::get_call(&mut conn, order.workspace_id, order.call_id).await else { return Ok(None) };
    drop(conn);
    let mut legs = Vec::new();
    let mut to = Vec::new();
    for (index, target) in (0_u32..).zip(&order.targets) {
        let telephone = Target::Telephone(target.e164.clone());
        legs.push((
            LegId(index),
            begin::leg_record(target.leg_id, &telephone, Direction::Outbound, target.rate, row.started_at),
        ));
        to.push(telephone);
    }
    let origin = Origin::Api { to, actions: order.actions.as_ref().and_then(read_actions) };
    Ok(Some(Seat::new(gateway, begin::begin(gateway, row, &number, origin, legs).await?, inbox)))
}

/// The list was validated when the call was placed.
fn read_actions(actions: &serde_json::Value) -> Option<Vec<Action>> {
    parse_list(actions).ok()
}
