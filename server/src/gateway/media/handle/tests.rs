//! Calls on two media threads, over real sockets.

use std::{
    net::{Ipv4Addr, UdpSocket},
    time::Instant,
};

use media::{Codec, Direction, Side, rtp::Header};

use super::*;
use crate::gateway::media::Wishes;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// No step takes this long unless it never happens.
const PATIENCE: Duration = Duration::from_secs(10);
/// Events that a call may leave unread; these tests read none.
const EVENTS: usize = 8;

fn engine() -> MediaHandle {
    MediaHandle::start(&MediaSettings {
        listen: LOOPBACK,
        public_ip: LOOPBACK,
        rtp_ports: None,
        threads: 2,
        entropy: Arc::new(Entropy::seeded(1)),
    })
    .unwrap()
}

/// A telephone of PCMA and its leg.
struct Phone {
    socket: UdpSocket,
    port: Port,
    said: u16,
}

fn phone(call: &CallMedia, leg: u32) -> Phone {
    let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = call.add_rtp(LegId(leg)).unwrap();
    port.set_remote(socket.local_addr().unwrap());
    port.configure(Agreed {
        codec: Codec::Pcma,
        payload_type: 8,
        dtmf: Some((101, 8_000)),
        wishes: Wishes::default(),
        direction: Direction::SendReceive,
    });
    socket.connect(port.rtp().unwrap()).unwrap();
    Phone { socket, port, said: 0 }
}

impl Phone {
    fn say(&mut self, byte: u8) {
        let header = Header {
            marker: false,
            payload_type: 8,
            sequence: self.said,
            timestamp: u32::from(self.said) * 160,
            ssrc: 7,
        };
        self.said += 1;
        self.socket.send(&[&header.to_bytes()[..], &[byte; 160]].concat()).unwrap();
    }

    /// The next packet whose first sample is this one, and its sequence number.
    fn hear(&self, byte: u8) -> u16 {
        let began = origin();
        let mut buffer = [0; 1_500];
        loop {
            let length = self.socket.recv(&mut buffer).unwrap();
            let packet = media::rtp::Packet::parse(&buffer[..length]).unwrap();
            if packet.payload(&buffer[..length]).first() == Some(&byte) {
                return packet.header.sequence;
            }
            assert!(began.elapsed() < PATIENCE, "{byte:#x} was not heard");
        }
    }
}

fn origin() -> Instant {
    engine::origin()
}

fn call(engine: &MediaHandle) -> CallMedia {
    engine.open_call(mpsc::channel(EVENTS).0)
}

/// On which thread a call is.
fn thread(engine: &MediaHandle, call: &CallMedia) -> usize {
    engine.0.links.iter().position(|link| Arc::ptr_eq(link, &call.place.link())).unwrap()
}

#[tokio::test]
async fn a_call_that_moves_to_and_fro_is_heard_without_a_break() {
    let engine = engine();
    let call = call(&engine);
    let (mut alice, bob) = (phone(&call, 1), phone(&call, 2));
    call.join(alice.port.id(), bob.port.id());
    alice.say(0x11);
    let first = bob.hear(0x11);
    for n in 1..=20_u8 {
        call.place.move_to(&engine.0.links[usize::from(n) % 2]);
        // A command in the middle of a move takes its turn.
        call.echo(bob.port.id(), false);
        alice.say(n);
        assert_eq!(bob.hear(n), first.wrapping_add(n.into()));
    }
    assert_eq!(thread(&engine, &call), 0);
    assert_eq!(call.stats(alice.port.id()).await.unwrap().packets_in, 21);
    assert_eq!(engine.gauge(), Gauge { ports: 2, rtp_pairs: 2, dropped: 0 });
}

#[tokio::test]
async fn legs_of_calls_on_two_threads_meet_whichever_asks() {
    for swapped in [false, true] {
        let engine = engine();
        let (here, there) = (call(&engine), call(&engine));
        there.place.move_to(&engine.0.links[1]);
        let (mut alice, mut bob) = (phone(&here, 1), phone(&there, 1));
        if swapped {
            there.join_other(bob.port.id(), &here, alice.port.id());
        } else {
            here.join_other(alice.port.id(), &there, bob.port.id());
        }
        // Answered after the join, because orders about a call keep their order.
        for (call, phone) in [(&here, &alice), (&there, &bob)] {
            call.stats(phone.port.id()).await.unwrap();
        }
        assert_eq!(thread(&engine, &here), usize::from(swapped));
        assert_eq!(thread(&engine, &there), usize::from(swapped));
        alice.say(0x21);
        bob.hear(0x21);
        bob.say(0x22);
        alice.hear(0x22);
    }
}

#[tokio::test]
async fn a_leg_that_ends_on_its_way_leaves_nothing() {
    let engine = engine();
    let call = call(&engine);
    let (alice, bob) = (phone(&call, 1), phone(&call, 2));
    call.place.move_to(&engine.0.links[1]);
    drop(alice);
    call.place.move_to(&engine.0.links[0]);
    let id = bob.port.id();
    drop(bob);
    assert_eq!(call.stats(id).await, None);
    assert_eq!(engine.gauge(), Gauge::default());
}

