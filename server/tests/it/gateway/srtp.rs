//! Encrypted audio against a peer that brings its own SRTP and DTLS: contexts and handshakes of the library, without any of the
//! server's code around them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use rtc::dtls::config::{ClientAuthType, ConfigBuilder};
use rtc::dtls::crypto::Certificate;
use rtc::dtls::endpoint::{Endpoint, EndpointEvent};
use rtc::dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc::shared::TransportProtocol;
use rtc::srtp::config::{Config, LABEL_EXTRACTOR_DTLS_SRTP};
use rtc::srtp::context::Context;
use rtc::srtp::protection_profile::ProtectionProfile;
use sautikit::calls::trace::SecurityMethod;
use sautikit::config::{SrtpPolicy, Trunk};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sip::message::{HeaderName, Method, Request, StatusCode};
use sip::sdp::{self, Media};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::carrier::{Carrier, Manner};
use super::devices::Device;
use super::support::{FROM, Live, eventually, serve};
use crate::support::{Engine, Server};

const CALLEE: &str = "+254722000042";
const PROFILE: ProtectionProfile = ProtectionProfile::Aes128CmHmacSha1_80;
const SUITE: &str = "AES_CM_128_HMAC_SHA1_80";
/// Key and salt of what the peer says.
const KEY: [u8; 30] = *b"thirty octets of a key's peer!";
/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// One packet's audio.
const FRAME: Duration = Duration::from_millis(20);

/// The media half of a peer: a socket, and what it encrypts and decrypts by.
struct Peer {
    socket: Arc<UdpSocket>,
    at: SocketAddr,
}

fn context(key: &[u8]) -> Context {
    let provider = rtc::crypto::default_provider().expect("a provider");
    let (key, salt) = key.split_at(PROFILE.key_len());
    Context::new(key, salt, PROFILE, None, None, provider.crypto()).expect("a context")
}

impl Peer {
    async fn new() -> Self {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket"));
        let at = socket.local_addr().expect("an address");
        Self { socket, at }
    }

    /// Its description over this transport, with further lines.
    fn describes(&self, transport: &str, lines: &str) -> String {
        let (ip, port) = (self.at.ip(), self.at.port());
        format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} {transport} 8\r\n\
             a=rtpmap:8 PCMA/8000\r\n{lines}"
        )
    }

    /// With its key.
    fn describes_key(&self, transport: &str) -> String {
        self.describes(transport, &format!("a=crypto:1 {SUITE} inline:{}|2^31\r\n", STANDARD.encode(KEY)))
    }

    /// Says a tone, encrypted by `key`, until the task is aborted.
    fn sings(&self, to: SocketAddr, key: &[u8], frequency_hz: f32) -> JoinHandle<()> {
        let (socket, mut context) = (self.socket.clone(), context(key));
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(FRAME);
            for frame in 0_u32.. {
                ticks.tick().await;
                let header = media::rtp::Header {
                    marker: false,
                    payload_type: 8,
                    sequence: u16::try_from(frame).expect("a short song"),
                    timestamp: frame * 160,
                    ssrc: 77,
                };
                let samples = (frame * 160..(frame + 1) * 160).map(|at| {
                    let phase = std::f32::consts::TAU * frequency_hz * at as f32 / 8_000.0;
                    media::g711::Law::A.encode((phase.sin() * 8_000.0) as i16)
                });
                let plain = [&header.to_bytes()[..], &samples.collect::<Vec<_>>()].concat();
                let secret = context.encrypt_rtp(&plain).expect("encrypted");
                socket.send_to(&secret, to).await.expect("sent");
            }
        })
    }

    /// Listens until what it can decrypt by `key` is loud for a while.
    async fn hears(&self, key: &[u8]) {
        let (mut context, mut buffer, mut loud) = (context(key), [0; 1_500], 0);
        let listening = async {
            while loud < 10 {
                let (length, _) = self.socket.recv_from(&mut buffer).await.expect("a datagram");
                let Ok(plain) = context.decrypt_rtp(&buffer[..length]) else { continue };
                let packet = media::rtp::Packet::parse(&plain).expect("RTP");
                let samples = packet.payload(&plain).iter().map(|byte| media::g711::Law::A.decode(*byte));
                loud += usize::from(samples.map(i16::unsigned_abs).max().unwrap_or_default() > 4_000);
            }
        };
        tokio::time::timeout(PATIENCE, listening).await.expect("nothing was heard");
    }
}

fn audio(body: &[u8]) -> Media {
    sdp::parse(body).expect("SDP").audio().expect("audio").clone()
}

