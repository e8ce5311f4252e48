//! The place of the embedded database fails: its files are deleted while it runs, or its disk is full.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::carrier::Carrier;
use super::node::{FROM, Node, eventually};

/// Small enough to be filled at once, and room for a database of a test.
const DISK: &str = "size=16m";

#[tokio::test]
async fn deleted_files_stop_every_write_at_once_and_the_node_is_not_ready() {
    for files in [&["sautikit.db", "sautikit.db-wal", "sautikit.db-shm"][..], &["sautikit.db"], &["sautikit.db-wal"]] {
        let carrier = Carrier::start().await;
        let node = Node::start(carrier.address, 60).await;
        assert_eq!(node.get("/readyz").await.status, 200);
        for file in files {
            std::fs::remove_file(node.data().join(file)).expect("deleted");
        }
        // The log is missed at the next write, which a node makes every few seconds by itself.
        eventually("the node is not ready", async || (node.get("/readyz").await.status == 503).then_some(())).await;
        let writes = [("/v1/calls", json!({ "from": FROM, "to": "+254722000042" })), ("/v1/sip/token", json!({}))];
        for (path, body) in writes {
            let refused = node.post(path, body).await;
            assert_eq!(
                (refused.status, &refused.json["error"]["code"]),
                (503, &json!("storage.unavailable")),
                "{path}"
            );
            assert!(refused.retry_after.is_some());
        }
        assert!(carrier.requests("INVITE").is_empty());
        let is_made_anew = files.contains(&"sautikit.db") && node.data().join("sautikit.db").exists();
        assert!(!is_made_anew, "the next start would take an empty file for the database");
    }
}

#[tokio::test]
async fn a_full_disk_is_told_at_once_and_forgotten_when_there_is_room_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    // Only root may mount.
    let Some(_disk) = Disk::mounted_at(&data) else { return };
    let carrier = Carrier::start().await;
    let node = Node::start_in(folder, carrier.address, 60).await;
    let filler = data.join("filler");
    let filled = Command::new("dd").args(["if=/dev/zero", "bs=64k"]).arg(format!("of={}", filler.display())).output();
    assert!(!filled.expect("dd").status.success(), "the disk is full now");

    eventually("the node is not ready", async || (node.get("/readyz").await.status == 503).then_some(())).await;
    for identity in ["one", "two", "three"] {
        let refused = node.post("/v1/sip/token", json!({ "identity": identity })).await;
        assert_eq!((refused.status, &refused.json["error"]["code"]), (503, &json!("storage.unavailable")));
    }
    let refused = node.post("/v1/calls", json!({ "from": FROM, "to": "+254722000042" })).await;
    assert_eq!((refused.status, &refused.json["error"]["code"]), (503, &json!("storage.unavailable")));

    std::fs::remove_file(filler).expect("deleted");
    eventually("the node is ready", async || (node.get("/readyz").await.status == 200).then_some(())).await;
    let body = json!({ "from": FROM, "to": "+254722000042" });
    eventually("calls are recorded", async || (node.post("/v1/calls", body.clone()).await.status == 202).then_some(()))
        .await;
}

#[tokio::test]
async fn production_begins_with_no_empty_database_where_there_was_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = production(folder.path());
    assert_eq!(begin(&config).await, Ok(()), "the first start");
    let database = folder.path().join("data/sautikit.db");
    std::fs::remove_file(&database).expect("deleted");
    let refusal = begin(&config).await.expect_err("refused");
    let marker = folder.path().join("data/database.created");
    assert!(refusal.contains("is gone") && refusal.contains(&marker.display().to_string()), "{refusal}");
    assert!(!database.exists());
    std::fs::remove_file(marker).expect("deleted");
    assert_eq!(begin(&config).await, Ok(()), "the operator has said so");
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = production(folder.path());
    let settings = std::fs::read_to_string(&config).expect("the configuration");
    std::fs::write(&config, format!("{settings}[log]\nfilter = \"trace\"\n")).expect("the configuration");
    let mut process = tokio::process::Command::new(env!("CARGO_BIN_EXE_sautikit"))
        .arg("--config")
        .arg(config)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the server starts");
    let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
    let ready = lines.next_line().await.expect("text").expect("it is ready");
    let http = ready.split(' ').find_map(|word| word.strip_prefix("http=")).expect("an address");
    let client = reqwest::Client::new();
    // Each leaves more lines than the last ones' room.
    for _ in 0..200 {
        let answer = client.get(format!("http://{http}/healthz")).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
    }
    let mut said = vec![0; 1 << 16];
    let mut errors = process.stderr.take().expect("its errors");
    errors.read_exact(&mut said).await.expect("a pipe that was full");
}

/// Settings with which production starts.
fn production(folder: &Path) -> PathBuf {
    let settings = format!(
        "env = \"production\"\ndata_dir = {data:?}\n[http]\nlisten = \"127.0.0.1:0\"\n\
         public_url = \"https://sautikit.example\"\n[sip]\nlisten = \"127.0.0.1:0\"\n[media]\nlisten = \"127.0.0.1:0\"\n\
         [metrics]\nlisten = \"\"\n[mail]\nsmtp_url = \"smtp://127.0.0.1:9?tls=required\"\n\
         [secrets]\nmaster_key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n\
         [sandbox]\nenabled = false\n",
        data = folder.join("data"),
    );
    let path = folder.join("sautikit.toml");
    std::fs::write(&path, settings).expect("the configuration");
    path
}

/// Starts the server and kills it as soon as it is ready; what it said where it did not start.
async fn begin(config: &Path) -> Result<(), String> {
    let mut process = tokio::process::Command::new(env!("CARGO_BIN_EXE_sautikit"))
        .arg("--config")
        .arg(config)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the server starts");
    let ready = BufReader::new(process.stdout.take().expect("its output")).lines().next_line().await.expect("text");
    if ready.is_some() {
        process.kill().await.expect("killed");
        return Ok(());
    }
    let mut said = String::new();
    process.stderr.take().expect("its errors").read_to_string(&mut said).await.expect("text");
    Err(said)
}

/// A small disk of its own, in memory.
struct Disk(PathBuf);

impl Disk {
    fn mounted_at(folder: &Path) -> Option<Self> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(folder).output().ok()?;
        mounted.status.success().then(|| Self(folder.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the node may still have it open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