#[tokio::test]
async fn three_legs_of_two_calls_hear_each_other_in_a_mix() {
    let engine = engine();
    let (here, there) = (call(&engine), call(&engine));
    there.place.move_to(&engine.0.links[1]);
    let mut phones = [phone(&here, 1), phone(&here, 2), phone(&there, 1)];
    there.come_to(&here);
    let mix = engine.open_mix();
    for (call, phone) in [&here, &here, &there].into_iter().zip(&phones) {
        call.mix(phone.port.id(), mix, Voice::Heard);
    }
    // The loudest sample of A-law: two that say it are cut to it, one is heard as it is.
    let loud = 0xaa;
    let began = origin();
    let mut heard = [false; 3];
    while heard != [true; 3] {
        for phone in &mut phones {
            phone.say(loud);
        }
        for (heard, phone) in heard.iter_mut().zip(&phones) {
            phone.hear(loud);
            *heard = true;
        }
        assert!(began.elapsed() < PATIENCE);
    }
}

#[tokio::test]
async fn who_listens_in_hears_both_sides_and_a_second_one_from_when_it_came() {
    let engine = engine();
    let call = call(&engine);
    let (mut alice, mut bob) = (phone(&call, 1), phone(&call, 2));
    call.join(alice.port.id(), bob.port.id());
    let mut tap = call.tap(alice.port.id());
    // Answered after the tap was opened, because orders about a call keep their order.
    call.stats(alice.port.id()).await.unwrap();
    alice.say(0x31);
    bob.hear(0x31);
    bob.say(0x32);
    alice.hear(0x32);
    let (said, heard) = (next(&mut tap, Side::Said).await, next(&mut tap, Side::Heard).await);
    assert_eq!((said.codec, said.payload[0], said.payload.len(), said.missed), (Codec::Pcma, 0x31, 160, 0));
    assert_eq!(heard.payload[0], 0x32);
    assert!(heard.at >= said.at && heard.at < PATIENCE);
    let mut second = call.tap(alice.port.id());
    call.stats(alice.port.id()).await.unwrap();
    drop(tap);
    alice.say(0x33);
    assert_eq!(next(&mut second, Side::Said).await.payload[0], 0x33);
    drop(alice);
    while second.next().await.is_some() {}
}

#[tokio::test]
async fn a_listener_that_stalls_is_told_what_it_missed_and_holds_nothing_up() {
    let engine = engine();
    let call = call(&engine);
    let (mut alice, bob) = (phone(&call, 1), phone(&call, 2));
    call.join(alice.port.id(), bob.port.id());
    let mut tap = call.tap(alice.port.id());
    call.stats(alice.port.id()).await.unwrap();
    let ring = u16::try_from(super::super::tap::RING).unwrap();
    for n in 0..ring + 20 {
        alice.say(n as u8);
        bob.hear(n as u8);
    }
    let mut kept = 0;
    let first = next(&mut tap, Side::Said).await;
    assert_eq!((first.payload[0], first.missed), (0, 0));
    while kept + 1 < ring {
        next_of_any(&mut tap).await;
        kept += 1;
    }
    alice.say(0xee);
    let mut after = next_of_any(&mut tap).await;
    while after.payload[0] != 0xee {
        after = next_of_any(&mut tap).await;
    }
    assert!(after.missed >= 20, "{}", after.missed);
}

async fn next_of_any(tap: &mut Tap) -> crate::gateway::media::TapPacket {
    tokio::time::timeout(PATIENCE, tap.next()).await.expect("nothing was overheard").unwrap()
}

async fn next(tap: &mut Tap, side: Side) -> crate::gateway::media::TapPacket {
    loop {
        let packet = next_of_any(tap).await;
        if packet.side == side {
            return packet;
        }
    }
}

#[tokio::test]
async fn a_thread_that_was_loaded_takes_calls_again_when_it_is_empty() {
    let engine = engine();
    let first = call(&engine);
    let leg = first.add_rtp(LegId(1)).unwrap();
    engine.0.links[0].load.measured(1_000);
    assert_eq!(thread(&engine, &call(&engine)), 1, "the other takes over");
    let id = leg.id();
    drop(leg);
    assert_eq!(first.stats(id).await, None);
    // The thread looks at itself before it sleeps, a moment after it has answered.
    let began = origin();
    while thread(&engine, &call(&engine)) != 0 {
        assert!(began.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn two_thousand_calls_leave_no_port_and_no_place() {
    let engine = engine();
    for _ in 0..2_000 {
        let call = call(&engine);
        let legs = [call.add_rtp(LegId(1)).unwrap(), call.add_rtp(LegId(2)).unwrap()];
        call.join(legs[0].id(), legs[1].id());
        assert!(legs.iter().all(|leg| leg.id().index() < 64), "places are used again");
        let last = legs[1].id();
        drop(legs);
        assert_eq!(call.stats(last).await, None);
    }
    assert_eq!(engine.gauge(), Gauge::default());
}
