//! Writing reports and farewells.

use super::{ReportBlock, SenderInfo};

/// Bytes of the longest CNAME that is written; the item's length is one byte.
const MAX_CNAME_LEN: usize = 255;

/// What one compound report says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report<'a> {
    /// Our SSRC.
    pub ssrc: u32,
    /// About our stream; without it a receiver report is written.
    pub sender: Option<SenderInfo>,
    /// About the stream that we receive, when there is one.
    pub block: Option<ReportBlock>,
    /// Our canonical name; must not identify a person. Cut at 255 bytes.
    pub cname: &'a str,
}

/// Appends a compound packet: the report and the CNAME, which every compound carries (RFC 3550 §6.1).
pub fn write_report(out: &mut Vec<u8>, report: &Report<'_>) {
    let sender_words = if report.sender.is_some() { 5 } else { 0 };
    let block_words = if report.block.is_some() { 6 } else { 0 };
    let kind = if report.sender.is_some() { 200 } else { 201 };
    head(out, u8::from(report.block.is_some()), kind, 1 + sender_words + block_words);
    out.extend_from_slice(&report.ssrc.to_be_bytes());
    if let Some(sender) = &report.sender {
        out.extend_from_slice(&sender.ntp.to_be_bytes());
        for word in [sender.rtp_timestamp, sender.packets, sender.bytes] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
    if let Some(block) = &report.block {
        let lost = block.total_lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
        let lost = u32::from(block.fraction_lost) << 24 | lost;
        let words = [block.ssrc, lost, block.highest_sequence, block.jitter, block.last_report, block.delay_since];
        for word in words {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
    write_cname(out, report.ssrc, report.cname.as_bytes());
}

fn write_cname(out: &mut Vec<u8>, ssrc: u32, cname: &[u8]) {
    let cname = cname.get(..MAX_CNAME_LEN).unwrap_or(cname);
    // SSRC, item head, text, and at least one null octet up to the word boundary.
    let items_len = (2 + cname.len() + 1).next_multiple_of(4);
    head(out, 1, 202, 1 + items_len / 4);
    out.extend_from_slice(&ssrc.to_be_bytes());
    let end = out.len() + items_len;
    out.extend_from_slice(&[1, cname.len() as u8]);
    out.extend_from_slice(cname);
    out.resize(end, 0);
}

/// Appends a BYE of our source.
pub fn write_bye(out: &mut Vec<u8>, ssrc: u32) {
    head(out, 1, 203, 1);
    out.extend_from_slice(&ssrc.to_be_bytes());
}

fn head(out: &mut Vec<u8>, count: u8, kind: u8, words: usize) {
    let [l0, l1] = (words as u16).to_be_bytes();
    out.extend_from_slice(&[0x80 | count, kind, l0, l1]);
}
