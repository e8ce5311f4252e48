//! Whether the folder of recordings is one that all nodes see: each leaves its name in it.
//!
//! A recording is stored by the node that recorded it and heard through any. Where each has a folder of its own, those of the
//! others seem to be gone, and only at some requests; so this is looked at when a node starts.

use std::io;
use std::path::Path;

use tokio::fs;

/// Leaves the name of `own` in the folder, and gives those of `others` that have left theirs elsewhere.
///
/// # Errors
/// The folder can't be read or written.
pub async fn elsewhere(folder: &Path, own: &str, others: &[String]) -> io::Result<Vec<String>> {
    let names = folder.join("nodes");
    fs::create_dir_all(&names).await?;
    fs::write(names.join(own), "").await?;
    let mut elsewhere = Vec::new();
    for other in others {
        if !fs::try_exists(names.join(other)).await? {
            elsewhere.push(other.clone());
        }
    }
    Ok(elsewhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_node_that_sees_another_folder_is_named() {
        let (shared, alone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let node = |name: &str| name.to_owned();
        assert!(elsewhere(shared.path(), "a", &[]).await.unwrap().is_empty());
        assert!(elsewhere(shared.path(), "b", &[node("a")]).await.unwrap().is_empty());
        assert_eq!(elsewhere(alone.path(), "c", &[node("a"), node("b")]).await.unwrap(), ["a", "b"]);
        assert_eq!(elsewhere(shared.path(), "a", &[node("b"), node("c")]).await.unwrap(), ["c"]);
    }
}
