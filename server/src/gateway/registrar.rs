//! Where browsers can be called: the bindings of this node, by SIP user.
//!
//! A token belongs to one browser session: a registration with the same `jti` from another instance is refused, the
//! same instance replaces its own binding. A binding ends when its connection closes. Deliberately absent: other
//! nodes' bindings.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use sip::message::Request;
use sip::registration::{Binding, Bindings, Policy, Refusal};
use sip::ua::{FlowId, Path};

use crate::sip_tokens::identity::Identity;

/// A browser keeps its connection, so refreshing every few minutes is enough; tokens live five.
const MAX_EXPIRES: Duration = Duration::from_secs(300);

/// What is kept with a binding.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The connection that the browser is reached on.
    pub path: Path,
    /// The token's id.
    pub jti: String,
}

/// Why a registration is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// By the rules of RFC 3261 §10.3.
    Rule(Refusal),
    /// Another browser session registered with this token.
    TokenInUse,
}

/// All bindings of this node.
#[derive(Default)]
pub struct Registrar {
    users: Mutex<HashMap<String, Bindings<Place>>>,
}

impl Registrar {
    /// Applies a REGISTER of a proven identity. Gives the Contact values of all its bindings.
    pub fn register(
        &self,
        now: Duration,
        identity: &Identity,
        request: &Request,
        path: Path,
    ) -> Result<Vec<String>, Refused> {
        let mut users = self.users.lock();
        let bindings = users.entry(identity.user()).or_default();
        bindings.expire(now);
        if !is_own_token(bindings, now, identity, request) {
            return Err(Refused::TokenInUse);
        }
        let place = Place { path, jti: identity.jti.clone() };
        let policy = Policy { max_expires: MAX_EXPIRES, ..Policy::default() };
        bindings.apply(now, request, &place, &policy).map_err(Refused::Rule)?;
        let contacts: Vec<_> = bindings.active(now).iter().map(|binding| binding.contact_value(now)).collect();
        if contacts.is_empty() {
            users.remove(&identity.user());
        }
        Ok(contacts)
    }

    /// Where a SIP user can be called now, the preferred first.
    pub fn bindings_of(&self, now: Duration, user: &str) -> Vec<Binding<Place>> {
        let users = self.users.lock();
        users.get(user).map(|bindings| bindings.active(now).into_iter().cloned().collect()).unwrap_or_default()
    }

    /// The users of a workspace that are registered now.
    pub fn users_of(&self, now: Duration, workspace: sautikit_api::ids::WorkspaceId) -> Vec<String> {
        let users = self.users.lock();
        let registered = users.iter().filter(|(_, bindings)| !bindings.active(now).is_empty());
        let names = registered.filter_map(|(user, _)| Identity::parse_user(user));
        names.filter(|(_, of)| *of == workspace).map(|(name, _)| name.to_owned()).collect()
    }

    /// A connection closed: what was reached over it is gone.
    pub fn flow_closed(&self, flow: FlowId) {
        self.users.lock().retain(|_, bindings| {
            bindings.drop_where(|binding| binding.path.path.flow == flow);
            !bindings.active(Duration::ZERO).is_empty()
        });
    }
}

/// Whether every live binding with this token belongs to the instance that registers.
fn is_own_token(bindings: &Bindings<Place>, now: Duration, identity: &Identity, request: &Request) -> bool {
    let instances: Vec<_> = match request.contacts() {
        Ok(contacts) => contacts.iter().map(|contact| contact.instance().map(str::to_owned)).collect(),
        Err(_) => return true, // refused as malformed by the rules
    };
    bindings
        .active(now)
        .iter()
        .filter(|binding| binding.path.jti == identity.jti)
        .all(|binding| binding.instance.is_none() || instances.contains(&binding.instance))
}
