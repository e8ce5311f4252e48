//! Who is registered where, and what is told of it.

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
    let register =
        |cseq, contact: &str| registrar.register(at(NOW), LONG, &alice, &request(cseq, contact, Some(120)), path(1));
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

#[tokio::test]
async fn others_are_told_who_comes_and_goes_and_of_no_refresh() {
    let registrar = Registrar::default();
    let (alice, desk) = (identity("alice", 7), device("ts_0123abcd", 7, NUMBER));
    let register = |identity: &Identity, cseq, expires, flow| {
        let request = request(cseq, &contact("a"), Some(expires));
        registrar.register(at(NOW), LONG, identity, &request, path(flow)).unwrap();
    };
    register(&alice, 1, 120, 1);
    registrar.tell_others();
    let told = |name: &str, number| Presence { workspace: alice.workspace, name: name.to_owned(), number };
    assert_eq!(registrar.changes().await, [told("alice", Some(None))], "who was here before");
    register(&alice, 2, 120, 1);
    register(&desk, 1, 120, 2);
    assert_eq!(registrar.changes().await, [told("ts_0123abcd", Some(Some(NUMBER)))]);
    registrar.flow_closed(FlowId(1));
    let gone = registrar.changes().await;
    assert_eq!(gone, [told("alice", None)]);
    registrar.not_told(gone);
    registrar.expire(NOW + Duration::from_secs(121));
    assert_eq!(registrar.changes().await, [told("alice", None), told("ts_0123abcd", None)]);
}
