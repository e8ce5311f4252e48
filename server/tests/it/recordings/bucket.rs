//! A workspace's own bucket, against an S3 that checks signatures and their expiry.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use sautikit::recordings::{self, Attempts};
use sautikit::secrets::hex;
use sautikit::storage::{Bucket, Source, StoreError, Stores};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::playing::files_in;
use crate::calls::support::Scene;
use crate::support::{Server, on_each_engine, within};

const SECRET: &str = "a+secret/with=signs";

on_each_engine! {
    recordings_go_to_the_workspaces_own_bucket_and_are_played_from_there
    a_bucket_that_is_away_for_a_while_loses_nothing
    large_objects_and_strange_keys_survive
    nothing_opens_a_bucket_but_a_fresh_signature
    a_bucket_is_set_shown_without_its_secret_and_removed
    a_bucket_is_reached_at_public_addresses_only
}

/// An S3 with one bucket; dropped, it answers no more.
struct S3 {
    address: SocketAddr,
    _task: JoinSet<()>,
}

impl S3 {
    /// At that port, 0 for a free one.
    async fn serve(folder: &Path, port: u16) -> Self {
        std::fs::create_dir_all(folder.join("simba-recordings")).expect("a bucket");
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder).expect("a folder"));
        service.set_auth(SimpleAuth::from_single("AKIA", SECRET));
        let service = service.build();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                connections.spawn(async move {
                    let http = hyper::server::conn::http1::Builder::new();
                    let _ = http.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self { address, _task: task }
    }

    fn settings(&self, prefix: &str) -> Bucket {
        Bucket {
            endpoint: format!("http://{}", self.address),
            region: "us-east-1".to_owned(),
            name: "simba-recordings".to_owned(),
            prefix: prefix.to_owned(),
            access_key_id: "AKIA".to_owned(),
            secret_access_key: SECRET.to_owned(),
        }
    }
}

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

async fn set(scene: &Scene, s3: &S3) {
    let mut body = bucket(&format!("http://{}", s3.address));
    body["secret_access_key"] = json!(SECRET);
    scene.asha.put("/v1/storage/bucket", body).await.expect(200);
}

async fn recordings_go_to_the_workspaces_own_bucket_and_are_played_from_there(server: Server) {
    let folder = tempfile::tempdir().expect("a folder");
    let (scene, s3) = (Scene::set(server).await, S3::serve(folder.path(), 0).await);
    set(&scene, &s3).await;
    let order = scene.place().await;
    let id = scene.recorded(order.call_id).await;
    let shown = scene.asha.get(&format!("/v1/recordings/{id}")).await.expect(200).json;
    assert_eq!((&shown["status"], &shown["expires_at"]), (&json!("ready"), &json!(null)), "{shown}");
    let storage = scene.asha.get("/v1/storage").await.expect(200).json;
    assert_eq!((&storage["used_bytes"], &storage["recordings"]), (&json!(0), &json!(0)));
    let asha = scene.asha.with("accept", "application/json");
    let ready = asha.get(&format!("/v1/calls/{}/recording", order.call_id)).await.expect(200).json;
    let url = ready["url"].as_str().expect("a URL");
    assert!(url.starts_with(&format!("http://{}/simba-recordings/voice%20mail%2B/recordings/", s3.address)), "{url}");
    let played = reqwest::get(url).await.expect("an answer");
    assert_eq!(played.status(), 200);
    let bytes = played.bytes().await.expect("a body");
    assert_eq!((&bytes[..4], json!(hex(&Sha256::digest(&bytes)))), (&b"RIFF"[..], shown["sha256"].clone()));
    // Its former place is found although the workspace has left it.
    scene.asha.delete("/v1/storage/bucket").await.expect(204);
    asha.get(&format!("/v1/recordings/{id}/audio")).await.expect(200);
    scene.asha.delete(&format!("/v1/recordings/{id}")).await.expect(204);
    assert_eq!(reqwest::get(url).await.expect("an answer").status(), 404);
}

async fn a_bucket_that_is_away_for_a_while_loses_nothing(server: Server) {
    let folder = tempfile::tempdir().expect("a folder");
    let (scene, s3) = (Scene::set(server).await, S3::serve(folder.path(), 0).await);
    set(&scene, &s3).await;
    let port = s3.address.port();
    drop(s3);
    let order = scene.place().await;
    let running = scene.recording(order.call_id).await;
    running.leave(&scene.server.app, &running.file());
    let mut attempts = Attempts::default();
    for _ in 0..3 {
        recordings::look(&scene.server.app, &mut attempts).await;
        assert_eq!(scene.call(order.call_id).await["recording_status"], "processing");
        scene.advance(600_000);
    }
    let _s3 = S3::serve(folder.path(), port).await;
    recordings::look(&scene.server.app, &mut attempts).await;
    assert_eq!(scene.call(order.call_id).await["recording_status"], "ready");
    assert_eq!(files_in(&recordings::folder(&scene.server.app)), 0);
}

