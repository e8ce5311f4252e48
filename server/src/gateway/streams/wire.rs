//! The messages of a stream, as Twilio's media streams have them: JSON texts, audio as μ-law at 8 kHz in base64.
//! Source: <https://www.twilio.com/docs/voice/media-streams/websocket-messages>. Pure.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use media::g711::Law;
use serde::Deserialize;
use serde_json::{Value, json};

/// Longest name of a mark that is kept.
const MAX_NAME_CHARS: usize = 256;

/// A frame of a leg's audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) track: &'static str,
    /// Since the stream began.
    pub(super) at_ms: u64,
    pub(super) mulaw: Vec<u8>,
}

/// What the server says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Audio for the leg, at 8 kHz.
    Media(Vec<i16>),
    /// Comes back when all audio before it was heard.
    Mark(String),
    /// Forgets all audio that was not heard yet.
    Clear,
}

/// Writes messages, each with its number.
pub(super) struct Wire {
    stream_sid: String,
    account_sid: String,
    call_sid: String,
    sequence: u64,
    /// Frames so far, by track.
    chunks: BTreeMap<&'static str, u64>,
}

impl Wire {
    pub(super) fn new(stream_sid: String, account_sid: String, call_sid: String) -> Self {
        Self { stream_sid, account_sid, call_sid, sequence: 0, chunks: BTreeMap::new() }
    }

    pub(super) fn connected(&self) -> String {
        json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" }).to_string()
    }

    pub(super) fn start(&mut self, tracks: &[&str], parameters: &BTreeMap<String, String>) -> String {
        let start = json!({
            "accountSid": self.account_sid, "streamSid": self.stream_sid, "callSid": self.call_sid, "tracks": tracks,
            "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1 },
            "customParameters": parameters,
        });
        self.numbered("start", start)
    }

    pub(super) fn media(&mut self, track: &'static str, at_ms: u64, mulaw: &[u8]) -> String {
        let chunk = self.chunks.entry(track).or_default();
        *chunk += 1;
        let media = json!({ "track": track, "chunk": chunk.to_string(), "timestamp": at_ms.to_string(),
            "payload": STANDARD.encode(mulaw) });
        self.numbered("media", media)
    }

    pub(super) fn dtmf(&mut self, key: char) -> String {
        self.numbered("dtmf", json!({ "track": "inbound_track", "digit": key.to_string() }))
    }

    /// `played_ms`: of what the server sent since its mark before, how much was heard. Twilio's has the name alone.
    pub(super) fn mark(&mut self, name: &str, played_ms: u64) -> String {
        self.numbered("mark", json!({ "name": name, "playedMs": played_ms }))
    }

    pub(super) fn stop(&mut self) -> String {
        let stop = json!({ "accountSid": self.account_sid, "callSid": self.call_sid });
        self.numbered("stop", stop)
    }

    fn numbered(&mut self, event: &str, body: Value) -> String {
        self.sequence += 1;
        json!({ "event": event, "sequenceNumber": self.sequence.to_string(), "streamSid": self.stream_sid, event: body })
            .to_string()
    }
}

/// Reads a message; nothing of what is not understood.
pub(super) fn read(text: &str) -> Option<Said> {
    #[derive(Deserialize)]
    struct Message {
        event: String,
        media: Option<Media>,
        mark: Option<Mark>,
    }
    #[derive(Deserialize)]
    struct Media {
        payload: String,
    }
    #[derive(Deserialize)]
    struct Mark {
        name: String,
    }
    let message: Message = serde_json::from_str(text).ok()?;
    match message.event.as_str() {
        "media" => {
            let mulaw = STANDARD.decode(message.media?.payload).ok()?;
            Some(Said::Media(mulaw.into_iter().map(|byte| Law::Mu.decode(byte)).collect()))
        }
        "mark" => {
            message.mark.filter(|mark| mark.name.chars().count() <= MAX_NAME_CHARS).map(|mark| Said::Mark(mark.name))
        }
        "clear" => Some(Said::Clear),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_numbered_and_frames_counted() {
        let mut wire = Wire::new("MZ1".to_owned(), "AC1".to_owned(), "HD_1".to_owned());
        let parsed = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        assert_eq!(parsed(wire.connected())["event"], "connected");
        let start = parsed(wire.start(&["inbound"], &BTreeMap::from([("lang".to_owned(), "sw".to_owned())])));
        assert_eq!(
            (&start["sequenceNumber"], &start["start"]["customParameters"]["lang"]),
            (&json!("1"), &json!("sw"))
        );
        wire.media("inbound", 0, &[0xff; 160]);
        let media = parsed(wire.media("inbound", 20, &[0xff; 160]));
        assert_eq!(
            (&media["sequenceNumber"], &media["media"]["chunk"], &media["media"]["timestamp"], &media["streamSid"]),
            (&json!("3"), &json!("2"), &json!("20"), &json!("MZ1"))
        );
        assert_eq!(parsed(wire.stop())["stop"]["callSid"], "HD_1");
    }

    #[test]
    fn what_the_server_says_is_read_and_the_rest_skipped() {
        assert_eq!(
            read(r#"{"event":"media","streamSid":"MZ1","media":{"payload":"/38="}}"#),
            Some(Said::Media(vec![0, 0]))
        );
        assert_eq!(read(r#"{"event":"mark","mark":{"name":"a"}}"#), Some(Said::Mark("a".to_owned())));
        assert_eq!(read(r#"{"event":"clear","streamSid":"MZ1"}"#), Some(Said::Clear));
        for nothing in
            ["", "{}", r#"{"event":"media"}"#, r#"{"event":"media","media":{"payload":"%"}}"#, r#"{"event":"sing"}"#]
        {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }
}
