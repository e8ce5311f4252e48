//! The embedded store: a folder. An object is written beside its place and then moved there, so that it is whole or absent.

use std::io::{ErrorKind, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::objects::{ObjectStore, Source, StoreError, parts};

/// A folder.
pub struct Local {
    folder: PathBuf,
}

impl Local {
    /// Made when the first object comes.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keys are made of ids and slashes; anything else would be a fault of ours, and never leads out of the folder.
    fn place(&self, key: &str) -> Result<PathBuf, StoreError> {
        let is_plain = |part: &str| {
            !part.is_empty() && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
        };
        match key.split('/').all(|part| is_plain(part) && part != "." && part != "..") {
            true => Ok(self.folder.join(key)),
            false => Err(StoreError::Failed(format!("`{key}` is no key"))),
        }
    }
}

#[async_trait]
impl ObjectStore for Local {
    async fn put(&self, key: &str, source: &dyn Source) -> Result<(), StoreError> {
        let place = self.place(key)?;
        let folder = place.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).await.map_err(failed)?;
        let beside = place.with_extension("part");
        let mut file = fs::File::create(&beside).await.map_err(failed)?;
        for part in parts(source.bytes()) {
            file.write_all(&source.read(part).await?).await.map_err(failed)?;
        }
        file.sync_all().await.map_err(failed)?;
        fs::rename(&beside, &place).await.map_err(failed)
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let mut file = fs::File::open(self.place(key)?).await.map_err(failed)?;
        file.seek(SeekFrom::Start(range.start)).await.map_err(failed)?;
        let length = range.end.saturating_sub(range.start);
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.take(length).read_to_end(&mut bytes).await.map_err(failed)?;
        Ok(bytes)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        match fs::remove_file(self.place(key)?).await.map_err(failed) {
            Err(StoreError::Gone) => Ok(()),
            done => done,
        }
    }

    async fn presigned(&self, _: &str, _: Duration) -> Result<Option<String>, StoreError> {
        Ok(None)
    }
}

fn failed(error: std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::NotFound => StoreError::Gone,
        _ => StoreError::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(Vec<u8>);

    #[async_trait]
    impl Source for Bytes {
        fn bytes(&self) -> u64 {
            self.0.len() as u64
        }

        async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
            Ok(self.0[range.start as usize..range.end as usize].to_vec())
        }
    }

    #[tokio::test]
    async fn what_is_put_is_read_in_parts_and_gone_once_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::new(folder.path().join("deep"));
        let bytes: Vec<u8> = (0..9_000_000_u32).map(|n| (n % 251) as u8).collect();
        store.put("a/b.wav", &Bytes(bytes.clone())).await.unwrap();
        assert_eq!(store.read("a/b.wav", 8_000_000..9_000_000).await.unwrap(), bytes[8_000_000..]);
        store.delete("a/b.wav").await.unwrap();
        store.delete("a/b.wav").await.unwrap();
        assert_eq!(store.read("a/b.wav", 0..1).await, Err(StoreError::Gone));
    }

    #[tokio::test]
    async fn no_key_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::new(folder.path().to_owned());
        for key in ["../a", "/etc/passwd", "a/../../b", "", "a//b", "a\0b"] {
            assert!(matches!(store.read(key, 0..1).await, Err(StoreError::Failed(_))), "{key:?}");
        }
    }
}
