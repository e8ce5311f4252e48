//! What of the browser's session description goes on the wire: Opus first, then PCMU and PCMA, and DTMF.
//!
//! Browsers offer codecs that the gateway never takes (RED, G.722, comfort noise); leaving them out halves the INVITE.
//! Answers pass through the same filter, which changes nothing in them but Opus' parameters. Every browser has the three codecs
//! (RFC 7874 §3).

/// Voice codecs in the order of preference, then telephone-event at both of its clock rates (RFC 4733).
const KEPT: [&str; 5] = ["opus/48000", "PCMU/8000", "PCMA/8000", "telephone-event/48000", "telephone-event/8000"];
/// Mono with in-band error correction and without DTX, whose silence is taken for a dead line: what is not said is the default
/// (RFC 7587 §6.1).
const OPUS: &str = "useinbandfec=1;maxaveragebitrate=";
/// Telephone quality.
const USUAL: &str = "24000";
/// Speech that is understood, and a third of the packets, whose headers weigh more than what is in them.
const NARROW: &str = "12000\r\na=ptime:60";

/// The description with only the kept codecs in its audio line. The other side is asked for what fits through a narrow line, and
/// asks us for the same.
pub(crate) fn for_the_wire(sdp: &str, is_narrow: bool) -> String {
    let kept = kept_payloads(sdp);
    let payloads: Vec<&str> = kept.iter().map(|(_, payload)| *payload).collect();
    let opus = kept.first().filter(|(rank, _)| *rank == 0).map(|(_, payload)| *payload);
    let mut out = String::with_capacity(sdp.len());
    for line in sdp.lines() {
        if line.starts_with("m=audio ") {
            let head: Vec<&str> = line.split(' ').take(3).collect();
            push(&mut out, &[head.as_slice(), &payloads].concat().join(" "));
            continue;
        }
        match payload_of(line) {
            Some((_, payload)) if !payloads.contains(&payload) => {}
            Some(("fmtp", payload)) if Some(payload) == opus => {}
            Some(("rtpmap", payload)) if Some(payload) == opus => {
                push(&mut out, line);
                let rate = if is_narrow { NARROW } else { USUAL };
                push(&mut out, &["a=fmtp:", payload, " ", OPUS, rate].concat());
            }
            _ => push(&mut out, line),
        }
    }
    out
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push_str("\r\n");
}

/// Attribute and payload type of `a=rtpmap:111 …` and its kind.
fn payload_of(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("a=")?.split_once(':')?;
    let payload = rest.split(' ').next()?;
    matches!(name, "rtpmap" | "fmtp" | "rtcp-fb").then_some((name, payload)).filter(|(_, payload)| *payload != "*")
}

/// Rank and payload type of each kept codec, best first. Line by line for each rank: a sort would be 4 kB of WASM.
fn kept_payloads(sdp: &str) -> Vec<(usize, &str)> {
    let of_rank = |(rank, name): (usize, &'static str)| {
        sdp.lines().filter_map(move |line| {
            let (payload, codec) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
            codec.get(..name.len())?.eq_ignore_ascii_case(name).then_some((rank, payload))
        })
    };
    KEPT.into_iter().enumerate().flat_map(of_rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 63 9 0 8 111 13 110 126\r\na=rtcp-mux\r\n\
        a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n\
        a=rtpmap:8 PCMA/8000\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n\
        a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\n\
        a=rtpmap:126 telephone-event/8000\r\n";

    #[test]
    fn opus_leads_and_the_rest_of_the_zoo_is_left_out() {
        let wire = for_the_wire(CHROME, false);
        assert!(wire.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 110 126\r\n"), "{wire}");
        assert!(!wire.contains("G722") && !wire.contains(":63 ") && !wire.contains("CN/8000"));
        assert!(wire.contains("a=rtcp-mux\r\n") && wire.contains("a=rtcp-fb:111 transport-cc\r\n"));
        assert_eq!(wire.matches("a=fmtp:111 ").count(), 1);
        assert!(wire.contains("useinbandfec=1;maxaveragebitrate=24000\r\n") && !wire.contains("ptime:"), "{wire}");
    }

    #[test]
    fn on_a_narrow_line_packets_are_few_and_small() {
        let wire = for_the_wire(CHROME, true);
        assert!(wire.contains("a=fmtp:111 useinbandfec=1;maxaveragebitrate=12000\r\na=ptime:60\r\n"), "{wire}");
        assert_eq!(wire.matches("a=ptime:").count(), 1);
    }
}
