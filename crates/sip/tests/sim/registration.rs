//! Registrations: kept alive, removed, refused.

use core::time::Duration;

use sip::message::{HeaderName, Headers, StatusCode, Uri};
use sip::ua::{Credentials, Event, Failure, FlowId, Input, Register, RegistrationId, Reply};

use crate::world::{World, to};

fn register(world: &mut World) -> RegistrationId {
    let register = Register {
        path: to(1),
        registrar: Uri::parse("sip:example.org").unwrap(),
        address_of_record: "<sip:alice@example.org>".into(),
        contact: None,
        expires: Duration::from_secs(300),
        headers: Headers::new(),
        auth: Some(Credentials::Bearer("token".into())),
    };
    let id = world.agents[0].register(world.now, register);
    world.run(Duration::from_millis(100));
    id
}

/// The registrar answers the last REGISTER.
fn answer(world: &mut World, status: StatusCode, name: HeaderName, value: &'static str) {
    let transaction = world.events[1]
        .iter()
        .rev()
        .find_map(|event| match event {
            Event::IncomingRequest { transaction, .. } => Some(*transaction),
            _ => None,
        })
        .expect("a REGISTER reached the registrar");
    let mut reply = Reply::new(status);
    reply.headers.push(name, value);
    world.agents[1].respond(world.now, transaction, reply).unwrap();
    world.run(Duration::from_millis(100));
}

#[test]
fn binding_is_refreshed_before_it_expires_with_the_same_call_id() {
    let mut world = World::pair();
    register(&mut world);
    answer(&mut world, StatusCode::OK, HeaderName::Expires, "300");
    assert!(matches!(world.events[0][..], [Event::Registered { .. }]));
    world.run(Duration::from_secs(270));
    assert!(world.count(0, "REGISTER") > 1);
    let requests: Vec<_> = world.events[1]
        .iter()
        .filter_map(|event| match event {
            Event::IncomingRequest { request, .. } => Some(request),
            _ => None,
        })
        .collect();
    assert_eq!(requests[0].call_id(), requests[1].call_id());
    assert!(requests[1].cseq().unwrap().number > requests[0].cseq().unwrap().number);
    assert_eq!(requests[0].headers.get(&HeaderName::Authorization), Some(b"Bearer token".as_slice()));
}

#[test]
fn removed_binding_leaves_nothing() {
    let mut world = World::pair();
    let id = register(&mut world);
    answer(&mut world, StatusCode::OK, HeaderName::Expires, "300");
    world.agents[0].unregister(world.now, id).unwrap();
    world.run(Duration::from_millis(100));
    answer(&mut world, StatusCode::OK, HeaderName::Expires, "0");
    assert!(matches!(world.events[0][..], [Event::Registered { .. }, Event::Unregistered { .. }]));
    world.run(Duration::from_secs(600));
    world.assert_empty();
}

#[test]
fn refused_token_ends_the_registration() {
    let mut world = World::pair();
    register(&mut world);
    answer(
        &mut world,
        StatusCode::UNAUTHORIZED,
        HeaderName::WwwAuthenticate,
        "Bearer realm=\"x\", error=\"invalid_token\"",
    );
    assert!(matches!(world.events[0][..], [Event::RegistrationFailed { failure: Failure::Response(_), .. }]));
    assert_eq!(world.count(0, "REGISTER"), 1);
    world.settle();
    world.assert_empty();
}

#[test]
fn closed_flow_ends_the_registration() {
    let mut world = World::pair();
    register(&mut world);
    answer(&mut world, StatusCode::OK, HeaderName::Expires, "300");
    world.agents[0].handle(world.now, Input::FlowClosed(FlowId(1)));
    world.flush();
    assert!(matches!(world.events[0].last(), Some(Event::RegistrationFailed { failure: Failure::FlowClosed, .. })));
    assert_eq!(world.agents[0].load().registrations, 0);
}
