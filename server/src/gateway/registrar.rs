//! Where browsers can be called: the bindings of this node, by SIP user.
//!
//! A token belongs to one browser session: a registration with the same `jti` from another instance is refused, the
//! same instance replaces its own binding. A binding ends when its connection closes or its token expires. Deliberately
//! absent: other nodes' bindings.
//!
//! Nothing walks all users: those of a workspace and those of a connection are found by tables of their own.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use parking_lot::Mutex;
use sip::message::Request;
use sip::registration::{Binding, Bindings, Policy, Refusal};
use sip::ua::{FlowId, Path};

use sautikit_api::ids::WorkspaceId;

use super::sip::UDP_FLOW;
use crate::sip_tokens::identity::{Identity, user_of};

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
    tables: Mutex<Tables>,
}

/// The bindings, and two ways to them.
#[derive(Default)]
struct Tables {
    users: HashMap<String, Bindings<Place>>,
    /// The names of a workspace's users that have bindings.
    of_workspace: HashMap<WorkspaceId, BTreeSet<String>>,
    /// The users with bindings on a connection. A datagram has none that could close.
    on_flow: HashMap<FlowId, BTreeSet<String>>,
}

impl Registrar {
    /// Applies a REGISTER of a proven identity whose token ends after `left`. Gives the Contact values of all its
    /// bindings.
    pub fn register(
        &self,
        now: Duration,
        left: Duration,
        identity: &Identity,
        request: &Request,
        path: Path,
    ) -> Result<Vec<String>, Refused> {
        let mut tables = self.tables.lock();
        let user = identity.user();
        let bindings = tables.users.entry(user.clone()).or_default();
        bindings.expire(now);
        let registered = if is_own_token(bindings, now, identity, request) {
            let place = Place { path, jti: identity.jti.clone() };
            let policy = Policy { max_expires: MAX_EXPIRES.min(left), ..Policy::default() };
            bindings.apply(now, request, &place, &policy).map_err(Refused::Rule)
        } else {
            Err(Refused::TokenInUse)
        };
        let contacts: Vec<_> = bindings.active(now).iter().map(|binding| binding.contact_value(now)).collect();
        tables.keep_in_step(&user, identity, path.flow);
        registered.map(|()| contacts)
    }

    /// Where a SIP user can be called now, the preferred first.
    pub fn bindings_of(&self, now: Duration, user: &str) -> Vec<Binding<Place>> {
        let tables = self.tables.lock();
        tables.users.get(user).map(|bindings| bindings.active(now).into_iter().cloned().collect()).unwrap_or_default()
    }

    /// The users of a workspace that are registered now.
    pub fn users_of(&self, now: Duration, workspace: WorkspaceId) -> Vec<String> {
        let mut tables = self.tables.lock();
        let names: Vec<String> = tables.of_workspace.get(&workspace).into_iter().flatten().cloned().collect();
        names.into_iter().filter(|name| tables.is_registered(now, &user_of(name, workspace))).collect()
    }

    /// A connection closed: what was reached over it is gone.
    pub fn flow_closed(&self, flow: FlowId) {
        let mut tables = self.tables.lock();
        for user in tables.on_flow.remove(&flow).unwrap_or_default() {
            if let Some(bindings) = tables.users.get_mut(&user) {
                bindings.drop_where(|binding| binding.path.path.flow == flow);
            }
            tables.forget_if_empty(&user);
        }
    }
}

