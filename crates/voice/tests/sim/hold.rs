//! Hold: what the other side hears meanwhile.

use voice::*;

use crate::support::*;

const SILENT: LegEvent = LegEvent::HeldByPeer { is_silent: true };
const SENDING: LegEvent = LegEvent::HeldByPeer { is_silent: false };

#[test]
fn who_is_held_by_a_browser_hears_our_music_until_it_is_back() {
    let mut sim = Sim::running(r#"[{"dial": {"to": "client:agent"}}]"#);
    sim.leg(1, LegEvent::Answered).said();
    for held in [SILENT, SENDING] {
        sim.leg(1, held).expect(&["tone 0 Hold"]);
        sim.leg(1, held).expect(&[]);
        sim.leg(1, LegEvent::Resumed).expect(&["flush 0"]);
    }
    let held: Vec<_> = sim.events.iter().filter(|event| event.name == EventName::LegHeld).collect();
    assert_eq!((held.len(), held[0].leg), (2, Some(LegId(1))));
}

#[test]
fn a_network_that_plays_its_own_music_is_heard_and_one_that_does_not_is_helped_out() {
    let mut sim = Sim::running(r#"[{"dial": {"to": "client:agent"}}]"#);
    sim.leg(1, LegEvent::Answered).said();
    sim.leg(0, SENDING).expect(&[]);
    sim.leg(0, LegEvent::Resumed).expect(&[]);
    sim.leg(0, SILENT).expect(&["tone 1 Hold"]);
    sim.leg(0, LegEvent::Resumed).expect(&["flush 1"]);
}

#[test]
fn music_ends_with_the_connection_that_it_stands_for() {
    let mut sim = Sim::running(r#"[{"dial": {"to": "client:agent"}}, {"say": {"text": "next"}}]"#);
    sim.leg(1, LegEvent::Answered).leg(1, SILENT).said();
    sim.leg(1, LegEvent::Ended(CauseKind::NormalClearing.into()));
    sim.expect(&["flush 0", "split 0 1", "play 0 next"]);
}
