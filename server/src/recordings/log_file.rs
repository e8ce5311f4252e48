//! The file that a recording is written to while the call runs: packets as they came, sealed, block after block.
//!
//! ```text
//! "SAUTIREC" · length u32 · header (JSON) · [ length u32 · sealed block ]…
//! block: until µs u64 · [ side u8 · codec u8 · at µs u64 · length u16 · payload ]…
//! ```
//! Numbers are little-endian. A block is sealed with ChaCha20-Poly1305 under the recording's own key, numbered from 0. Whatever
//! kills the process leaves whole blocks and at most a part of one, which reading ignores: no header has to be mended. `until`
//! is how long the recording was when the block was written.

use std::io::{self, Read};
use std::time::Duration;

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit as _, Nonce};
use media::recording::Layout;
use media::{Codec, Side};
use sautikit_api::ids::{CallId, RecordingId, WorkspaceId};
use serde::{Deserialize, Serialize};

const MAGIC: &[u8; 8] = b"SAUTIREC";
/// A header is a few hundred bytes; a longer one is damage.
const LONGEST_HEADER: u32 = 16 * 1024;
/// A block is a tenth of a second of both sides, 4 KiB; one that fell behind is a few times that.
const LONGEST_BLOCK: u32 = 4 * 1024 * 1024;
/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// What a file is a recording of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The recording.
    pub id: RecordingId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// Of which call.
    pub call_id: CallId,
    /// What asked for it.
    pub source: String,
    /// Which sides, and where.
    pub layout: StoredLayout,
    /// Silence at both ends is cut off.
    pub trims_silence: bool,
    /// Microseconds UTC.
    pub started_at: i64,
    /// Its key, sealed by the workspace's.
    pub sealed_key: String,
    /// Who is told when it is ready or has failed. Absent in files of releases that knew nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_callback: Option<String>,
}

/// [`Layout`] as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredLayout {
    /// What the leg says.
    Said,
    /// Both sides in one channel.
    Mixed,
    /// A channel each.
    Dual,
}

impl From<StoredLayout> for Layout {
    fn from(layout: StoredLayout) -> Self {
        match layout {
            StoredLayout::Said => Self::Said,
            StoredLayout::Mixed => Self::Mixed,
            StoredLayout::Dual => Self::Dual,
        }
    }
}

/// A file that is no recording of ours, or damaged beyond its end.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It does not begin like one.
    #[error("not a recording")]
    NotOurs,
    /// It does not open under its key.
    #[error("the recording does not open")]
    Sealed,
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The beginning of a file.
pub fn begin(header: &Header) -> Vec<u8> {
    // A plain structure of texts always serialises.
    let json = serde_json::to_vec(header).unwrap_or_default();
    let length = u32::try_from(json.len()).unwrap_or(0).to_le_bytes();
    [&MAGIC[..], &length, &json].concat()
}

/// Collects packets and seals them into blocks.
pub struct BlockWriter {
    cipher: ChaCha20Poly1305,
    number: u64,
    packets: Vec<u8>,
}

impl BlockWriter {
    /// For a new file.
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self { cipher: ChaCha20Poly1305::new(&Key::from(*key)), number: 0, packets: Vec::new() }
    }

    /// Adds a packet to the next block. One that is longer than any can be is left out.
    pub fn push(&mut self, side: Side, at: Duration, codec: Codec, payload: &[u8]) {
        let Ok(length) = u16::try_from(payload.len()) else { return };
        self.packets.push(u8::from(side == Side::Heard));
        self.packets.push(codec_number(codec));
        self.packets.extend_from_slice(&micros(at).to_le_bytes());
        self.packets.extend_from_slice(&length.to_le_bytes());
        self.packets.extend_from_slice(payload);
    }

    /// The block of what was added since the last, sealed; the recording is so long.
    pub fn seal(&mut self, until: Duration) -> Vec<u8> {
        let plain = [&micros(until).to_le_bytes()[..], &self.packets].concat();
        self.packets.clear();
        // Sealing fails only beyond 256 GiB.
        let sealed = self.cipher.encrypt(&nonce(self.number), plain.as_slice()).unwrap_or_default();
        self.number += 1;
        let length = u32::try_from(sealed.len()).unwrap_or(u32::MAX).to_le_bytes();
        [&length[..], &sealed].concat()
    }
}

/// A packet as it was kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Packet {
    /// Who said it.
    pub side: Side,
    /// Since the recording began.
    pub at: Duration,
    /// How it is encoded.
    pub codec: Codec,
    /// Its audio.
    pub payload: Vec<u8>,
}

/// Reads the header, after which the blocks follow.
///
/// # Errors
/// It is no recording, or the disk failed.
pub fn read_header(file: &mut impl Read) -> Result<Header, LogError> {
    let mut start = [0; 12];
    file.read_exact(&mut start).map_err(|_| LogError::NotOurs)?;
    let (magic, length) = start.split_at(8);
    let length = u32::from_le_bytes(length.try_into().map_err(|_| LogError::NotOurs)?);
    if magic != MAGIC || length > LONGEST_HEADER {
        return Err(LogError::NotOurs);
    }
    let mut json = vec![0; length as usize];
    file.read_exact(&mut json).map_err(|_| LogError::NotOurs)?;
    serde_json::from_slice(&json).map_err(|_| LogError::NotOurs)
}

/// Reads blocks one after the other.
pub struct BlockReader<R> {
    file: R,
    cipher: ChaCha20Poly1305,
    number: u64,
}