async fn large_objects_and_strange_keys_survive(server: Server) {
    let folder = tempfile::tempdir().expect("a folder");
    let s3 = S3::serve(folder.path(), 0).await;
    let store = Stores::of_bucket(&server.app, &s3.settings("a b+c/ä=&/"));
    let large: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    for key in ["plain", "plus+sign", "with space", "percent%20", "slash/and/more"] {
        store.put(key, &Bytes(key.as_bytes().to_vec())).await.expect("put");
        assert_eq!(store.read(key, 0..key.len() as u64).await.expect("read"), key.as_bytes());
    }
    store.put("large", &Bytes(large.clone())).await.expect("put in parts");
    assert_eq!(store.read("large", 9_000_000..9_000_100).await.expect("read"), large[9_000_000..9_000_100]);
    let url = store.presigned("plus+sign", Duration::from_secs(60)).await.expect("signed").expect("a URL");
    assert_eq!(reqwest::get(url).await.expect("an answer").text().await.expect("a body"), "plus+sign");
    store.delete("large").await.expect("deleted");
    assert_eq!(store.read("large", 0..1).await, Err(StoreError::Gone));
    store.delete("large").await.expect("is gone already");
}

async fn nothing_opens_a_bucket_but_a_fresh_signature(server: Server) {
    let folder = tempfile::tempdir().expect("a folder");
    let s3 = S3::serve(folder.path(), 0).await;
    let store = Stores::of_bucket(&server.app, &s3.settings(""));
    store.put("one", &Bytes(b"one".to_vec())).await.expect("put");
    let status = async |url: String| reqwest::get(url).await.expect("an answer").status().as_u16();
    let signed =
        async |seconds| store.presigned("one", Duration::from_secs(seconds)).await.expect("signed").expect("a URL");
    let url = signed(60).await;
    assert_eq!(status(url.clone()).await, 200);
    let (head, signature) = url.split_once("X-Amz-Signature=").expect("a signature");
    let (first, rest) = signature.split_at(1);
    let other = if first == "0" { "1" } else { "0" };
    assert_eq!(status(format!("{head}X-Amz-Signature={other}{rest}")).await, 403, "tampered");
    assert_eq!(status(url.replace("X-Amz-Expires=60", "X-Amz-Expires=900")).await, 403, "prolonged");
    assert_eq!(status(format!("http://{}/simba-recordings/one", s3.address)).await, 403, "unsigned");
    // A date of whole seconds: it may be over before it is asked for.
    let short = signed(1).await;
    let is_over = async || (status(short.clone()).await == 403).then_some(());
    within(Duration::from_secs(30), "the signature's end", is_over).await;
    let mut wrong = s3.settings("");
    wrong.secret_access_key = "another".to_owned();
    assert!(matches!(Stores::of_bucket(&server.app, &wrong).read("one", 0..3).await, Err(StoreError::Failed(_))));
}

fn bucket(endpoint: &str) -> Value {
    json!({ "endpoint": endpoint, "bucket": "simba-recordings", "prefix": "voice mail+/", "access_key_id": "AKIA",
        "secret_access_key": "told-to-nobody" })
}

async fn a_bucket_is_set_shown_without_its_secret_and_removed(server: Server) {
    let scene = Scene::set(server).await;
    let asha = &scene.asha;
    let set = asha.put("/v1/storage/bucket", bucket("https://s3.example.com/")).await.expect(200);
    assert_eq!(
        set.json["bucket"],
        json!({ "endpoint": "https://s3.example.com", "region": "us-east-1", "bucket": "simba-recordings",
            "prefix": "voice mail+/", "access_key_id": "AKIA" })
    );
    let shown = asha.get("/v1/storage").await.expect(200);
    assert!(!shown.text.contains("told-to-nobody") && shown.json["bucket"] == set.json["bucket"]);
    let stored = sqlx::query_scalar::<_, String>("select bucket from workspace_storage");
    let stored = stored.fetch_one(scene.server.app.db.pool()).await.unwrap();
    assert!(!stored.contains("told-to-nobody"), "sealed");
    for (member, value) in [
        ("bucket", json!("a/b")),
        ("bucket", json!("x")),
        ("prefix", json!("/from/the/root")),
        ("access_key_id", json!("")),
        ("secret_access_key", json!("with blanks")),
    ] {
        let mut wrong = bucket("https://s3.example.com");
        wrong[member] = value;
        let refused = asha.put("/v1/storage/bucket", wrong).await.expect(400);
        assert_eq!(refused.json["error"]["field"], member, "{}", refused.text);
    }
    asha.delete("/v1/storage/bucket").await.expect(204);
    assert!(asha.get("/v1/storage").await.expect(200).json["bucket"].is_null());
}

async fn a_bucket_is_reached_at_public_addresses_only(server: Server) {
    let scene = Scene::set(server).await;
    for endpoint in [
        "http://s3.example.com",
        "https://10.0.0.1",
        "https://169.254.169.254",
        "https://[::ffff:192.168.0.1]",
        "https://user:pw@s3.example.com",
        "https://s3.example.com/path",
        "https://s3.example.com:25",
        "s3.example.com",
    ] {
        let refused = scene.asha.put("/v1/storage/bucket", bucket(endpoint)).await.expect(400);
        assert_eq!(refused.json["error"]["field"], "endpoint", "{endpoint}: {}", refused.text);
    }
}
