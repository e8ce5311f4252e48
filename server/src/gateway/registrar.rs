//! Where browsers and devices can be called: the bindings of this node, by SIP user.
//!
//! A token belongs to one browser session: a registration with the same `jti` from another instance is refused, the
//! same instance replaces its own binding. A credential may be several devices'. A binding ends when its connection closes or its
//! token expires; whether a device's credential still holds is asked when it is called. Deliberately absent: other nodes'
//! bindings, which are theirs to know (`edge`); who is here at all is told them ([`Registrar::changes`]).
//!
//! Nothing walks all users: those of a workspace and those of a connection are found by tables of their own.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use parking_lot::Mutex;
use sip::message::{HeaderName, Request};
use sip::registration::{Binding, Bindings, Policy, Refusal};
use sip::ua::{FlowId, Path};
use tokio::sync::Notify;

use sautikit_api::ids::{NumberId, WorkspaceId};

use super::sip::UDP_FLOW;
use crate::calls::registrations::Presence;
use crate::sip_tokens::identity::{Device, Identity, Permissions, user_of};

/// A browser keeps its connection, so refreshing every few minutes is enough; tokens live five.
const MAX_EXPIRES: Duration = Duration::from_secs(300);
/// What phones ask for by themselves. Those behind a NAT keep its mapping open by other means (RFC 5626 §4.4).
pub const DEVICE_MAX_EXPIRES: Duration = Duration::from_secs(3_600);
/// Characters of a device's User-Agent that are kept.
const USER_AGENT_CHARS: usize = 120;

/// What is kept with a binding.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Where the browser or device is reached.
    pub path: Path,
    /// The token's id, or what tells the passwords of a credential apart.
    pub jti: String,
    /// Set for a device.
    pub device: Option<Device>,
    /// What its token or credential allows.
    pub permissions: Permissions,
    /// What it says it is.
    pub user_agent: Option<String>,
    /// Microseconds UTC.
    pub registered_at: i64,
}

/// Who can be called, as it is told.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The name within the workspace.
    pub name: String,
    /// Where it says it is.
    pub contact: String,
    /// Where it is, and what it registered with.
    pub place: Place,
    /// Until when, on the monotonic clock.
    pub expires_at: Duration,
}

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Bindings expire by it.
    pub monotonic: Duration,
    /// Microseconds UTC: what people are told.
    pub wall_us: i64,
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
    tables: Mutex<Tables>,
    /// Rung when somebody has come or gone of whom other nodes are told.
    changed: Notify,
}

/// The bindings, and two ways to them.
#[derive(Default)]
struct Tables {
    users: HashMap<String, User>,
    /// The names of a workspace's users that have bindings.
    of_workspace: HashMap<WorkspaceId, BTreeSet<String>>,
    /// The users with bindings on a connection. A datagram has none that could close.
    on_flow: HashMap<FlowId, BTreeSet<String>>,
    /// Who has come or gone since other nodes were told; none where nobody tells them.
    untold: Option<BTreeSet<(WorkspaceId, String)>>,
}

struct User {
    workspace: WorkspaceId,
    name: String,
    bindings: Bindings<Place>,
}

impl Registrar {
    /// Applies a REGISTER of a proven identity whose token ends after `left`. Gives the Contact values of all its
    /// bindings.
    pub fn register(
        &self,
        Moment { monotonic: now, wall_us }: Moment,
        left: Duration,
        identity: &Identity,
        request: &Request,
        path: Path,
    ) -> Result<Vec<String>, Refused> {
        let mut tables = self.tables.lock();
        let user = identity.user();
        let of_user =
            || User { workspace: identity.workspace, name: identity.name.clone(), bindings: Bindings::default() };
        let bindings = &mut tables.users.entry(user.clone()).or_insert_with(of_user).bindings;
        bindings.expire(now);
        if identity.device.is_some() {
            // What was registered by the password before this one rings no more, and takes no room.
            bindings.drop_where(|binding| binding.path.jti != identity.jti);
        }
        let registered = if identity.device.is_some() || is_own_token(bindings, now, identity, request) {
            let user_agent = request.headers.text(&HeaderName::UserAgent).ok().flatten();
            let place = Place {
                path,
                jti: identity.jti.clone(),
                device: identity.device,
                permissions: identity.permissions.clone(),
                user_agent: user_agent.map(|agent| agent.chars().take(USER_AGENT_CHARS).collect()),
                registered_at: wall_us,
            };
            bindings.apply(now, request, &place, &policy(identity, left)).map_err(Refused::Rule)
        } else {
            Err(Refused::TokenInUse)
        };
        let contacts: Vec<_> = bindings.active(now).iter().map(|binding| binding.contact_value(now)).collect();
        tables.keep_in_step(&user, identity, path.flow);
        self.ring(&tables);
        registered.map(|()| contacts)
    }

