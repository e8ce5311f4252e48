//! Session descriptions of real peers: what they say, and that printing says it again.

use sip::parse;
use sip::sdp::{self, Direction, Media, RtpMap, SdpError, Session, Setup};

const CHROME: &[u8] = include_bytes!("payloads/chrome_invite.sip");

fn chrome() -> Session {
    sdp::parse(parse::message(CHROME).unwrap().body()).unwrap()
}

#[test]
fn chrome_offer_is_read() {
    let session = chrome();
    let audio = session.audio().unwrap();
    assert_eq!(
        (audio.port, audio.protocol.as_str(), audio.mid(), audio.rtcp_mux()),
        (54609, "UDP/TLS/RTP/SAVPF", Some("0"), true)
    );
    let names: Vec<String> = audio.codecs().iter().map(|map| map.to_string()).collect();
    assert_eq!(names.first().map(String::as_str), Some("111 opus/48000/2"));
    assert_eq!(names.len(), 8);
    assert_eq!(audio.fmtp_param(111, "useinbandfec"), Some("1"));
    assert_eq!(session.ice_credentials(audio), Some(("4ZcD", "2/1muCWoOi3uLifh0NuRHlig")));
    assert_eq!(session.setup(audio), Some(Setup::ActPass));
    assert_eq!(session.fingerprint(audio).unwrap().digest.len(), 32);
    assert_eq!(audio.candidates().len(), 3);
    assert_eq!(session.direction_of(audio), Direction::SendRecv);
}

#[test]
fn printing_a_chrome_offer_gives_its_bytes() {
    assert_eq!(chrome().to_bytes(), parse::message(CHROME).unwrap().body());
}

#[test]
fn typed_attributes_print_as_they_came() {
    let session = chrome();
    let audio = session.audio().unwrap();
    for (candidate, text) in audio.candidates().iter().zip(audio.attributes.get_all("candidate")) {
        assert_eq!(candidate.to_string(), text);
    }
    assert_eq!(Some(session.fingerprint(audio).unwrap().to_string().as_str()), audio.attributes.get("fingerprint"));
}

#[test]
fn static_payload_types_need_no_rtpmap() {
    let session = sdp::parse(
        b"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 8 0 97\na=sendonly\n",
    )
    .unwrap();
    let audio = session.audio().unwrap();
    assert_eq!(audio.codecs(), [RtpMap::new(8, "PCMA", 8000, 1), RtpMap::new(0, "PCMU", 8000, 1)]);
    assert_eq!(session.direction_of(audio).reversed(), Direction::RecvOnly);
    assert_eq!(session.connection_of(audio).unwrap().ip(), Some("192.0.2.1".parse().unwrap()));
    assert_eq!(audio.rtcp_port(), Some(4001));
}

#[test]
fn unknown_lines_survive() {
    let text = "v=0\r\no=a 1 2 IN IP6 2001:db8::1\r\ns=x\r\ni=info\r\ne=a@b\r\nc=IN IP6 2001:db8::1\r\nb=AS:64\r\nt=0 0\r\nr=7d 1h 0 25h\r\nq=odd\r\na=x\r\nm=audio 4000/2 RTP/AVP 0\r\ni=cap\r\nb=TIAS:1\r\nq=odd\r\na=ptime:20\r\n";
    assert_eq!(sdp::parse(text.as_bytes()).unwrap().to_string(), text);
}

#[test]
fn a_description_made_here_can_be_read() {
    let mut session = Session::new(7, "192.0.2.1".parse().unwrap());
    let mut audio = Media::audio(20000, "RTP/AVP");
    audio.add_codec(&RtpMap::new(0, "PCMU", 8000, 1), None);
    audio.add_codec(&RtpMap::new(101, "telephone-event", 8000, 1), Some("0-16"));
    audio.attributes.set("ptime", "20");
    audio.attributes.set_direction(Direction::SendRecv);
    session.media.push(audio);
    assert_eq!(sdp::parse(&session.to_bytes()).unwrap(), session);
}

#[test]
fn broken_descriptions_name_the_fault() {
    for (text, error) in [
        ("", SdpError::Version),
        ("v=1\r\n", SdpError::Version),
        ("v=0\r\nm =audio 1 RTP/AVP 0\r\n", SdpError::Line),
        ("v=0\r\ns=-\r\nm=audio 1 RTP/AVP 0\r\n", SdpError::Origin),
        ("v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 70000 RTP/AVP 0\r\n", SdpError::Media),
        ("v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP5 h\r\n", SdpError::Connection),
    ] {
        assert_eq!(sdp::parse(text.as_bytes()), Err(error), "{text}");
    }
}
