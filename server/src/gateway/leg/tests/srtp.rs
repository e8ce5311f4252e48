//! Legs whose audio is encrypted, with a telephone that has keys.

use core::time::Duration;

use media::{Codec, rtp::Header};
use sip::sdp::{self, Crypto, Media};
use tokio::time::timeout;

use super::support::{PATIENCE, Phone, Talking, Tone, call, engine, is_tone};
use crate::config::SrtpPolicy;
use crate::entropy::Entropy;
use crate::gateway::leg::{CodecPolicy, MediaEnd, MediaEndError, RtpEnd};
use crate::gateway::media::{CallMedia, Guard, Keys, KeysBy, Kind, LegId, MasterKey, Security, Suite};

/// A telephone and the key of what it says.
struct Secret {
    phone: Phone,
    own: MasterKey,
}

impl Secret {
    async fn new(suite: Suite, seed: u64) -> Self {
        Self { phone: Phone::new().await, own: MasterKey::draw(suite, &Entropy::seeded(seed)) }
    }

    /// Its description over this transport; `tag` is that of its line of keys.
    fn sdp(&self, transport: &str, tag: u32) -> String {
        let plain = self.phone.sdp().replace("RTP/AVP", transport);
        format!("{plain}a=crypto:{tag} {} inline:{}\r\n", self.own.suite().name(), self.own.to_base64())
    }

    fn guard(&self, theirs: &MasterKey) -> Guard {
        let mut guard = Guard::default();
        let (send, receive) = (self.own.clone(), theirs.clone());
        guard.set(Security::Keyed(Box::new(Keys { by: KeysBy::Sdes, send, receive, mki_length: 0 })));
        guard
    }

