//! Reading compound packets.

use thiserror::Error;

use super::{ReportBlock, SenderInfo};

/// Why bytes are not RTCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RtcpError {
    /// Shorter than a length or count in it says.
    #[error("RTCP packet is shorter than it says")]
    Truncated,
    /// The version field is not 2.
    #[error("RTCP version is not 2")]
    Version,
}

/// One packet of a compound, as far as we use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// Sender report, or receiver report when `sender` is absent.
    Report {
        /// Who reports.
        ssrc: u32,
        /// About its own stream.
        sender: Option<SenderInfo>,
        /// About the streams it receives; at most 31.
        blocks: Vec<ReportBlock>,
    },
    /// Canonical name of a source.
    Cname {
        /// The source.
        ssrc: u32,
        /// Its name; bytes that are not UTF-8 are replaced.
        cname: String,
    },
    /// Sources that left.
    Bye {
        /// The sources; at most 31.
        sources: Vec<u32>,
    },
}

/// Tells RTCP from RTP on a shared port by the packet type (RFC 5761 §4).
pub fn is_rtcp(bytes: &[u8]) -> bool {
    matches!(bytes, [version, kind, ..] if version >> 6 == 2 && (192..=223).contains(kind))
}

/// Reads a compound packet; packets of kinds that we do not use are left out.
pub fn parse(mut bytes: &[u8]) -> Result<Vec<Packet>, RtcpError> {
    let mut packets = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_first_chunk::<4>().ok_or(RtcpError::Truncated)?;
        let [flags, kind, l0, l1] = *head;
        if flags >> 6 != 2 {
            return Err(RtcpError::Version);
        }
        let len = usize::from(u16::from_be_bytes([l0, l1])) * 4;
        let (body, rest) = rest.split_at_checked(len).ok_or(RtcpError::Truncated)?;
        let count = usize::from(flags & 0x1f);
        match kind {
            200 | 201 => packets.push(report(body, count, kind == 200)?),
            202 => packets.extend(cname(body, count)),
            203 => packets.push(bye(body, count)?),
            _ => {}
        }
        bytes = rest;
    }
    Ok(packets)
}

fn report(body: &[u8], count: usize, is_sender: bool) -> Result<Packet, RtcpError> {
    let (ssrc, mut rest) = word(body)?;
    let mut sender = None;
    if is_sender {
        let (info, after) = rest.split_first_chunk::<20>().ok_or(RtcpError::Truncated)?;
        sender = Some(sender_info(info)?);
        rest = after;
    }
    let (blocks, _) = rest.as_chunks::<24>();
    let blocks = blocks.get(..count).ok_or(RtcpError::Truncated)?;
    let blocks = blocks.iter().map(|block| report_block(block)).collect::<Result<_, _>>()?;
    Ok(Packet::Report { ssrc, sender, blocks })
}

fn sender_info(bytes: &[u8]) -> Result<SenderInfo, RtcpError> {
    let (seconds, rest) = word(bytes)?;
    let (fraction, rest) = word(rest)?;
    let (rtp_timestamp, rest) = word(rest)?;
    let (packets, rest) = word(rest)?;
    let (bytes, _) = word(rest)?;
    Ok(SenderInfo { ntp: u64::from(seconds) << 32 | u64::from(fraction), rtp_timestamp, packets, bytes })
}

fn report_block(bytes: &[u8]) -> Result<ReportBlock, RtcpError> {
    let (ssrc, rest) = word(bytes)?;
    let (lost, rest) = word(rest)?;
    let (highest_sequence, rest) = word(rest)?;
    let (jitter, rest) = word(rest)?;
    let (last_report, rest) = word(rest)?;
    let (delay_since, _) = word(rest)?;
    // The lower 24 bits are signed: shifted up and down again they keep their sign.
    let total_lost = (lost << 8) as i32 >> 8;
    let fraction_lost = (lost >> 24) as u8;
    Ok(ReportBlock { ssrc, fraction_lost, total_lost, highest_sequence, jitter, last_report, delay_since })
}

/// The CNAME of the first source; a description without one, or a malformed one, says nothing.
fn cname(body: &[u8], count: usize) -> Option<Packet> {
    let (ssrc, mut items) = word(body).ok().filter(|_| count > 0)?;
    while let [kind, len, rest @ ..] = items {
        let (text, rest) = rest.split_at_checked(usize::from(*len))?;
        match kind {
            0 => return None,
            1 => return Some(Packet::Cname { ssrc, cname: String::from_utf8_lossy(text).into_owned() }),
            _ => items = rest,
        }
    }
    None
}

fn bye(body: &[u8], count: usize) -> Result<Packet, RtcpError> {
    let (words, _) = body.as_chunks::<4>();
    let sources = words.get(..count).ok_or(RtcpError::Truncated)?;
    Ok(Packet::Bye { sources: sources.iter().map(|word| u32::from_be_bytes(*word)).collect() })
}

fn word(bytes: &[u8]) -> Result<(u32, &[u8]), RtcpError> {
    let (word, rest) = bytes.split_first_chunk::<4>().ok_or(RtcpError::Truncated)?;
    Ok((u32::from_be_bytes(*word), rest))
}
