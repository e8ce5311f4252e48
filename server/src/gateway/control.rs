//! What the rooms have calls do, the gateway's side of `calls::CallsGateway`: place one, end it, give it other actions.

use std::sync::Arc;

use sautikit_api::actions::Document;
use sautikit_api::ids::{CallId, WorkspaceId};
use sautikit_api::recordings::PauseMode;
use voice::{LegId, Origin, Target};

use super::Gateway;
use super::call_task::{Inbox, PendingCall};
use super::overload::Comes;
use super::{begin, recovered};
use crate::calls::{Admitted, CallsGateway, Recovered, SettingUp};

/// The handle that the calls room has.
pub(super) struct CallControl(pub(super) Arc<Gateway>);

impl CallsGateway for CallControl {
    fn originate(&self, call: Admitted, actions: Option<Document>) {
        let call_id = call.record.call().id;
        // Known from now on: whoever has its id may hang it up, also before its first INVITE.
        let inbox = Inbox::default();
        self.0.calls.lock().insert(call_id, inbox.handle());
        let actions = actions.map(|Document { actions, warnings }| {
            inbox.handle().skipped(&warnings);
            actions
        });
        let legs = (0_u32..).zip(&call.targets).map(|(index, target)| (LegId(index), target.leg_id)).collect();
        let to = call.targets.iter().map(|target| Target::Telephone(target.e164.clone())).collect();
        let setup = begin::setup(&self.0.app, call, Origin::Api { to, actions }, legs);
        self.0.app.tasks.spawn(PendingCall::new(&self.0, setup, inbox).run());
    }

    fn hangup(&self, call_id: CallId) -> bool {
        let handle = self.0.calls.lock().get(&call_id).cloned();
        handle.is_some_and(|handle| handle.hang_up())
    }

    fn run_actions(&self, call_id: CallId, actions: Document) -> bool {
        let handle = self.0.calls.lock().get(&call_id).cloned();
        handle.is_some_and(|handle| handle.run_actions(actions))
    }

    fn pause_recording(&self, call_id: CallId, mode: Option<PauseMode>) -> bool {
        let handle = self.0.calls.lock().get(&call_id).cloned();
        handle.is_some_and(|handle| handle.pause_recording(mode))
    }

    fn allow(&self, call_id: CallId) {
        let handle = self.0.calls.lock().get(&call_id).cloned();
        if let Some(handle) = handle {
            handle.allow();
        }
    }

    fn end_recovered(&self, closed: Vec<Recovered>) {
        let gateway = self.0.clone();
        self.0.app.tasks.spawn(async move { recovered::end_recovered(&gateway, closed).await });
    }

    fn set_up(&self, workspace: WorkspaceId) -> Result<Box<dyn SettingUp>, u32> {
        Ok(Box::new(self.0.overload.begin(&self.0.app, Comes::FromWithin, workspace)?))
    }
}
