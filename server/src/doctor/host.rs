//! What the host has: room on its disks, open files, a voice.

use std::path::Path;

use rustix::fs::statvfs;
use rustix::process::{Resource, getrlimit};
use tokio::process::Command;

use super::Finding;
use crate::state::AppState;

/// Less than this fills in hours of recordings; calls stop being recorded when nothing is left.
const FEW_BYTES: u64 = 2 << 30;
/// Less than this is nothing.
const NO_BYTES: u64 = 100 << 20;
/// A call takes up to four, a browser one: with fewer a few hundred calls use them up.
const FEW_DESCRIPTORS: u64 = 65_536;

/// Room where calls, recordings and the embedded database are written.
pub(super) fn disk(app: &AppState) -> Vec<Finding> {
    let config = &app.config;
    let mut folders = vec![config.data_dir.clone()];
    if config.storage.s3_bucket.is_empty() {
        folders.push(config.storage.dir_in(&config.data_dir));
    }
    folders.dedup();
    folders.iter().map(|folder| room(folder)).collect()
}

fn room(folder: &Path) -> Finding {
    // A folder that is made at the first start has its parent's room.
    let Some(there) = folder.ancestors().find(|folder| folder.exists()).or(Some(Path::new("."))) else {
        return Finding::good("disk", "nothing is written");
    };
    let Ok(room) = statvfs(there) else {
        let message = format!("{} can't be looked at", folder.display());
        return Finding::failure("disk", message, "Let the server's user read and write the folder.");
    };
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let message = format!("{} MB are free in {}", free >> 20, folder.display());
    match free {
        free if free < NO_BYTES => Finding::failure("disk", message, "Make room: no call begins on a full disk."),
        free if free < FEW_BYTES => Finding::warning("disk", message, "Make room before recordings fill it."),
        _ => Finding::good("disk", message),
    }
}

/// How many files and sockets may be open.
pub(super) fn descriptors() -> Finding {
    let limit = getrlimit(Resource::Nofile).maximum;
    match limit {
        Some(limit) if limit < FEW_DESCRIPTORS => Finding::warning(
            "descriptors",
            format!("{limit} files and sockets may be open at a time"),
            format!("Raise the hard limit to {FEW_DESCRIPTORS} (systemd: LimitNOFILE={FEW_DESCRIPTORS})."),
        ),
        Some(limit) => Finding::good("descriptors", format!("{limit} files and sockets may be open at a time")),
        None => Finding::good("descriptors", "files and sockets have no limit"),
    }
}

/// Whether there is a voice for texts.
pub(super) async fn speech() -> Finding {
    match Command::new("espeak-ng").arg("--version").output().await {
        Ok(output) if output.status.success() => Finding::good("speech", "espeak-ng is there"),
        _ => Finding::failure(
            "speech",
            "espeak-ng is not there, so that `say` is silent where no other voice speaks",
            "Install it: apt install espeak-ng.",
        ),
    }
}