/// Our key of this tag, and where we listen.
fn ours(body: &[u8], tag: u32) -> (Vec<u8>, SocketAddr) {
    let audio = audio(body);
    let crypto = audio.cryptos().into_iter().find(|crypto| crypto.tag == tag).expect("a line of keys");
    assert_eq!(crypto.suite, SUITE);
    let key = STANDARD.decode(&crypto.keys[0].text).expect("base64");
    (key, SocketAddr::from((Ipv4Addr::LOCALHOST, audio.port)))
}

/// How the legs of a call that is over were secured, in the order in which they joined.
async fn secured(live: &Live, id: &str) -> Vec<String> {
    let path = format!("/v1/calls/{id}/quality");
    eventually("both legs are noted", async || {
        let quality = live.asha.get(&path).await.expect(200).json;
        let legs = quality["data"].as_array().expect("a list");
        let of = |leg: &Value| leg["media_security"].as_str().expect("a method").to_owned();
        (legs.len() == 2).then(|| legs.iter().map(of).collect())
    })
    .await
}

/// A server behind this carrier, whose trunk has this policy.
async fn behind(carrier: &Carrier, srtp: SrtpPolicy) -> Live {
    let trunk = Trunk { srtp, ..carrier.trunk() };
    Live::of(Server::start(Engine::Sqlite).await.configured(|config| config.trunk.push(trunk))).await
}

/// Has the carrier offer this to [`FROM`], which dials [`CALLEE`] by the same carrier in plain RTP; our answer, the INVITE
/// that went out, and the To of the dialog.
async fn dialled(live: &Live, carrier: &mut Carrier, offer: &str) -> (bytes::Bytes, Request, String) {
    let url = serve(json!([{ "dial": { "to": CALLEE } }])).await;
    live.route(json!({ "voice_callback_url": url })).await;
    let server = live.gateway.sip_address;
    carrier.offers(server, FROM, 1, ("", offer)).await;
    let out = carrier.asked(Method::Invite).await;
    let answer = carrier.told(Method::Invite).await;
    assert_eq!(answer.status, StatusCode::OK);
    let to = answer.headers.text(&HeaderName::To).expect("text").expect("a To").to_owned();
    carrier.send(server, Method::Ack, FROM, &to, 1, "").await;
    (answer.body, out, to)
}

/// RFC 3711 appendix B.3 has this master key; the packet is libsrtp's own. If the peer is wrong, nothing here means anything.
#[test]
fn the_peer_speaks_srtp_as_the_standard_has_it() {
    let hex = |text: &str| -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("text"), 16).expect("hex"))
            .collect()
    };
    let key = hex("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");
    let plain = hex("800f1234 decafbad cafebabe abababab abababab abababab abababab");
    let secret = hex("800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb");
    assert_eq!(context(&key).encrypt_rtp(&plain).expect("encrypted"), secret);
    assert_eq!(context(&key).decrypt_rtp(&secret).expect("decrypted"), plain);
}

#[tokio::test]
async fn a_carrier_that_offers_keys_is_heard_and_hears_and_nobody_else_sees_them() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = behind(&carrier, SrtpPolicy::Accepted).await;
    let peer = Peer::new().await;
    let (answer, out, to) = dialled(&live, &mut carrier, &peer.describes_key("RTP/SAVP")).await;
    assert_eq!(audio(&answer).protocol, "RTP/SAVP");
    assert!(audio(&out.body).cryptos().is_empty(), "we offer plain RTP");
    let (key, at) = ours(&answer, 1);
    let (ours_to_it, its) = (peer.sings(at, &KEY, 440.0), carrier.sings(&out, 700.0));
    let heard = tokio::time::timeout(PATIENCE, carrier.hears_from(0, 1_600)).await.expect("the callee hears nothing");
    assert_eq!(heard.len(), 1_600);
    peer.hears(&key).await;
    ours_to_it.abort();
    its.abort();
    let id = live.newest_call().await["id"].as_str().expect("an id").to_owned();
    let ladder = live.asha.get(&format!("/v1/calls/{id}/sip")).await.expect(200).json.to_string();
    for key in [&key[..], &KEY] {
        assert!(!ladder.contains(&STANDARD.encode(key)), "{ladder}");
    }
    assert!(ladder.contains(SUITE), "what was offered is worth knowing");
    assert_eq!(live.gateway.gateway.media.security().legs(SecurityMethod::Sdes), 1);
    carrier.send(live.gateway.sip_address, Method::Bye, FROM, &to, 2, "").await;
    live.call_that_is(&id, "completed").await;
    assert_eq!(secured(&live, &id).await, ["sdes", "none"]);
}

