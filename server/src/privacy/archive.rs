//! A tar archive that is written as it is sent: what is in memory is a piece of one file.

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use super::PrivacyError;

/// Files are padded to whole blocks, and two empty ones end the archive (POSIX.1-1988, ustar).
const BLOCK_BYTES: u64 = 512;

/// Where pieces go: a response, or a file.
pub(super) type Pieces = Sender<Result<Bytes, PrivacyError>>;

/// Nobody takes the archive any more.
#[derive(Debug, thiserror::Error)]
#[error("nobody takes the archive any more")]
pub(super) struct Gone;

/// The archive.
pub(super) struct Archive {
    to: Pieces,
    /// Seconds since 1970, of every file.
    pub(super) made_at: u64,
}

impl Archive {
    pub(super) fn new(to: Pieces, made_at: u64) -> Self {
        Self { to, made_at }
    }

    /// A whole file.
    pub(super) async fn file(&self, path: &str, content: Vec<u8>) -> Result<(), Gone> {
        let size = content.len() as u64;
        self.begin(path, size).await?;
        self.piece(content).await?;
        self.end(size).await
    }

    /// A file of `size` bytes begins; its pieces follow, then [`Archive::end`].
    pub(super) async fn begin(&self, path: &str, size: u64) -> Result<(), Gone> {
        self.piece(header(path, size, self.made_at)).await
    }

    /// A piece of the file that has begun.
    pub(super) async fn piece(&self, bytes: Vec<u8>) -> Result<(), Gone> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.to.send(Ok(bytes.into())).await.map_err(|_| Gone)
    }

    /// The file is over.
    pub(super) async fn end(&self, size: u64) -> Result<(), Gone> {
        let padding = size.next_multiple_of(BLOCK_BYTES) - size;
        self.piece(zeros(padding)).await
    }

    /// Nothing follows.
    pub(super) async fn finish(&self) -> Result<(), Gone> {
        self.piece(zeros(2 * BLOCK_BYTES)).await
    }

    /// It can not be finished: whoever takes it is told that it is broken.
    pub(super) async fn fail(&self, error: PrivacyError) {
        // Whoever has gone need not be told.
        let _ = self.to.send(Err(error)).await;
    }
}

pub(super) fn zeros(count: u64) -> Vec<u8> {
    vec![0; usize::try_from(count).unwrap_or_default()]
}

fn header(path: &str, size: u64, made_at: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    // Our own paths are short.
    let _ = header.set_path(path);
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(made_at);
    header.set_cksum();
    header.as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_was_put_in_comes_out() {
        let (to, mut from) = mpsc::channel(64);
        let archive = Archive::new(to, 1_000);
        archive.file("a/one.json", b"{}".to_vec()).await.unwrap();
        archive.begin("two.wav", 1_024).await.unwrap();
        archive.piece(vec![7; 1_000]).await.unwrap();
        archive.piece(vec![8; 24]).await.unwrap();
        archive.end(1_024).await.unwrap();
        archive.file("empty", Vec::new()).await.unwrap();
        archive.finish().await.unwrap();
        drop(archive);
        let mut bytes = Vec::new();
        while let Some(piece) = from.recv().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        let mut read = Vec::new();
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            read.push((path, content.len(), content.last().copied()));
        }
        let entry = |path: &str, size, last| (path.to_owned(), size, last);
        assert_eq!(
            read,
            [entry("a/one.json", 2, Some(b'}')), entry("two.wav", 1_024, Some(8)), entry("empty", 0, None)]
        );
    }
}
