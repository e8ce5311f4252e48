//! What happened to a call: the SIP messages of its legs, and how they sounded.

use serde::{Deserialize, Serialize};

use crate::ids::LegRecordId;

/// Answer of `GET /v1/calls/{id}/sip`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SipLadder {
    /// The messages, the oldest first.
    pub data: Vec<SipMessage>,
    /// Further messages that found no room.
    pub left_out: u32,
}

/// One SIP message of a leg, without its secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SipMessage {
    /// RFC 3339, to the millisecond.
    pub at: String,
    /// The same in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Whose message it is.
    pub leg_id: LegRecordId,
    /// `sent` (by us) or `received`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^(sent|received)$"))]
    pub direction: String,
    /// `udp`, `tcp`, `tls`, `ws` or `wss`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^(udp|tcp|tls|ws|wss)$"))]
    pub transport: String,
    /// Our address and port.
    pub local: String,
    /// The other end's.
    pub remote: String,
    /// The first line.
    pub start_line: String,
    /// The request's method; of a response, that of the request which it answers.
    pub method: String,
    /// A response's status; null for a request.
    pub status: Option<u16>,
    /// The header Call-ID.
    pub call_id: String,
    /// The header CSeq.
    pub cseq: String,
    /// The whole message; `[removed]` stands for what was left out.
    pub text: String,
    /// Whether it is a copy of an earlier one.
    pub is_retransmission: bool,
}

/// Answer of `GET /v1/calls/{id}/quality`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallQuality {
    /// The legs that had audio.
    pub data: Vec<LegQuality>,
}

/// How a leg sounded, as a whole and piece by piece.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LegQuality {
    /// Whose audio it is.
    pub leg_id: LegRecordId,
    /// How its audio is kept from others; null for a call of an earlier release.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::MediaSecurity>))]
    pub media_security: Option<String>,
    /// What its packets are encrypted and proven by, as SDP names it; null where they are not, or by a browser's own choice.
    pub srtp_suite: Option<String>,
    /// Packets that came from it.
    pub packets_received: i64,
    /// How many of those that it sent were lost on the way to us.
    pub loss_percent: f64,
    /// Mean interarrival jitter; null where nothing came.
    pub jitter_ms: Option<f64>,
    /// Mean round-trip time; null where the leg sends no reports.
    pub rtt_ms: Option<f64>,
    /// Mean opinion score by ITU-T G.107, 1.0 to 4.5; null where nothing came.
    pub mos: Option<f64>,
    /// Pieces of five seconds, the oldest first; the last is shorter.
    pub samples: Vec<QualitySample>,
}

/// How a leg sounded for five seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QualitySample {
    /// RFC 3339: its end.
    pub at: String,
    /// How long it is, in milliseconds.
    pub span_ms: i64,
    /// Packets that came from the leg.
    pub packets_received: i64,
    /// Packets that it was sent.
    pub packets_sent: i64,
    /// How many of its packets were lost on the way to us.
    pub loss_percent: f64,
    /// Interarrival jitter (RFC 3550).
    pub jitter_ms: f64,
    /// Round-trip time by the leg's last report; null before one shows it.
    pub rtt_ms: Option<f64>,
    /// How many of our packets the leg lost, by its last report.
    pub remote_loss_percent: Option<f64>,
    /// Mean level of what it said, 0 (loudest) to -127 (silence) dBov; null where its audio is not decoded here.
    pub level_dbov: Option<f64>,
    /// Opinion score by ITU-T G.107, 1.0 to 4.5; null where nothing came.
    pub mos: Option<f64>,
}