#[tokio::test]
async fn a_trunk_that_requires_srtp_refuses_an_invite_without_before_anything_is_made_of_the_call() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = behind(&carrier, SrtpPolicy::Required).await;
    let peer = Peer::new().await;
    carrier.offers(live.gateway.sip_address, FROM, 1, ("", &peer.describes("RTP/AVP", ""))).await;
    let refusal = carrier.told(Method::Invite).await;
    assert_eq!(refusal.status, StatusCode::NOT_ACCEPTABLE_HERE);
    let warning = refusal.headers.text(&HeaderName::from_token("Warning")).expect("text").expect("a warning");
    assert!(warning.starts_with("303 "), "{warning}");
    assert_eq!(live.asha.get("/v1/calls").await.expect(200).json, json!([]));
}

#[tokio::test]
async fn a_trunk_that_is_off_takes_the_plain_line_beside_the_encrypted_one() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = behind(&carrier, SrtpPolicy::Off).await;
    let peer = Peer::new().await;
    let plain = format!("m=audio {} RTP/AVP 8\r\n", peer.at.port());
    let both = format!("{}{plain}", peer.describes_key("RTP/SAVP"));
    let (answer, ..) = dialled(&live, &mut carrier, &both).await;
    let lines: Vec<_> =
        sdp::parse(&answer).expect("SDP").media.into_iter().map(|line| (line.protocol, line.port == 0)).collect();
    assert_eq!(lines, [("RTP/SAVP".to_owned(), true), ("RTP/AVP".to_owned(), false)]);
}

#[tokio::test]
async fn a_carrier_is_offered_srtp_and_a_plain_answer_is_content_where_it_is_preferred_only() {
    for (srtp, transport, status) in [
        (SrtpPolicy::Accepted, "RTP/AVP", "completed"),
        (SrtpPolicy::Preferred, "RTP/AVP", "completed"),
        (SrtpPolicy::Required, "RTP/SAVP", "failed"),
    ] {
        let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
        let live = behind(&carrier, srtp).await;
        let id = live.place(json!({ "from": FROM, "to": CALLEE, "max_duration": 1 })).await;
        let line = audio(&carrier.asked(Method::Invite).await.body);
        assert_eq!((line.protocol.as_str(), line.cryptos().is_empty()), (transport, srtp == SrtpPolicy::Accepted));
        let call = live.call_that_is(&id, status).await;
        if srtp == SrtpPolicy::Required {
            assert_eq!(call["hangup_cause"], "media.not_secured");
            assert_eq!(live.end_of_leg(&id).await["cause"], "media.not_secured");
            let bye = carrier.asked(Method::Bye).await;
            assert!(bye.headers.text(&HeaderName::from_token("Warning")).expect("text").is_some());
        }
    }
}

#[tokio::test]
async fn a_carrier_that_takes_our_offer_of_srtp_hears_what_is_encrypted() {
    let peer = Peer::new().await;
    let mut carrier = Carrier::that_answers(Manner::Describing(peer.describes_key("RTP/SAVP"))).await;
    let live = behind(&carrier, SrtpPolicy::Required).await;
    let actions = json!([{ "pause": { "length": 60 } }]);
    let id = live.place(json!({ "from": FROM, "to": CALLEE, "actions": actions })).await;
    let (key, at) = ours(&carrier.asked(Method::Invite).await.body, 1);
    live.call_that_is(&id, "answered").await;
    let singing = peer.sings(at, &KEY, 440.0);
    // Whoever is called and hears nothing hears silence, encrypted.
    let (mut context, mut buffer) = (context(&key), [0; 1_500]);
    let listening = async {
        loop {
            let (length, _) = peer.socket.recv_from(&mut buffer).await.expect("a datagram");
            if context.decrypt_rtp(&buffer[..length]).is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, listening).await.expect("nothing that can be decrypted came");
    singing.abort();
    live.asha.post(&format!("/v1/calls/{id}/hangup"), json!({})).await;
    live.call_that_is(&id, "completed").await;
}

#[tokio::test]
async fn a_devices_policy_is_its_credentials_and_is_changed_there() {
    let live = Live::with_money().await;
    let mut device = Device::of(&live).await;
    let path = format!("/v1/numbers/{}/sip-credentials", live.number_id);
    let credentials = live.asha.get(&path).await.expect(200).json;
    assert_eq!(credentials[0]["srtp"], "accepted");
    let one = format!("{path}/{}", credentials[0]["id"].as_str().expect("an id"));
    live.asha.patch(&one, json!({ "srtp": "sometimes" })).await.expect_error("validation.bad_request");
    assert_eq!(live.asha.patch(&one, json!({ "srtp": "required" })).await.expect(200).json["srtp"], "required");
    // Of calls that it makes at once.
    let answer = device.asks(Method::Invite, CALLEE, &[]).await;
    assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE_HERE, "it offers plain RTP");
    // And of those that reach it since it registered.
    assert_eq!(device.registers("300").await.status, StatusCode::OK);
    live.asha.post("/v1/sandbox/inbound", json!({ "to": FROM, "from": "+254722000077" })).await.expect(202);
    let line = audio(&device.carrier.asked(Method::Invite).await.body);
    assert_eq!((line.protocol.as_str(), line.cryptos().len()), ("RTP/SAVP", 3));
    live.asha.delete(&one).await.expect(204);
    live.asha.patch(&one, json!({ "srtp": "off" })).await.expect_error("numbers.sip_credentials.already_revoked");
}

