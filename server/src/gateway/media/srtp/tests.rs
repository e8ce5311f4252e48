//! SRTP as it stands on the wire, and what a peer's packets can do to its state.

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn key(suite: Suite, fill: u8) -> MasterKey {
    MasterKey::new(suite, (0..suite.key_length()).map(|at| fill.wrapping_add(at as u8)).collect()).unwrap()
}

fn keyed(send: MasterKey, receive: MasterKey, mki_length: u8) -> Guard {
    let mut guard = Guard::default();
    guard.set(Security::Keyed(Box::new(Keys { by: KeysBy::Sdes, send, receive, mki_length })));
    guard
}

/// The two ends of a leg.
fn pair(suite: Suite) -> (Guard, Guard) {
    let (ours, theirs) = (key(suite, 1), key(suite, 101));
    (keyed(ours.clone(), theirs.clone(), 0), keyed(theirs, ours, 0))
}

fn rtp(sequence: u16, ssrc: u32) -> Vec<u8> {
    let header = media::rtp::Header { marker: false, payload_type: 8, sequence, timestamp: 160, ssrc };
    [&header.to_bytes()[..], &[0xd5; 160]].concat()
}

/// A receiver report without blocks, and a name.
const RTCP: [u8; 20] = [0x80, 201, 0, 1, 0, 0, 0, 7, 0x81, 202, 0, 2, 0, 0, 0, 7, 1, 1, b'x', 0];

fn sealed(guard: &mut Guard, kind: Kind, packet: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    assert!(guard.seal(kind, packet, |sealed| {
        out = sealed.to_vec();
        true
    }));
    out
}

fn opened(guard: &mut Guard, kind: Kind, packet: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = packet.to_vec();
    let length = guard.open(kind, &mut buffer, packet.len())?;
    Some(buffer[..length].to_vec())
}

/// RFC 3711 appendix B.3 has this master key and the session keys that come of it, and no packet; this one and what becomes of
/// it are those that libsrtp checks itself by.
#[test]
fn the_packet_of_the_standards_key_is_the_one_that_others_make() {
    let master = hex("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");
    let master = MasterKey::new(Suite::AesCm80, master).unwrap();
    let plain = hex("800f1234 decafbad cafebabe abababab abababab abababab abababab");
    let secret = hex("800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb");
    let mut sender = keyed(master.clone(), master.clone(), 0);
    assert_eq!(sealed(&mut sender, Kind::Rtp, &plain), secret);
    assert_eq!(opened(&mut keyed(master.clone(), master, 0), Kind::Rtp, &secret), Some(plain));
}

#[test]
fn every_suite_opens_what_it_seals_and_nothing_that_was_changed() {
    for suite in Suite::ALL {
        let (mut ours, mut theirs) = pair(suite);
        let (packet, tag) =
            (rtp(1, 9), if suite == Suite::AesGcm128 { 16 } else { suite.profile().rtp_auth_tag_len() });
        let secret = sealed(&mut ours, Kind::Rtp, &packet);
        assert_eq!((secret.len(), &secret[..12]), (packet.len() + tag, &packet[..12]), "{suite:?}");
        assert_ne!(secret[12..packet.len()], packet[12..], "{suite:?}");
        for at in [0, 1, 3, 8, 12, 100, secret.len() - 1] {
            let mut changed = secret.clone();
            changed[at] ^= 1;
            assert_eq!(opened(&mut theirs, Kind::Rtp, &changed), None, "{suite:?} {at}");
        }
        assert_eq!(opened(&mut theirs, Kind::Rtp, &secret), Some(packet), "{suite:?}");
        assert_eq!(opened(&mut theirs, Kind::Rtp, &secret), None, "{suite:?}: again");
        assert_eq!(opened(&mut ours, Kind::Rtp, &secret), None, "{suite:?}: by the other direction's key");
        let report = sealed(&mut ours, Kind::Rtcp, &RTCP);
        assert_ne!(report[8..20], RTCP[8..20], "{suite:?}");
        assert_eq!(opened(&mut theirs, Kind::Rtcp, &report).as_deref(), Some(&RTCP[..]), "{suite:?}");
        assert_eq!(opened(&mut theirs, Kind::Rtcp, &report), None, "{suite:?}: again");
    }
}