impl<R: Read> BlockReader<R> {
    /// Of a file whose header was read.
    pub fn new(file: R, key: &[u8; KEY_BYTES]) -> Self {
        Self { file, cipher: ChaCha20Poly1305::new(&Key::from(*key)), number: 0 }
    }

    /// The next block: how long the recording was, and its packets. `None` at the end, which a block that was cut off is too.
    ///
    /// What follows a block that is damaged is lost, and what came before it is not.
    ///
    /// # Errors
    /// Not even the first block opens, or the disk failed.
    pub fn next_block(&mut self) -> Result<Option<(Duration, Vec<Packet>)>, LogError> {
        let mut length = [0; 4];
        if !fill(&mut self.file, &mut length)? {
            return Ok(None);
        }
        let length = u32::from_le_bytes(length);
        if length > LONGEST_BLOCK {
            return self.damaged();
        }
        let mut sealed = vec![0; length as usize];
        if !fill(&mut self.file, &mut sealed)? {
            return Ok(None);
        }
        let plain = self.cipher.decrypt(&nonce(self.number), sealed.as_slice());
        match plain.ok().and_then(|plain| parse(&plain)) {
            Some(block) => {
                self.number += 1;
                Ok(Some(block))
            }
            None => self.damaged(),
        }
    }

    fn damaged<T>(&self) -> Result<Option<T>, LogError> {
        if self.number == 0 { Err(LogError::Sealed) } else { Ok(None) }
    }
}

/// Fills the buffer; false where the file ends before.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn parse(plain: &[u8]) -> Option<(Duration, Vec<Packet>)> {
    let (until, mut rest) = plain.split_first_chunk::<8>()?;
    let mut packets = Vec::new();
    while let Some((head, after)) = rest.split_first_chunk::<12>() {
        let [side, codec, at @ .., low, high] = *head;
        let (payload, after) = after.split_at_checked(usize::from(u16::from_le_bytes([low, high])))?;
        packets.push(Packet {
            side: if side == 0 { Side::Said } else { Side::Heard },
            at: Duration::from_micros(u64::from_le_bytes(at)),
            codec: Codec::ALL.into_iter().find(|known| codec_number(*known) == codec)?,
            payload: payload.to_vec(),
        });
        rest = after;
    }
    rest.is_empty().then_some((Duration::from_micros(u64::from_le_bytes(*until)), packets))
}

/// Its number in files, for good.
fn codec_number(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::Opus => 111,
    }
}

/// Of the block or piece of that number; each has a key that nothing else is sealed by.
pub(super) fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::from(nonce)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];

    fn header() -> Header {
        let id = uuid::Uuid::from_u128(1);
        Header {
            id: RecordingId(id),
            workspace_id: WorkspaceId(id),
            call_id: CallId(id),
            source: "dial".to_owned(),
            layout: StoredLayout::Dual,
            trims_silence: false,
            started_at: 1,
            sealed_key: "sealed".to_owned(),
            status_callback: None,
        }
    }

    fn file() -> Vec<u8> {
        let (mut file, mut writer) = (begin(&header()), BlockWriter::new(&KEY));
        writer.push(Side::Said, Duration::from_millis(20), Codec::Pcma, &[1, 2, 3]);
        writer.push(Side::Heard, Duration::from_millis(40), Codec::Opus, &[]);
        file.extend(writer.seal(Duration::from_millis(100)));
        file.extend(writer.seal(Duration::from_millis(200)));
        file
    }

    fn blocks(mut file: &[u8], key: &[u8; KEY_BYTES]) -> Result<Vec<(Duration, Vec<Packet>)>, LogError> {
        assert_eq!(read_header(&mut file)?, header());
        let mut reader = BlockReader::new(file, key);
        let mut blocks = Vec::new();
        while let Some(block) = reader.next_block()? {
            blocks.push(block);
        }
        Ok(blocks)
    }

    #[test]
    fn what_is_written_is_read_and_a_cut_off_block_is_the_end() {
        let file = file();
        let whole = blocks(&file, &KEY).unwrap();
        let (said, heard) = (&whole[0].1[0], &whole[0].1[1]);
        assert_eq!(
            (said.side, said.at, said.codec, said.payload.as_slice()),
            (Side::Said, Duration::from_millis(20), Codec::Pcma, &[1, 2, 3][..])
        );
        assert_eq!((heard.side, heard.codec), (Side::Heard, Codec::Opus));
        assert_eq!((whole[1].0, whole[1].1.len()), (Duration::from_millis(200), 0));
        for cut in 1..20 {
            assert_eq!(blocks(&file[..file.len() - cut], &KEY).unwrap()[..], whole[..1], "{cut} bytes less");
        }
    }

    #[test]
    fn no_audio_stands_in_the_file_and_another_key_opens_nothing() {
        let file = file();
        assert!(!file.windows(3).any(|bytes| bytes == [1, 2, 3]));
        assert!(matches!(blocks(&file, &[8; KEY_BYTES]), Err(LogError::Sealed)));
        // A later block that is damaged costs what follows it only.
        let mut damaged = file.clone();
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        assert_eq!(blocks(&damaged, &KEY).unwrap().len(), 1);
    }

    #[test]
    fn no_bytes_make_the_reader_panic() {
        let whole = file();
        for at in 0..whole.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = byte;
                let mut file = changed.as_slice();
                if read_header(&mut file).is_ok() {
                    let mut reader = BlockReader::new(file, &KEY);
                    while let Ok(Some(_)) = reader.next_block() {}
                }
            }
        }
    }
}
