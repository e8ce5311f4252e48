//! Payload types: `rtpmap`, `fmtp`, `ptime` (RFC 8866 §6, RFC 3551 §6).

use core::fmt;

use super::Media;

/// What a payload type stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtpMap {
    /// 0 to 127.
    pub payload_type: u8,
    /// `PCMU`, `opus`, `telephone-event`, …; compare without case.
    pub encoding: String,
    pub clock_rate_hz: u32,
    /// 1 unless said otherwise.
    pub channels: u8,
}

impl RtpMap {
    pub fn new(payload_type: u8, encoding: &str, clock_rate_hz: u32, channels: u8) -> RtpMap {
        RtpMap { payload_type, encoding: encoding.to_owned(), clock_rate_hz, channels }
    }

    /// Reads the attribute's value: `111 opus/48000/2`.
    pub fn parse(value: &str) -> Option<RtpMap> {
        let (payload_type, rest) = value.trim().split_once(' ')?;
        let mut parts = rest.trim().split('/');
        let encoding = parts.next().filter(|name| !name.is_empty())?;
        let clock_rate_hz = parts.next()?.parse().ok().filter(|&rate| rate > 0)?;
        let channels = match parts.next() {
            Some(channels) => channels.parse().ok()?,
            None => 1,
        };
        Some(RtpMap { payload_type: payload(payload_type)?, encoding: encoding.to_owned(), clock_rate_hz, channels })
    }

    /// The meaning of a static payload type, which needs no rtpmap (RFC 3551 §6).
    pub fn fixed(payload_type: u8) -> Option<RtpMap> {
        let (encoding, clock_rate_hz) = match payload_type {
            0 => ("PCMU", 8000),
            3 => ("GSM", 8000),
            8 => ("PCMA", 8000),
            // Its samples come at 16 kHz; the clock rate is a mistake of RFC 1890 that has to stay.
            9 => ("G722", 8000),
            13 => ("CN", 8000),
            18 => ("G729", 8000),
            _ => return None,
        };
        Some(RtpMap::new(payload_type, encoding, clock_rate_hz, 1))
    }

    pub fn is_encoding(&self, name: &str) -> bool {
        self.encoding.eq_ignore_ascii_case(name)
    }
}

fn payload(text: &str) -> Option<u8> {
    text.parse().ok().filter(|number| *number < 128)
}

impl fmt::Display for RtpMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.payload_type, self.encoding, self.clock_rate_hz)?;
        if self.channels > 1 { write!(f, "/{}", self.channels) } else { Ok(()) }
    }
}

impl Media {
    /// The payload types in order of preference, as far as they have a known meaning.
    pub fn codecs(&self) -> Vec<RtpMap> {
        self.formats.iter().filter_map(|format| payload(format)).filter_map(|number| self.rtpmap(number)).collect()
    }

    /// What this payload type means here.
    pub fn rtpmap(&self, payload_type: u8) -> Option<RtpMap> {
        let mapped =
            self.attributes.get_all("rtpmap").filter_map(RtpMap::parse).find(|map| map.payload_type == payload_type);
        mapped.or_else(|| RtpMap::fixed(payload_type))
    }

    /// The format parameters of this payload type.
    pub fn fmtp(&self, payload_type: u8) -> Option<&str> {
        self.attributes.get_all("fmtp").find_map(|value| {
            let (number, parameters) = value.trim().split_once(' ')?;
            (payload(number)? == payload_type).then(|| parameters.trim())
        })
    }

    /// One of `name=value; …` in the format parameters, such as `useinbandfec` of Opus.
    pub fn fmtp_param(&self, payload_type: u8, name: &str) -> Option<&str> {
        self.fmtp(payload_type)?.split(';').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Adds a payload type at the end of the list, with its rtpmap and, if given, fmtp.
    pub fn add_codec(&mut self, map: &RtpMap, fmtp: Option<&str>) {
        self.formats.push(map.payload_type.to_string());
        self.attributes.push("rtpmap", map.to_string());
        if let Some(fmtp) = fmtp {
            self.attributes.push("fmtp", format!("{} {fmtp}", map.payload_type));
        }
    }

    /// Milliseconds of audio per packet that the writer wants to receive.
    pub fn ptime_ms(&self) -> Option<u32> {
        self.attributes.get("ptime")?.trim().parse().ok()
    }

    /// Most milliseconds of audio per packet.
    pub fn maxptime_ms(&self) -> Option<u32> {
        self.attributes.get("maxptime")?.trim().parse().ok()
    }
}