#[test]
fn a_report_that_says_it_is_not_encrypted_needs_its_proof_all_the_same() {
    for suite in Suite::ALL {
        let (mut ours, mut theirs) = pair(suite);
        let mut report = sealed(&mut ours, Kind::Rtcp, &RTCP);
        let at = report.len() - 4 - suite.profile().rtcp_auth_tag_len();
        report[at] &= 0x7f;
        assert_eq!(opened(&mut theirs, Kind::Rtcp, &report), None, "{suite:?}");
        let forged = [&RTCP[..], &[0; 4], &vec![0; suite.profile().rtcp_auth_tag_len().max(16)]].concat();
        assert_eq!(opened(&mut theirs, Kind::Rtcp, &forged), None, "{suite:?}");
    }
}

#[test]
fn sequence_numbers_wrap_and_late_packets_are_taken() {
    let (mut ours, mut theirs) = pair(Suite::AesCm80);
    for turn in 0..3_u32 {
        for sequence in (u16::MAX - 3..=u16::MAX).chain(0..4) {
            let packet = rtp(sequence, 9);
            let secret = sealed(&mut ours, Kind::Rtp, &packet);
            assert_eq!(opened(&mut theirs, Kind::Rtp, &secret), Some(packet), "{turn} {sequence}");
        }
        // Half way round, so that the next end of the numbers is the next one.
        for sequence in (0..u16::MAX - 3).step_by(8_000) {
            let secret = sealed(&mut ours, Kind::Rtp, &rtp(sequence.max(4), 9));
            assert!(opened(&mut theirs, Kind::Rtp, &secret).is_some(), "{turn} {sequence}");
        }
    }
    let late = sealed(&mut ours, Kind::Rtp, &rtp(64_100, 9));
    let newer = sealed(&mut ours, Kind::Rtp, &rtp(64_101, 9));
    assert!(opened(&mut theirs, Kind::Rtp, &newer).is_some() && opened(&mut theirs, Kind::Rtp, &late).is_some());
}

#[test]
fn a_key_that_changes_is_taken_at_once_and_what_was_under_way_is_heard() {
    let (mut ours, mut theirs) = pair(Suite::AesCm80);
    let under_way = sealed(&mut ours, Kind::Rtp, &rtp(10, 9));
    let next = key(Suite::AesCm80, 200);
    let keys = |send: &MasterKey, receive: &MasterKey| {
        Security::Keyed(Box::new(Keys {
            by: KeysBy::Sdes,
            send: send.clone(),
            receive: receive.clone(),
            mki_length: 0,
        }))
    };
    ours.set(keys(&next, &key(Suite::AesCm80, 101)));
    theirs.set(keys(&key(Suite::AesCm80, 101), &next));
    let new = sealed(&mut ours, Kind::Rtp, &rtp(11, 9));
    assert_eq!(opened(&mut theirs, Kind::Rtp, &new), Some(rtp(11, 9)));
    assert_eq!(opened(&mut theirs, Kind::Rtp, &under_way), Some(rtp(10, 9)));
    // The direction whose key stayed has its counts still.
    let theirs_first = sealed(&mut theirs, Kind::Rtp, &rtp(20, 8));
    assert!(opened(&mut ours, Kind::Rtp, &theirs_first).is_some());
    ours.set(keys(&next, &key(Suite::AesCm80, 101)));
    assert_eq!(opened(&mut ours, Kind::Rtp, &theirs_first), None, "it is no new context, which would take it again");
}

#[test]
fn packets_that_name_their_key_are_read() {
    for (suite, length) in [(Suite::AesCm80, 1), (Suite::AesCm32, 4), (Suite::AesGcm128, 2)] {
        let (mut theirs, ours) = pair(suite);
        drop(ours);
        let mut ours = keyed(key(suite, 101), key(suite, 1), length);
        for (kind, packet) in [(Kind::Rtp, rtp(5, 9)), (Kind::Rtcp, RTCP.to_vec())] {
            let mut secret = sealed(&mut theirs, kind, &packet);
            let tag = match kind {
                Kind::Rtp => suite.profile().rtp_auth_tag_len(),
                Kind::Rtcp => suite.profile().rtcp_auth_tag_len(),
            };
            let at = secret.len() - tag;
            drop(secret.splice(at..at, std::iter::repeat_n(1, length.into())));
            assert_eq!(opened(&mut ours, kind, &secret), Some(packet), "{suite:?} {kind:?}");
        }
    }
}

