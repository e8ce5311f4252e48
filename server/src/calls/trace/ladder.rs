//! A call's trace as the API shows it.

use sautikit_api::call_traces as wire;

use super::packed::{LegQuality, Message, Packed};
use super::quality::Sample;
use crate::clock::rfc3339_ms;

/// The messages of all legs, the oldest first.
pub(super) fn ladder(packed: &Packed) -> wire::SipLadder {
    wire::SipLadder { data: packed.messages.iter().map(message).collect(), left_out: packed.left_out }
}

fn message(message: &Message) -> wire::SipMessage {
    let Message { at_us, leg, is_sent, transport, local, remote, is_repeated, text } = message;
    let start_line = text.split("\r\n").next().unwrap_or_default();
    let mut words = start_line.split(' ');
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let status = (first == "SIP/2.0").then(|| second.parse().ok()).flatten();
    let cseq = header(text, "cseq", None).unwrap_or_default();
    let method = match status {
        // That of the request which it answers (RFC 3261 §8.1.1.5).
        Some(_) => cseq.split_whitespace().nth(1).unwrap_or_default(),
        None => first,
    };
    wire::SipMessage {
        at: rfc3339_ms(*at_us),
        at_ms: at_us.div_euclid(1_000),
        leg_id: *leg,
        direction: if *is_sent { "sent" } else { "received" }.to_owned(),
        transport: transport.clone(),
        local: local.clone(),
        remote: remote.clone(),
        start_line: start_line.to_owned(),
        method: method.to_owned(),
        status,
        call_id: header(text, "call-id", Some("i")).unwrap_or_default().to_owned(),
        cseq: cseq.to_owned(),
        text: text.clone(),
        is_retransmission: *is_repeated,
    }
}

/// The value of a header, by its name in lower case or its short form.
fn header<'a>(text: &'a str, name: &str, short: Option<&str>) -> Option<&'a str> {
    let head = text.split("\r\n\r\n").next()?;
    head.split("\r\n").skip(1).find_map(|line| {
        let (known, value) = line.split_once(':')?;
        let known = known.trim();
        let is_it = known.eq_ignore_ascii_case(name) || short.is_some_and(|short| known.eq_ignore_ascii_case(short));
        is_it.then_some(value.trim())
    })
}

/// How the legs sounded, in the order in which they joined the call.
pub(super) fn quality(packed: &Packed) -> wire::CallQuality {
    wire::CallQuality { data: packed.quality.iter().map(leg_quality).collect() }
}

fn leg_quality(LegQuality { leg, samples, security }: &LegQuality) -> wire::LegQuality {
    let (received, lost) = samples
        .iter()
        .fold((0_u64, 0_u64), |(received, lost), one| (received + u64::from(one.received), lost + u64::from(one.lost)));
    let mean = |values: Vec<f32>| {
        let count = values.len() as f32;
        (count > 0.0).then(|| rounded(values.into_iter().sum::<f32>() / count, 100.0))
    };
    wire::LegQuality {
        leg_id: *leg,
        media_security: security.as_ref().map(|security| security.method.as_str().to_owned()),
        srtp_suite: security.as_ref().and_then(|security| security.suite.clone()),
        packets_received: i64::try_from(received).unwrap_or(i64::MAX),
        loss_percent: percent(lost, received + lost),
        jitter_ms: mean(samples.iter().filter(|one| one.received > 0).map(|one| one.jitter_ms).collect()),
        rtt_ms: mean(samples.iter().filter_map(|one| one.round_trip_ms).collect()),
        mos: mean(samples.iter().filter_map(|one| one.mos).collect()),
        samples: samples.iter().map(sample).collect(),
    }
}

fn sample(one: &Sample) -> wire::QualitySample {
    let expected = u64::from(one.received) + u64::from(one.lost);
    wire::QualitySample {
        at: rfc3339_ms(one.at_us),
        span_ms: i64::from(one.span_ms),
        packets_received: i64::from(one.received),
        packets_sent: i64::from(one.sent),
        loss_percent: percent(one.lost.into(), expected),
        jitter_ms: rounded(one.jitter_ms, 100.0),
        rtt_ms: one.round_trip_ms.map(|time| rounded(time, 10.0)),
        remote_loss_percent: one.remote_loss.map(|share| rounded(share * 100.0, 10.0)),
        level_dbov: one.level_dbov.map(|level| rounded(level, 10.0)),
        mos: one.mos.map(|mos| rounded(mos, 100.0)),
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { rounded((part as f64 / whole as f64 * 100.0) as f32, 100.0) }
}

/// So many parts of one are shown; in the wider type the digits are those that were meant.
fn rounded(value: f32, parts: f64) -> f64 {
    (f64::from(value) * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use sautikit_api::ids::LegRecordId;
    use uuid::Uuid;

    use super::super::quality::{LegSecurity, SecurityMethod};
    use super::*;

    const LEG: LegRecordId = LegRecordId(Uuid::from_u128(7));

    fn shown(text: &str) -> wire::SipMessage {
        let text = text.replace('\n', "\r\n");
        message(&Message {
            at_us: 1_700_000_000_250_999,
            leg: LEG,
            is_sent: true,
            transport: "udp".to_owned(),
            local: "192.0.2.1:5060".to_owned(),
            remote: "192.0.2.2:5060".to_owned(),
            is_repeated: false,
            text,
        })
    }

    #[test]
    fn a_request_and_its_answer_are_named_by_its_method() {
        let request = shown("INVITE sip:b@h SIP/2.0\ni: abc@h\nCSeq: 3 INVITE\n\nCall-ID: of a body\n");
        assert_eq!((request.method.as_str(), request.status, request.call_id.as_str()), ("INVITE", None, "abc@h"));
        assert_eq!((request.at.as_str(), request.at_ms), ("2023-11-14T22:13:20.250Z", 1_700_000_000_250));
        let answer = shown("SIP/2.0 486 Busy Here\nCall-ID: abc@h\nCSeq: 3 INVITE\n\n");
        assert_eq!((answer.method.as_str(), answer.status, answer.cseq.as_str()), ("INVITE", Some(486), "3 INVITE"));
        assert_eq!(answer.start_line, "SIP/2.0 486 Busy Here");
        assert_eq!(shown("").method, "");
    }

    #[test]
    fn a_legs_figures_are_those_of_its_pieces_together() {
        let piece = |received, lost, mos| Sample {
            at_us: 0,
            span_ms: 5_000,
            received,
            lost,
            sent: 250,
            jitter_ms: 2.0,
            round_trip_ms: Some(40.0),
            remote_loss: Some(0.125),
            level_dbov: Some(-24.16),
            mos,
        };
        let samples = vec![piece(240, 10, Some(4.0)), piece(0, 0, None)];
        let security = Some(LegSecurity { method: SecurityMethod::Sdes, suite: Some("AEAD_AES_128_GCM".to_owned()) });
        let leg = LegQuality { leg: LEG, samples, security };
        let shown = leg_quality(&leg);
        assert_eq!(
            (shown.media_security.as_deref(), shown.srtp_suite.as_deref()),
            (Some("sdes"), Some("AEAD_AES_128_GCM"))
        );
        assert_eq!((shown.packets_received, shown.loss_percent), (240, 4.0));
        assert_eq!((shown.mos, shown.jitter_ms, shown.rtt_ms), (Some(4.0), Some(2.0), Some(40.0)));
        let first = &shown.samples[0];
        assert_eq!((first.loss_percent, first.remote_loss_percent, first.level_dbov), (4.0, Some(12.5), Some(-24.2)));
    }
}