    /// Says a tone, encrypted, until the answer is dropped; `first` is the number of its first packet.
    fn talk(&self, theirs: &MasterKey, frequency_hz: f64, first: u16) -> Talking {
        let (socket, remote, mut guard) = (self.phone.socket.clone(), self.phone.remote, self.guard(theirs));
        let mut samples = Tone::new(frequency_hz, 8_000.0);
        Talking(tokio::spawn(async move {
            let law = Codec::Pcmu.law().unwrap();
            let mut pace = tokio::time::interval(Duration::from_millis(20));
            for sequence in first.. {
                pace.tick().await;
                let timestamp = u32::from(sequence) * 160;
                let header = Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 7 };
                let payload: Vec<u8> = samples.by_ref().take(160).map(|sample| law.encode(sample)).collect();
                let mut secret = Vec::new();
                guard.seal(Kind::Rtp, &[&header.to_bytes()[..], &payload].concat(), |sealed| {
                    secret.extend_from_slice(sealed);
                    true
                });
                socket.send_to(&secret, remote).await.unwrap();
            }
        }))
    }

    /// Listens until 200 ms of what it can decrypt is mostly this tone.
    async fn hear(&self, theirs: &MasterKey, frequency_hz: f64) {
        let (law, mut guard, mut buffer) = (Codec::Pcmu.law().unwrap(), self.guard(theirs), [0; 1_500]);
        timeout(PATIENCE, async {
            loop {
                let mut heard = Vec::new();
                while heard.len() < 1_600 {
                    let (length, _) = self.phone.socket.recv_from(&mut buffer).await.unwrap();
                    let Some(length) = guard.open(Kind::Rtp, &mut buffer, length) else { continue };
                    let packet = media::rtp::Packet::parse(&buffer[..length]).unwrap();
                    heard.extend(packet.payload(&buffer[..length]).iter().map(|byte| law.decode(*byte)));
                }
                if is_tone(&heard, 8_000.0, frequency_hz) {
                    return;
                }
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{frequency_hz} Hz was not heard"));
    }
}

/// The audio of a description of ours.
fn audio(described: &[u8]) -> Media {
    sdp::parse(described).unwrap().audio().unwrap().clone()
}

/// Our key in it, whose line has this tag.
fn ours(described: &[u8], tag: u32) -> MasterKey {
    let cryptos = audio(described).cryptos();
    let crypto: &Crypto = cryptos.iter().find(|crypto| crypto.tag == tag).unwrap();
    MasterKey::from_base64(Suite::named(&crypto.suite).unwrap(), &crypto.keys[0].text).unwrap()
}

/// A leg of a plain telephone that is joined with `other`.
async fn plain_leg(call: &CallMedia, other: &RtpEnd) -> (Phone, RtpEnd) {
    let mut phone = Phone::new().await;
    let mut end = RtpEnd::open(call, LegId(2), CodecPolicy::trunk()).unwrap();
    phone.learn(&end.answer(phone.sdp().as_bytes()).await.unwrap());
    call.join(other.port(), end.port());
    (phone, end)
}

#[tokio::test]
async fn who_offers_keys_is_answered_with_ours_and_both_ways_are_encrypted() {
    for (suite, transport) in
        [(Suite::AesCm80, "RTP/SAVP"), (Suite::AesCm32, "RTP/AVP"), (Suite::AesGcm128, "RTP/SAVPF")]
    {
        let engine = engine();
        let (call, _events) = call(&engine);
        let mut alice = Secret::new(suite, 1).await;
        let mut end = RtpEnd::open(&call, LegId(1), CodecPolicy::trunk()).unwrap();
        let answer = end.answer(alice.sdp(transport, 4).as_bytes()).await.unwrap();
        alice.phone.learn(&answer);
        assert_eq!((audio(&answer).protocol.as_str(), audio(&answer).cryptos().len()), (transport, 1), "{suite:?}");
        let key = ours(&answer, 4);
        assert_ne!(key, alice.own, "{suite:?}");
        let (bob, _bobs) = plain_leg(&call, &end).await;
        let (_alice_talks, _bob_talks) = (alice.talk(&key, 1_000.0, 1), bob.talk(600.0));
        tokio::join!(alice.hear(&key, 600.0), bob.hear(1_000.0));
    }
}

#[tokio::test]
async fn another_key_in_a_re_invite_is_taken_and_ours_stays() {
    let engine = engine();
    let (call, _events) = call(&engine);
    let mut alice = Secret::new(Suite::AesCm80, 1).await;
    let mut end = RtpEnd::open(&call, LegId(1), CodecPolicy::trunk()).unwrap();
    let first = end.answer(alice.sdp("RTP/SAVP", 1).as_bytes()).await.unwrap();
    alice.phone.learn(&first);
    let key = ours(&first, 1);
    let (bob, _bobs) = plain_leg(&call, &end).await;
    let talking = alice.talk(&key, 1_000.0, 1);
    bob.hear(1_000.0).await;
    drop(talking);
    // The same again changes nothing, not even the version.
    assert_eq!(end.answer(alice.sdp("RTP/SAVP", 1).as_bytes()).await.unwrap(), first);
    alice.own = MasterKey::draw(Suite::AesCm80, &Entropy::seeded(2));
    let second = end.answer(alice.sdp("RTP/SAVP", 1).as_bytes()).await.unwrap();
    assert_eq!(ours(&second, 1), key);
    let (alice_talks, bob_talks) = (alice.talk(&key, 440.0, 2_000), bob.talk(600.0));
    tokio::join!(alice.hear(&key, 600.0), bob.hear(440.0));
    // Another suite is another key of ours too.
    alice.own = MasterKey::draw(Suite::AesGcm128, &Entropy::seeded(3));
    let third = end.answer(alice.sdp("RTP/SAVP", 1).as_bytes()).await.unwrap();
    let other = ours(&third, 1);
    assert_eq!((other.suite(), other == key), (Suite::AesGcm128, false));
    drop((alice_talks, bob_talks));
    let (_alice_talks, _bob_talks) = (alice.talk(&other, 800.0, 4_000), bob.talk(700.0));
    tokio::join!(alice.hear(&other, 700.0), bob.hear(800.0));
}

#[tokio::test]
async fn our_offer_has_a_key_for_each_suite_and_the_answer_takes_one() {
    for (policy, transport, tag, suite) in
        [(SrtpPolicy::Preferred, "RTP/AVP", 1, Suite::AesCm80), (SrtpPolicy::Required, "RTP/SAVP", 2, Suite::AesGcm128)]
    {
        let engine = engine();
        let (call, _events) = call(&engine);
        let mut end = RtpEnd::open(&call, LegId(1), CodecPolicy::trunk()).unwrap();
        end.secure(policy);
        let offer = end.offer().await.unwrap();
        let suites: Vec<_> = audio(&offer).cryptos().into_iter().map(|crypto| crypto.suite).collect();
        assert_eq!(
            (audio(&offer).protocol.as_str(), suites),
            (transport, Suite::ALL.map(Suite::name).map(str::to_owned).to_vec())
        );
        let key = ours(&offer, tag);
        assert_eq!(key.suite(), suite);
        let mut alice = Secret::new(suite, 1).await;
        alice.phone.learn(&offer);
        end.apply(alice.sdp(transport, tag).as_bytes()).await.unwrap();
        let (bob, _bobs) = plain_leg(&call, &end).await;
        let (_alice_talks, _bob_talks) = (alice.talk(&key, 1_000.0, 1), bob.talk(600.0));
        tokio::join!(alice.hear(&key, 600.0), bob.hear(1_000.0));
        // A refresh repeats the session, and its answer may be the same again.
        let repeated = end.repeat().await.unwrap();
        assert_eq!(repeated, offer);
        end.apply(alice.sdp(transport, tag).as_bytes()).await.unwrap();
        alice.hear(&key, 600.0).await;
        // A later offer has the agreed key alone.
        assert_eq!(
            (ours(&end.offer().await.unwrap(), tag), audio(&end.offer().await.unwrap()).cryptos().len()),
            (key, 1)
        );
    }
}

#[tokio::test]
async fn the_keys_of_an_offer_that_came_to_nothing_are_not_offered_again() {
    let engine = engine();
    let (call, _events) = call(&engine);
    let mut end = RtpEnd::open(&call, LegId(1), CodecPolicy::trunk()).unwrap();
    end.secure(SrtpPolicy::Required);
    let (first, second) = (end.offer().await.unwrap(), end.offer().await.unwrap());
    assert_ne!(ours(&first, 1), ours(&second, 1));
}

#[tokio::test]
async fn what_a_policy_asks_for_holds_against_offers_and_answers() {
    let engine = engine();
    let (call, _events) = call(&engine);
    let open = |policy| {
        let mut end = RtpEnd::open(&call, LegId(1), CodecPolicy::trunk()).unwrap();
        end.secure(policy);
        end
    };
    let secret = Secret::new(Suite::AesCm80, 1).await;
    let (plain, secured) = (secret.phone.sdp(), secret.sdp("RTP/SAVP", 1));
    let refused = |done: Result<bytes::Bytes, MediaEndError>| matches!(done, Err(MediaEndError::Unsecured));
    assert!(refused(open(SrtpPolicy::Required).answer(plain.as_bytes()).await));
    assert!(refused(open(SrtpPolicy::Off).answer(secured.as_bytes()).await));
    assert!(open(SrtpPolicy::Off).answer(plain.as_bytes()).await.is_ok());
    let mut end = open(SrtpPolicy::Required);
    end.offer().await.unwrap();
    assert!(matches!(end.apply(plain.as_bytes()).await, Err(MediaEndError::Unsecured)));
    // One that does not need it is content with either.
    let mut end = open(SrtpPolicy::Preferred);
    let offer = end.offer().await.unwrap();
    end.apply(plain.as_bytes()).await.unwrap();
    assert!(audio(&end.offer().await.unwrap()).cryptos().is_empty(), "plain RTP is agreed now");
    assert!(!audio(&offer).cryptos().is_empty());
    // Who offers keys unasked in an answer has none of ours.
    let mut end = open(SrtpPolicy::Accepted);
    end.offer().await.unwrap();
    assert!(matches!(end.apply(secured.as_bytes()).await, Err(MediaEndError::Unsecured)));
}

#[tokio::test]
async fn what_is_said_in_clear_on_a_secured_leg_is_not_heard_and_nothing_is_said_in_clear() {
    let engine = engine();
    let (call, _events) = call(&engine);
    let mut alice = Secret::new(Suite::AesCm80, 1).await;
    let mut end = RtpEnd::open(&call, LegId(1), CodecPolicy::trunk()).unwrap();
    let answer = end.answer(alice.sdp("RTP/SAVP", 1).as_bytes()).await.unwrap();
    alice.phone.learn(&answer);
    let key = ours(&answer, 1);
    let (bob, bobs) = plain_leg(&call, &end).await;
    let _in_clear = alice.phone.talk(1_500.0);
    let (_alice_talks, _bob_talks) = (alice.talk(&key, 1_000.0, 1), bob.talk(600.0));
    tokio::join!(alice.hear(&key, 600.0), bob.hear(1_000.0));
    let stats = call.stats(end.port()).await.unwrap();
    assert_eq!((stats.lost_in, stats.refused_in), (0, 0), "packets in clear are no part of the stream");
    drop(bobs);
}