/// The client of a handshake over the peer's socket; the keys that come of it, ours last.
async fn handshake(peer: &Peer, certificate: Certificate, to: SocketAddr) -> (Vec<u8>, Vec<u8>) {
    let provider = rtc::crypto::default_provider().expect("a provider");
    let config = ConfigBuilder::default()
        .with_crypto_provider(provider)
        .with_certificates(vec![certificate])
        .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80])
        .with_client_auth(ClientAuthType::RequireAnyClientCert)
        .with_insecure_skip_verify(true)
        .build(true, None)
        .expect("a configuration");
    #[expect(clippy::disallowed_methods, reason = "the handshake's own clock")]
    let origin = Instant::now();
    let mut endpoint = Endpoint::new(peer.at, TransportProtocol::UDP, None);
    endpoint.connect(origin, to, Arc::new(config), None).expect("a handshake");
    let mut buffer = [0; 2_048];
    loop {
        while let Some(out) = endpoint.poll_transmit() {
            peer.socket.send_to(&out.message, to).await.expect("sent");
        }
        let received = tokio::time::timeout(PATIENCE, peer.socket.recv_from(&mut buffer)).await.expect("an answer");
        let (length, _) = received.expect("a datagram");
        if !matches!(buffer[0], 20..=63) {
            continue;
        }
        let events = endpoint.read(origin + origin.elapsed(), to, None, BytesMut::from(&buffer[..length]));
        let events = events.expect("a handshake that goes well");
        if events.iter().any(|event| matches!(event, EndpointEvent::HandshakeComplete)) {
            break;
        }
    }
    while let Some(out) = endpoint.poll_transmit() {
        peer.socket.send_to(&out.message, to).await.expect("sent");
    }
    let state = endpoint.get_connection_state(to).expect("a connection");
    let mut config = Config { profile: PROFILE, ..Config::default() };
    let length = config.keying_material_len();
    let material = state.export_keying_material(LABEL_EXTRACTOR_DTLS_SRTP, &[], length).expect("keys");
    config.set_session_keys_from_keying_material(material.as_ref(), true).expect("keys");
    let keys = config.keys;
    (
        [keys.local_master_key, keys.local_master_salt].concat(),
        [keys.remote_master_key, keys.remote_master_salt].concat(),
    )
}

fn certificate() -> (Certificate, String) {
    let provider = rtc::crypto::default_provider().expect("a provider");
    let made = Certificate::generate_self_signed(vec!["peer".to_owned()], provider.crypto()).expect("a certificate");
    let digest = Sha256::digest(made.certificate.first().expect("a certificate"));
    let fingerprint: Vec<_> = digest.iter().map(|octet| format!("{octet:02X}")).collect();
    (made, format!("a=fingerprint:sha-256 {}\r\n", fingerprint.join(":")))
}

#[tokio::test]
async fn a_carrier_that_offers_dtls_shakes_hands_beside_the_media_and_is_heard() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = behind(&carrier, SrtpPolicy::Accepted).await;
    let peer = Peer::new().await;
    let (certificate, fingerprint) = certificate();
    let lines = format!("{fingerprint}a=setup:actpass\r\na=rtcp-mux\r\n");
    let offer = peer.describes("UDP/TLS/RTP/SAVP", &lines);
    let (answer, out, to) = dialled(&live, &mut carrier, &offer).await;
    let line = audio(&answer);
    assert_eq!((line.protocol.as_str(), line.attributes.get("setup")), ("UDP/TLS/RTP/SAVP", Some("passive")));
    assert!(line.rtcp_mux() && line.attributes.contains("fingerprint"));
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, line.port));
    let (own, theirs) = handshake(&peer, certificate, at).await;
    let (singing, answering) = (peer.sings(at, &own, 440.0), carrier.sings(&out, 700.0));
    let heard = tokio::time::timeout(PATIENCE, carrier.hears_from(0, 1_600)).await.expect("the callee hears nothing");
    assert_eq!(heard.len(), 1_600);
    peer.hears(&theirs).await;
    singing.abort();
    answering.abort();
    let id = live.newest_call().await["id"].as_str().expect("an id").to_owned();
    carrier.send(live.gateway.sip_address, Method::Bye, FROM, &to, 2, "").await;
    live.call_that_is(&id, "completed").await;
    assert_eq!(secured(&live, &id).await, ["dtls", "none"]);
}
