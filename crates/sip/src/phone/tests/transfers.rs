//! Attended transfer: two calls of ours become one of the others.

use super::*;

#[test]
fn a_call_is_handed_to_whom_another_call_is_with_and_the_gateway_finds_that() {
    let mut world = World::new();
    let (first, _) = world.call_out();
    let (second, theirs) = world.call_out();
    let replaces = world.phone.replaces(second).unwrap();
    let (target, dialog) = replaces.split_once('\n').unwrap();
    let target = [target, "?Replaces=", &dialog.replace(';', "%3B").replace('=', "%3D")].concat();
    assert!(world.phone.refer(world.now, first, &target));
    world.carry();
    let Some(ua::Event::RequestReceived { request, .. }) = world.heard.pop() else { panic!("{:?}", world.heard) };
    let (_, value) = request.headers.refer_to().unwrap().unwrap().uri.headers[0].clone();
    let value = value.replace("%3B", ";").replace("%3D", "=");
    let replaces = crate::message::header::Replaces::parse(value.as_bytes()).unwrap();
    assert_eq!(world.gateway.session_of_dialog(&replaces.call_id, &replaces.to_tag, &replaces.from_tag), Some(theirs));
    let ringing = world.phone.invite(world.now, order("v=0"));
    assert_eq!(world.phone.replaces(ringing), None, "there is nobody yet");
}
