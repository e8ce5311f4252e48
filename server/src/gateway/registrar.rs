//! Where browsers and devices can be called: the bindings of this node, by SIP user.
//!
//! A token belongs to one browser session: a registration with the same `jti` from another instance is refused, the
//! same instance replaces its own binding. A credential may be several devices'. A binding ends when its connection closes or its
//! token expires; whether a device's credential still holds is asked when it is called. Deliberately absent: other nodes'
//! bindings.
//!
//! Nothing walks all users: those of a workspace and those of a connection are found by tables of their own.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use parking_lot::Mutex;
use sip::message::{HeaderName, Request};
use sip::registration::{Binding, Bindings, Policy, Refusal};
use sip::ua::{FlowId, Path};

use sautikit_api::ids::{NumberId, WorkspaceId};

use super::sip::UDP_FLOW;
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
}

/// The bindings, and two ways to them.
#[derive(Default)]
struct Tables {
    users: HashMap<String, User>,
    /// The names of a workspace's users that have bindings.
    of_workspace: HashMap<WorkspaceId, BTreeSet<String>>,
    /// The users with bindings on a connection. A datagram has none that could close.
    on_flow: HashMap<FlowId, BTreeSet<String>>,
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
        registered.map(|()| contacts)
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
    }
}

impl Tables {
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
        self.of_workspace.entry(identity.workspace).or_default().insert(identity.name.clone());
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
            names.remove(&gone.name);
            if names.is_empty() {
                self.of_workspace.remove(&gone.workspace);
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
mod tests {
    use super::*;
    use crate::sip_tokens::identity::Permissions;
    use sip::message::{HeaderName, Method, Uri};

    const NOW: Duration = Duration::from_secs(100);
    const NUMBER: NumberId = NumberId(uuid::Uuid::from_u128(5));
    const LONG: Duration = Duration::from_secs(300);

    fn identity(name: &str, workspace: u128) -> Identity {
        Identity {
            workspace: WorkspaceId(uuid::Uuid::from_u128(workspace)),
            name: name.to_owned(),
            jti: format!("jti of {name}"),
            expires_at_us: 0,
            minted_by: None,
            device: None,
            permissions: Permissions { outbound: true, inbound: true, from: None, destinations: None },
        }
    }

    fn at(monotonic: Duration) -> Moment {
        Moment { monotonic, wall_us: 7 }
    }

    /// A device of a number, with the credential of that name.
    fn device(name: &str, workspace: u128, number: NumberId) -> Identity {
        let credential = sautikit_api::ids::SipCredentialId(uuid::Uuid::from_u128(9));
        Identity { device: Some(Device { credential, number, srtp: Default::default() }), ..identity(name, workspace) }
    }

    fn path(flow: u64) -> Path {
        Path { flow: FlowId(flow), local: sip::ua::LocalId(1), remote: ([127, 0, 0, 1], 9).into() }
    }

    fn request(cseq: u32, contact: &str, expires: Option<u32>) -> Request {
        let mut request = Request::new(Method::Register, Uri::parse("sip:example.org").unwrap());
        request.headers.push(HeaderName::CallId, "one");
        request.headers.push(HeaderName::CSeq, format!("{cseq} REGISTER"));
        if !contact.is_empty() {
            request.headers.push(HeaderName::Contact, contact.to_owned());
        }
        if let Some(expires) = expires {
            request.headers.push(HeaderName::Expires, expires.to_string());
        }
        request
    }

    fn contact(name: &str) -> String {
        format!("<sip:{name}@one.invalid;transport=ws>;+sip.instance=\"<urn:uuid:{name}>\";reg-id=1")
    }

    #[test]
    fn bindings_are_asked_for_and_removed_without_an_instance() {
        let (registrar, alice) = (Registrar::default(), identity("alice", 7));
        let register = |cseq, contact: &str, expires| {
            registrar.register(at(NOW), LONG, &alice, &request(cseq, contact, expires), path(1))
        };
        assert_eq!(register(1, &contact("a"), Some(120)).unwrap().len(), 1);
        assert_eq!(register(2, "", None).unwrap().len(), 1);
        assert_eq!(register(3, "*", Some(60)), Err(Refused::Rule(Refusal::Malformed)));
        assert_eq!(register(4, "*", Some(0)).unwrap().len(), 0);
        assert_eq!(register(5, "", None).unwrap().len(), 0);
        assert!(registrar.users_of(NOW, alice.workspace, NUMBER).is_empty());
    }

    #[test]
    fn one_request_may_hold_several_contacts_of_one_instance() {
        let (registrar, alice) = (Registrar::default(), identity("alice", 7));
        let register = |cseq, contact: &str| {
            registrar.register(at(NOW), LONG, &alice, &request(cseq, contact, Some(120)), path(1))
        };
        let two = "<sip:a@one.invalid>;+sip.instance=\"<urn:uuid:a>\";reg-id=1, \
                   <sip:a@two.invalid>;+sip.instance=\"<urn:uuid:a>\";reg-id=2, <sip:a@192.0.2.1>";
        assert_eq!(register(1, two).unwrap().len(), 3);
        assert_eq!(
            register(2, "<sip:a@192.0.2.1>;expires=0, <sip:a@192.0.2.2>").map(|all| all.len()),
            Err(Refused::TokenInUse)
        );
        assert_eq!(register(3, "<sip:a@192.0.2.1>;expires=0").unwrap().len(), 2);
        let mixed = format!("{}, {}", contact("a"), contact("b"));
        assert_eq!(register(4, &mixed), Err(Refused::TokenInUse));
    }

    #[test]
    fn a_token_is_one_instances_and_an_older_request_changes_nothing() {
        let (registrar, alice) = (Registrar::default(), identity("alice", 7));
        let register = |cseq, contact: &str, flow| {
            registrar.register(at(NOW), LONG, &alice, &request(cseq, contact, Some(120)), path(flow))
        };
        register(5, &contact("a"), 1).unwrap();
        assert_eq!(register(6, &contact("b"), 2), Err(Refused::TokenInUse));
        assert_eq!(register(5, &contact("a"), 2), Err(Refused::Rule(Refusal::OutOfOrder)));
        assert_eq!(register(4, "*", 2), Err(Refused::Rule(Refusal::Malformed)));
        let again = registrar.register(at(NOW), LONG, &alice, &request(4, "*", Some(0)), path(2));
        assert_eq!(again, Err(Refused::Rule(Refusal::OutOfOrder)));
        assert_eq!(registrar.bindings_of(NOW, alice.workspace, &alice.user())[0].path.path, path(1));
        // On its next connection the instance takes its binding along, and the old one's end leaves it.
        register(6, &contact("a"), 2).unwrap();
        registrar.flow_closed(FlowId(1));
        assert_eq!(registrar.users_of(NOW, alice.workspace, NUMBER), ["alice"]);
    }

    #[test]
    fn a_binding_dies_with_its_token() {
        let (registrar, alice) = (Registrar::default(), identity("alice", 7));
        let left = Duration::from_secs(20);
        for (cseq, expires) in [(1, Some(120)), (2, None)] {
            let contacts = registrar.register(at(NOW), left, &alice, &request(cseq, &contact("a"), expires), path(1));
            assert!(contacts.unwrap()[0].contains("expires=20"), "{expires:?}");
        }
        assert_eq!(registrar.bindings_of(NOW + Duration::from_secs(19), alice.workspace, &alice.user()).len(), 1);
        assert!(registrar.bindings_of(NOW + left, alice.workspace, &alice.user()).is_empty());
        assert!(registrar.users_of(NOW + left, alice.workspace, NUMBER).is_empty());
    }

    #[test]
    fn users_are_found_by_workspace_and_connection_and_leave_nothing_behind() {
        let registrar = Registrar::default();
        for (flow, name, workspace) in [(1, "a", 7), (2, "b", 7), (3, "c", 8)] {
            let identity = identity(name, workspace);
            registrar.register(at(NOW), LONG, &identity, &request(1, &contact(name), Some(120)), path(flow)).unwrap();
        }
        let of = |workspace| registrar.users_of(NOW, WorkspaceId(uuid::Uuid::from_u128(workspace)), NUMBER);
        assert_eq!((of(7), of(8)), (vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]));
        for flow in 1..4 {
            registrar.flow_closed(FlowId(flow));
        }
        assert!(of(7).is_empty() && of(8).is_empty());
        let tables = registrar.tables.lock();
        assert_eq!((tables.users.len(), tables.of_workspace.len(), tables.on_flow.len()), (0, 0, 0));
    }

    #[test]
    fn devices_ring_for_their_own_number_and_several_may_have_one_credential() {
        let registrar = Registrar::default();
        let desk = device("ts_0123abcd", 7, NUMBER);
        assert_eq!(desk.user(), "ts_0123abcd");
        for (cseq, instance) in [(1, "a"), (2, "b")] {
            let request = request(cseq, &contact(instance), Some(3_600));
            let contacts = registrar.register(at(NOW), Duration::MAX, &desk, &request, path(0)).unwrap();
            assert_eq!(contacts.len(), cseq as usize);
            assert!(contacts[0].contains("expires=3600"), "{contacts:?}");
        }
        let other = NumberId(uuid::Uuid::from_u128(6));
        let registered = |number| registrar.users_of(NOW, desk.workspace, number);
        assert_eq!((registered(NUMBER), registered(other)), (vec!["ts_0123abcd".to_owned()], Vec::new()));
        let stranger = WorkspaceId(uuid::Uuid::from_u128(8));
        assert_eq!(registrar.bindings_of(NOW, desk.workspace, &desk.user()).len(), 2);
        assert!(registrar.bindings_of(NOW, stranger, &desk.user()).is_empty());
        let shown = registrar.list(NOW, desk.workspace);
        assert_eq!(shown.len(), 2);
        assert_eq!(shown[0].place.registered_at, 7);
        let later = NOW + Duration::from_secs(3_601);
        assert!(registrar.list(later, desk.workspace).is_empty());
        assert!(registrar.tables.lock().of_workspace.is_empty());
    }
}