#[test]
fn streams_that_never_prove_true_leave_nothing_behind() {
    let (mut ours, mut theirs) = pair(Suite::AesCm80);
    let first = sealed(&mut ours, Kind::Rtp, &rtp(1, 9));
    assert!(opened(&mut theirs, Kind::Rtp, &first).is_some());
    for ssrc in 100..10_000 {
        assert_eq!(opened(&mut theirs, Kind::Rtp, &rtp(1, ssrc)), None);
    }
    let State::Keyed(keyed) = &theirs.state else { panic!("it has keys") };
    assert_eq!((keyed.receiver.rtp.len(), keyed.receiver.probed <= MOST_PROBED), (1, true));
    let second = sealed(&mut ours, Kind::Rtp, &rtp(2, 9));
    assert!(opened(&mut theirs, Kind::Rtp, &second).is_some());
    // A peer that has proven itself may have many streams, and not more than so many counts.
    for ssrc in 20_000..20_100 {
        let secret = sealed(&mut ours, Kind::Rtp, &rtp(1, ssrc));
        assert!(opened(&mut theirs, Kind::Rtp, &secret).is_some(), "{ssrc}");
        let State::Keyed(keyed) = &theirs.state else { panic!("it has keys") };
        assert!(keyed.receiver.rtp.len() <= MOST_STREAMS);
    }
}

#[test]
fn nothing_passes_while_a_handshake_is_under_way_but_its_datagrams() {
    let (handshakes, mut told) = mpsc::channel(1);
    let mut guard = Guard::default();
    assert!(!guard.takes_handshake(&[22, 254, 253]));
    guard.set(Security::Handshaking(handshakes));
    assert!(guard.takes_handshake(&[22, 254, 253]) && !guard.takes_handshake(&rtp(1, 9)));
    guard.hand_over(&[22, 254, 253]);
    guard.hand_over(&[22, 254, 253]);
    assert_eq!(told.try_recv().unwrap(), &[22, 254, 253][..]);
    assert_eq!((opened(&mut guard, Kind::Rtp, &rtp(1, 9)), guard.secured_by()), (None, None));
    assert!(guard.seal(Kind::Rtp, &rtp(1, 9), |_| panic!("nothing goes out in clear")));
    let suite = Suite::AesCm80;
    let keys = Keys { by: KeysBy::Dtls, send: key(suite, 1), receive: key(suite, 101), mki_length: 0 };
    guard.set(Security::Keyed(Box::new(keys)));
    assert_eq!(guard.secured_by(), Some(SecuredBy::Keys(KeysBy::Dtls, suite)));
    assert!(guard.takes_handshake(&[22]), "the peer's last flight may come again");
}

#[test]
fn keys_are_read_with_padding_and_without_and_in_their_length_only() {
    let drawn = MasterKey::draw(Suite::AesGcm128, &Entropy::seeded(7));
    let text = drawn.to_base64();
    assert!(text.ends_with('='));
    for text in [text.as_str(), text.trim_end_matches('=')] {
        assert_eq!(MasterKey::from_base64(Suite::AesGcm128, text), Some(drawn.clone()));
        assert_eq!(MasterKey::from_base64(Suite::AesCm80, text), None);
    }
    for text in ["", "!", "QUJD"] {
        assert_eq!(MasterKey::from_base64(Suite::AesCm80, text), None, "{text}");
    }
    assert!(!format!("{drawn:?}").contains(&text[..8]));
    assert_ne!(
        MasterKey::draw(Suite::AesCm80, &Entropy::seeded(1)),
        MasterKey::draw(Suite::AesCm80, &Entropy::seeded(2))
    );
}

#[test]
fn no_datagram_makes_a_guard_panic() {
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::default();
    let strategy = (prop::collection::vec(any::<u8>(), 0..200), 0_u8..=8, 0_usize..3);
    let done = runner.run(&strategy, |(mut datagram, mki, suite)| {
        let suite = Suite::ALL[suite];
        if let Some(first) = datagram.first_mut() {
            *first = 0x80 | (*first & 0x3f);
        }
        let mut guard = keyed(key(suite, 1), key(suite, 101), mki);
        for kind in [Kind::Rtp, Kind::Rtcp] {
            prop_assert_eq!(opened(&mut guard, kind, &datagram), None);
        }
        Ok(())
    });
    done.unwrap();
}
