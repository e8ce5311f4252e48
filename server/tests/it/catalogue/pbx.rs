//! Events of external PBXs.

use std::collections::BTreeSet;

use serde_json::json;

use super::codes;
use crate::calls::pbx::{event, rings, tell, tell_signed, with_source};
use crate::calls::support::Scene;
use crate::support::Server;

/// A server over HTTP with a PBX that may tell of the calls of these workspaces.
async fn fresh(like: &Server, workspaces: &[&str]) -> Server {
    with_source(like.another().await, workspaces).over_http().await
}

pub(super) async fn provoke(like: &Server) -> BTreeSet<String> {
    let scene = Scene::set(fresh(like, &["*"]).await).await;
    let server = &scene.server;
    let workspace = scene.asha.workspace_id().await;
    let too_long = "x".repeat(20_000);
    tell(server, &json!({ "event_id": too_long })).await.expect_error("pbx.body_read_failed");
    tell(server, &json!({ "event_id": "1" })).await.expect_error("pbx.payload_decode_failed");
    let unsigned = ("nobody", "no-secret", server.app.now_us() / 1_000_000);
    tell_signed(server, "{}", unsigned).await.expect_error("pbx.signature_invalid");
    let ended = event(server, &workspace, "1", "call.ended", json!({}));
    tell(server, &ended).await.expect_error("pbx.resolve_failed");
    let mut answered = codes(server);

    let scene = Scene::set(fresh(like, &["of-nobody"]).await).await;
    let server = &scene.server;
    let ringing = event(server, &scene.asha.workspace_id().await, "1", "call.ringing", rings());
    tell(server, &ringing).await.expect_error("pbx.unknown_workspace");
    answered.extend(codes(server));

    let scene = Scene::set(fresh(like, &["*"]).await).await;
    let server = &scene.server;
    let ringing = event(server, &scene.asha.workspace_id().await, "1", "call.ringing", rings());
    server.app.db.close().await;
    tell(server, &ringing).await.expect_error("pbx.ingest_failed");
    answered.extend(codes(server));
    answered
}