    /// From now on who comes and goes is kept until it is told. Whoever is here counts as having come.
    pub fn tell_others(&self) {
        let mut tables = self.tables.lock();
        let here = tables.of_workspace.iter();
        let here = here.flat_map(|(workspace, names)| names.iter().map(|name| (*workspace, name.clone()))).collect();
        tables.untold = Some(here);
        self.ring(&tables);
    }

    /// Who has come or gone since this was last asked, once anybody has.
    pub async fn changes(&self) -> Vec<Presence> {
        loop {
            let untold = self.take_untold();
            if !untold.is_empty() {
                return untold;
            }
            // A ring that came meanwhile is kept for whoever waits next.
            self.changed.notified().await;
        }
    }

    fn take_untold(&self) -> Vec<Presence> {
        let mut tables = self.tables.lock();
        let untold = tables.untold.as_mut().map(std::mem::take).unwrap_or_default();
        untold.into_iter().map(|(workspace, name)| tables.presence(workspace, name)).collect()
    }

    /// Has these told again: they were not written.
    pub fn not_told(&self, changes: Vec<Presence>) {
        let mut tables = self.tables.lock();
        if let Some(untold) = &mut tables.untold {
            untold.extend(changes.into_iter().map(|change| (change.workspace, change.name)));
        }
        self.ring(&tables);
    }

    /// Forgets who has not registered anew in time: of one workspace after the other, so that nobody waits for long.
    pub fn expire(&self, now: Duration) {
        for workspace in self.workspaces() {
            let mut tables = self.tables.lock();
            let names: Vec<String> = tables.of_workspace.get(&workspace).into_iter().flatten().cloned().collect();
            for name in names {
                tables.is_registered(now, &user_of(&name, workspace));
            }
            self.ring(&tables);
        }
    }

    fn ring(&self, tables: &Tables) {
        if tables.untold.as_ref().is_some_and(|untold| !untold.is_empty()) {
            self.changed.notify_one();
        }
    }

    /// Where a SIP user of the workspace can be called now, the preferred first.
    pub fn bindings_of(&self, now: Duration, workspace: WorkspaceId, user: &str) -> Vec<Binding<Place>> {
        let tables = self.tables.lock();
        let user = tables.users.get(user).filter(|user| user.workspace == workspace);
        user.map(|user| user.bindings.active(now).into_iter().cloned().collect()).unwrap_or_default()
    }

    /// Who of a workspace is registered now and rings for the number: every browser, and the number's own devices.
    pub fn users_of(&self, now: Duration, workspace: WorkspaceId, number: NumberId) -> Vec<String> {
        let rings = |binding: &Registered| binding.place.device.is_none_or(|device| device.number == number);
        let names: BTreeSet<_> =
            self.list(now, workspace).into_iter().filter(rings).map(|binding| binding.name).collect();
        names.into_iter().collect()
    }

    /// Bindings that hold now, of all workspaces.
    pub fn count(&self, now: Duration) -> usize {
        self.tables.lock().users.values().map(|user| user.bindings.active(now).len()).sum()
    }

    /// Workspaces of which somebody is or was registered.
    pub fn workspaces(&self) -> Vec<WorkspaceId> {
        self.tables.lock().of_workspace.keys().copied().collect()
    }

    /// Who of a workspace can be called now, by name.
    pub fn list(&self, now: Duration, workspace: WorkspaceId) -> Vec<Registered> {
        let mut tables = self.tables.lock();
        let names: Vec<String> = tables.of_workspace.get(&workspace).into_iter().flatten().cloned().collect();
        let mut registered = Vec::new();
        for name in names {
            let user = user_of(&name, workspace);
            if !tables.is_registered(now, &user) {
                continue;
            }
            let bindings = tables.users.get(&user).map(|user| user.bindings.active(now)).unwrap_or_default();
            registered.extend(bindings.into_iter().map(|binding| Registered {
                name: name.clone(),
                contact: binding.contact.to_string(),
                place: binding.path.clone(),
                expires_at: binding.expires_at,
            }));
        }
        registered
    }