impl Tables {
    /// Whether the user has a binding now; forgets it when all have expired.
    fn is_registered(&mut self, now: Duration, user: &str) -> bool {
        if let Some(bindings) = self.users.get_mut(user) {
            bindings.expire(now);
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
        if self.users.get(user).is_some_and(|bindings| !bindings.active(Duration::ZERO).is_empty()) {
            return false;
        }
        self.users.remove(user);
        if let Some((name, workspace)) = Identity::parse_user(user)
            && let Some(names) = self.of_workspace.get_mut(&workspace)
        {
            names.remove(name);
            if names.is_empty() {
                self.of_workspace.remove(&workspace);
            }
        }
        true
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
    const LONG: Duration = Duration::from_secs(300);

    fn identity(name: &str, workspace: u128) -> Identity {
        Identity {
            workspace: WorkspaceId(uuid::Uuid::from_u128(workspace)),
            name: name.to_owned(),
            jti: format!("jti of {name}"),
            expires_at_us: 0,
            minted_by: None,
            permissions: Permissions { outbound: true, inbound: true, from: None, destinations: None },
        }
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
            registrar.register(NOW, LONG, &alice, &request(cseq, contact, expires), path(1))
        };
        assert_eq!(register(1, &contact("a"), Some(120)).unwrap().len(), 1);
        assert_eq!(register(2, "", None).unwrap().len(), 1);
        assert_eq!(register(3, "*", Some(60)), Err(Refused::Rule(Refusal::Malformed)));
        assert_eq!(register(4, "*", Some(0)).unwrap().len(), 0);
        assert_eq!(register(5, "", None).unwrap().len(), 0);
        assert!(registrar.users_of(NOW, alice.workspace).is_empty());
    }

    #[test]
    fn one_request_may_hold_several_contacts_of_one_instance() {
        let (registrar, alice) = (Registrar::default(), identity("alice", 7));
        let register =
            |cseq, contact: &str| registrar.register(NOW, LONG, &alice, &request(cseq, contact, Some(120)), path(1));
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
            registrar.register(NOW, LONG, &alice, &request(cseq, contact, Some(120)), path(flow))
        };
        register(5, &contact("a"), 1).unwrap();
        assert_eq!(register(6, &contact("b"), 2), Err(Refused::TokenInUse));
        assert_eq!(register(5, &contact("a"), 2), Err(Refused::Rule(Refusal::OutOfOrder)));
        assert_eq!(register(4, "*", 2), Err(Refused::Rule(Refusal::Malformed)));
        let again = registrar.register(NOW, LONG, &alice, &request(4, "*", Some(0)), path(2));
        assert_eq!(again, Err(Refused::Rule(Refusal::OutOfOrder)));
        assert_eq!(registrar.bindings_of(NOW, &alice.user())[0].path.path, path(1));
        // On its next connection the instance takes its binding along, and the old one's end leaves it.
        register(6, &contact("a"), 2).unwrap();
        registrar.flow_closed(FlowId(1));
        assert_eq!(registrar.users_of(NOW, alice.workspace), ["alice"]);
    }

    #[test]
    fn a_binding_dies_with_its_token() {
        let (registrar, alice) = (Registrar::default(), identity("alice", 7));
        let left = Duration::from_secs(20);
        for (cseq, expires) in [(1, Some(120)), (2, None)] {
            let contacts = registrar.register(NOW, left, &alice, &request(cseq, &contact("a"), expires), path(1));
            assert!(contacts.unwrap()[0].contains("expires=20"), "{expires:?}");
        }
        assert_eq!(registrar.bindings_of(NOW + Duration::from_secs(19), &alice.user()).len(), 1);
        assert!(registrar.bindings_of(NOW + left, &alice.user()).is_empty());
        assert!(registrar.users_of(NOW + left, alice.workspace).is_empty());
    }

    #[test]
    fn users_are_found_by_workspace_and_connection_and_leave_nothing_behind() {
        let registrar = Registrar::default();
        for (flow, name, workspace) in [(1, "a", 7), (2, "b", 7), (3, "c", 8)] {
            let identity = identity(name, workspace);
            registrar.register(NOW, LONG, &identity, &request(1, &contact(name), Some(120)), path(flow)).unwrap();
        }
        let of = |workspace| registrar.users_of(NOW, WorkspaceId(uuid::Uuid::from_u128(workspace)));
        assert_eq!((of(7), of(8)), (vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]));
        for flow in 1..4 {
            registrar.flow_closed(FlowId(flow));
        }
        assert!(of(7).is_empty() && of(8).is_empty());
        let tables = registrar.tables.lock();
        assert_eq!((tables.users.len(), tables.of_workspace.len(), tables.on_flow.len()), (0, 0, 0));
    }
}
