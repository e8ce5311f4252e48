//! How many transactions stand in SQLite's write-ahead log (<https://www.sqlite.org/fileformat2.html#walformat>).

/// Of the log and of each frame.
const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// The commits since the log was begun: frames that say how large the database is after them.
pub(super) fn commits(log: &[u8]) -> usize {
    let Some(page_bytes) = word(log, 8) else { return 0 };
    let salts = log.get(16..24);
    let frame_bytes = FRAME_HEADER_BYTES + page_bytes as usize;
    let frames = log.get(HEADER_BYTES..).unwrap_or_default().chunks_exact(frame_bytes);
    // Frames of an earlier round have other salts.
    frames
        .take_while(|frame| frame.get(8..16) == salts)
        .filter(|frame| word(frame, 4).is_some_and(|size| size != 0))
        .count()
}

/// A big-endian word.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
