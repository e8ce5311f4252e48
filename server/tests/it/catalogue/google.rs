//! Sign-in with Google.

use std::collections::BTreeSet;

use serde_json::json;

use super::{codes, fresh};
use crate::google::{link, signed_in, with_google};
use crate::support::Server;

pub(super) async fn provoke(like: &Server) -> BTreeSet<String> {
    let server = fresh(like).await;
    server.client().get("/v1/auth/google/start").await.expect_error("auth.google_not_configured");
    let mut answered = codes(&server);

    let (server, google) = with_google(like.another().await).await;
    let server = server.over_http().await;
    let forged = "/v1/auth/google/callback?code=x&state=y";
    server.client().get(forged).await.expect_error("auth.google_state_mismatch");
    let asha = signed_in(&server, &google, "1184", "asha@example.com").await;
    asha.post("/v1/auth/google/unlink", json!({})).await.expect_error("auth.cannot_unlink_only_auth");
    let brian = server.signed_in("brian@example.com").await;
    link(&server, &google, &brian, "1184", "brian@example.com").await.expect_error("auth.email_taken");

    answered.extend(codes(&server));

    let (server, _elsewhere) = with_google(like.another().await).await;
    let server = server.configured(|config| config.google.issuer.push_str("/nothing-here")).over_http().await;
    server.client().get("/v1/auth/google/start").await.expect_error("auth.google_exchange_failed");
    answered.extend(codes(&server));
    answered
}