    /// A connection closed: what was reached over it is gone.
    pub fn flow_closed(&self, flow: FlowId) {
        let mut tables = self.tables.lock();
        for user in tables.on_flow.remove(&flow).unwrap_or_default() {
            if let Some(of_user) = tables.users.get_mut(&user) {
                of_user.bindings.drop_where(|binding| binding.path.path.flow == flow);
            }
            tables.forget_if_empty(&user);
        }
        self.ring(&tables);
    }
}

impl Tables {
    /// Whether the name can be called here.
    fn presence(&self, workspace: WorkspaceId, name: String) -> Presence {
        let user = self.users.get(&user_of(&name, workspace));
        let places = user.map(|user| user.bindings.active(Duration::ZERO));
        let number =
            places.as_ref().and_then(|places| places.first()).map(|first| first.path.device.map(|of| of.number));
        Presence { workspace, name, number }
    }

    fn note(&mut self, workspace: WorkspaceId, name: &str) {
        if let Some(untold) = &mut self.untold {
            untold.insert((workspace, name.to_owned()));
        }
    }

    /// Whether the user has a binding now; forgets it when all have expired.
    fn is_registered(&mut self, now: Duration, user: &str) -> bool {
        if let Some(of_user) = self.users.get_mut(user) {
            of_user.bindings.expire(now);
        }
        self.forget_if_empty(user);
        self.users.contains_key(user)
    }

    /// After a REGISTER by `flow`.
    fn keep_in_step(&mut self, user: &str, identity: &Identity, flow: FlowId) {
        if self.forget_if_empty(user) {
            return;
        }
        if self.of_workspace.entry(identity.workspace).or_default().insert(identity.name.clone()) {
            self.note(identity.workspace, &identity.name);
        }
        if flow != UDP_FLOW {
            self.on_flow.entry(flow).or_default().insert(user.to_owned());
        }
    }

    fn forget_if_empty(&mut self, user: &str) -> bool {
        // All that are held are active at the beginning of time, expired or not.
        if self.users.get(user).is_some_and(|user| !user.bindings.active(Duration::ZERO).is_empty()) {
            return false;
        }
        if let Some(gone) = self.users.remove(user)
            && let Some(names) = self.of_workspace.get_mut(&gone.workspace)
        {
            let was_here = names.remove(&gone.name);
            if names.is_empty() {
                self.of_workspace.remove(&gone.workspace);
            }
            if was_here {
                self.note(gone.workspace, &gone.name);
            }
        }
        true
    }
}

/// A browser's binding ends with its token; a device's credential has no end.
fn policy(identity: &Identity, left: Duration) -> Policy {
    match identity.device {
        Some(_) => Policy { max_expires: DEVICE_MAX_EXPIRES, default_expires: DEVICE_MAX_EXPIRES, ..Policy::default() },
        None => Policy { max_expires: MAX_EXPIRES.min(left), ..Policy::default() },
    }
}

/// Whether what is registered with this token is of the instance that registers. Asking what is bound, and removing, need
/// no instance: the identity is proven.
fn is_own_token(bindings: &Bindings<Place>, now: Duration, identity: &Identity, request: &Request) -> bool {
    // What can't be read is refused by the rules.
    let (Ok(contacts), Ok(expires)) = (request.contacts(), request.expires()) else { return true };
    let mut added = contacts.iter().filter(|contact| contact.expires_s().or(expires) != Some(0));
    let active = bindings.active(now);
    let others = |instance: Option<&str>| {
        active
            .iter()
            .filter(|binding| binding.path.jti == identity.jti)
            .any(|binding| binding.instance.is_some() && binding.instance.as_deref() != instance)
    };
    let first = added.clone().find_map(|contact| contact.instance());
    added.all(|contact| !others(contact.instance()) && (contact.instance().is_none() || contact.instance() == first))
}

#[cfg(test)]
mod tests;
