//! A recording at rest: a WAV file in pieces, each sealed, so that any part of it can be read without the rest.
//!
//! ```text
//! "SAUTIOBJ" · salt (16) · [ 64 KiB sealed, 64 KiB + 16 bytes long ]…   the last one shorter
//! ```
//! Pieces are numbered and sealed with ChaCha20-Poly1305. Their key is made of the recording's own and the salt, so that a
//! file that is made a second time shares no key with the first.

use std::io::{self, Write};
use std::ops::Range;

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit as _};

use super::log_file::{KEY_BYTES, nonce};
use crate::secrets::hmac_sha256;

const MAGIC: &[u8; 8] = b"SAUTIOBJ";
/// Bytes of the salt.
pub(super) const SALT_BYTES: usize = 16;
/// Bytes before the first piece.
pub(super) const HEAD_BYTES: u64 = 8 + SALT_BYTES as u64;
/// Bytes of a piece before it is sealed.
const PIECE_BYTES: u64 = 64 * 1024;
/// What sealing adds to a piece.
const TAG_BYTES: u64 = 16;

/// It does not open: damaged, or not ours.
#[derive(Debug, thiserror::Error)]
#[error("a stored recording does not open")]
pub(super) struct Damaged;

/// Writes one.
pub(super) struct SealedWriter<W> {
    to: W,
    pieces: Pieces,
    number: u64,
    waiting: Vec<u8>,
    written: u64,
}

impl<W: Write> SealedWriter<W> {
    /// Begins one.
    ///
    /// # Errors
    /// The disk failed.
    pub(super) fn begin(mut to: W, key: &[u8; KEY_BYTES], salt: [u8; SALT_BYTES]) -> io::Result<Self> {
        to.write_all(MAGIC)?;
        to.write_all(&salt)?;
        Ok(Self { to, pieces: Pieces::new(key, &salt), number: 0, waiting: Vec::new(), written: HEAD_BYTES })
    }

    /// Writes what is left; the length of all.
    ///
    /// # Errors
    /// The disk failed.
    pub(super) fn finish(mut self) -> io::Result<(W, u64)> {
        while !self.waiting.is_empty() {
            self.seal_piece()?;
        }
        self.to.flush()?;
        Ok((self.to, self.written))
    }

    fn seal_piece(&mut self) -> io::Result<()> {
        let length = self.waiting.len().min(PIECE_BYTES as usize);
        let sealed = self.pieces.seal(self.number, &self.waiting[..length]);
        self.waiting.drain(..length);
        self.number += 1;
        self.written += sealed.len() as u64;
        self.to.write_all(&sealed)
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        while self.waiting.len() >= PIECE_BYTES as usize {
            self.seal_piece()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Seals and opens pieces of one file.
pub(super) struct Pieces(ChaCha20Poly1305);

impl Pieces {
    fn new(key: &[u8; KEY_BYTES], salt: &[u8]) -> Self {
        Self(ChaCha20Poly1305::new(&Key::from(hmac_sha256(key, &[b"recording at rest", salt]))))
    }

    /// Of a file that begins with `head`, [`HEAD_BYTES`] long.
    ///
    /// # Errors
    /// It is none of ours.
    pub(super) fn of(key: &[u8; KEY_BYTES], head: &[u8]) -> Result<Self, Damaged> {
        let (magic, salt) = head.split_first_chunk::<8>().ok_or(Damaged)?;
        if magic != MAGIC || salt.len() != SALT_BYTES {
            return Err(Damaged);
        }
        Ok(Self::new(key, salt))
    }

    fn seal(&self, number: u64, plain: &[u8]) -> Vec<u8> {
        // Sealing fails only beyond 256 GiB.
        self.0.encrypt(&nonce(number), plain).unwrap_or_default()
    }

    /// Opens the pieces that [`pieces_of`] named, and gives the bytes of `wanted`.
    ///
    /// # Errors
    /// One does not open.
    pub(super) fn open(&self, wanted: &Range<u64>, sealed: &[u8]) -> Result<Vec<u8>, Damaged> {
        let first = wanted.start / PIECE_BYTES;
        let mut plain = Vec::with_capacity(sealed.len());
        for (number, piece) in (first..).zip(sealed.chunks((PIECE_BYTES + TAG_BYTES) as usize)) {
            plain.extend(self.0.decrypt(&nonce(number), piece).map_err(|_| Damaged)?);
        }
        let skip = (wanted.start - first * PIECE_BYTES) as usize;
        let length = (wanted.end - wanted.start) as usize;
        Ok(plain.get(skip..skip + length).ok_or(Damaged)?.to_vec())
    }
}

/// Where in the sealed file the pieces stand that hold `wanted` of a file of `size` bytes.
pub(super) fn pieces_of(wanted: &Range<u64>, size: u64) -> Range<u64> {
    let first = wanted.start / PIECE_BYTES;
    let last = wanted.end.div_ceil(PIECE_BYTES);
    let start = HEAD_BYTES + first * (PIECE_BYTES + TAG_BYTES);
    let end = (HEAD_BYTES + last * (PIECE_BYTES + TAG_BYTES)).min(sealed_bytes(size));
    start..end
}

/// How long a file of `size` bytes is once sealed.
pub(super) fn sealed_bytes(size: u64) -> u64 {
    HEAD_BYTES + size + size.div_ceil(PIECE_BYTES) * TAG_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut writer = SealedWriter::begin(Vec::new(), &KEY, [1; SALT_BYTES]).unwrap();
        for part in plain.chunks(1_000) {
            writer.write_all(part).unwrap();
        }
        let (file, length) = writer.finish().unwrap();
        assert_eq!((file.len() as u64, file.len() as u64), (length, sealed_bytes(plain.len() as u64)));
        file
    }

    fn read(file: &[u8], key: &[u8; KEY_BYTES], wanted: Range<u64>, size: u64) -> Result<Vec<u8>, Damaged> {
        let place = pieces_of(&wanted, size);
        let pieces = Pieces::of(key, &file[..HEAD_BYTES as usize])?;
        pieces.open(&wanted, &file[place.start as usize..place.end as usize])
    }

    #[test]
    fn any_part_is_read_without_the_rest() {
        for size in [0, 1, 65_535, 65_536, 65_537, 200_000_u64] {
            let plain: Vec<u8> = (0..size).map(|n| (n * 7 % 251) as u8).collect();
            let file = sealed(&plain);
            for wanted in [0..size, size / 3..size / 2, size.saturating_sub(1)..size, 0..size.min(44)] {
                let expected = &plain[wanted.start as usize..wanted.end as usize];
                assert_eq!(read(&file, &KEY, wanted.clone(), size).unwrap(), expected, "{wanted:?} of {size}");
            }
        }
    }

    #[test]
    fn damage_and_another_key_are_found() {
        let mut file = sealed(&[5; 100]);
        assert!(read(&file, &[8; KEY_BYTES], 0..100, 100).is_err());
        file[60] ^= 1;
        assert!(read(&file, &KEY, 0..100, 100).is_err());
        assert!(Pieces::of(&KEY, b"RIFF").is_err());
    }
}
