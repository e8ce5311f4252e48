//! How long a call has lasted, as the gateway tells it.

use super::*;

#[test]
fn who_hangs_up_hears_from_the_gateway_how_long_the_call_has_lasted() {
    let mut world = World::new();
    let (session, theirs) = world.call_out();
    let lasting = ua::Lasting::default();
    world.gateway.tell_length(theirs, lasting.clone()).unwrap();
    lasting.begin(world.time());
    world.wait(4_200);
    world.phone.hang_up(world.now, session, 603);
    world.carry();
    let Some(Event::Ended { cause: Cause::HungUp(Some(answer)), .. }) = world.told.pop() else {
        panic!("{:?}", world.told)
    };
    assert_eq!((answer.status(), answer.get(crate::dialog::LENGTH_HEADER)), (Some(200), "5"));
    let end = world.heard.pop();
    let now = world.time();
    assert!(matches!(end, Some(ua::Event::SessionEnded { at, .. }) if at == now), "{end:?}");
}
