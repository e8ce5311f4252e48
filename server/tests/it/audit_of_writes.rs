//! Every endpoint of the API document that writes leaves an entry in the audit log, and no entry holds a secret.

use std::collections::{BTreeMap, BTreeSet};

use sautikit::http::openapi;
use serde_json::{Value, json};
use sqlx::Row;

use crate::calls::support::{FROM, Scene, TO};
use crate::support::{Answer, Client, Server, on_each_engine};
use crate::webhooks::rows::rows;

on_each_engine! { every_write_is_in_the_log }

/// Endpoints that leave no entry, each with its reason.
const UNLOGGED: &[(&str, &str)] = &[
    ("post /v1/auth/magic-link", "nobody is known yet, and nothing but a mail comes of it"),
    ("post /v1/actions/validate", "it reads a document, and changes nothing"),
    ("post /v1/admin/payments/reconcile", "it compares; each payment that it takes in has an entry of its own"),
    ("post /v1/sandbox/inbound", "it plays a stranger who calls; the call is recorded like any other"),
];

/// Endpoints whose effect needs a call that talks or waits, or a stranger at the SIP port: `gateway/conference.rs`,
/// `gateway/queue.rs` and `gateway/strangers.rs` look for their entries.
const WHERE_A_GATEWAY_RUNS: &[&str] = &[
    "delete /v1/admin/sip/strangers/{address}",
    "delete /v1/conferences/{id}",
    "delete /v1/conferences/{id}/members/{call_id}",
    "delete /v1/queues/{id}/members/{call_id}",
    "patch /v1/conferences/{id}/members/{call_id}",
    "post /v1/conferences/{id}/announce",
];

/// Kinds that change something that stays: their entries say what it was before and what it is now.
const CHANGES: &[&str] = &[
    "alerts.changed",
    "api_key.rotated",
    "limits.ceiling_changed",
    "limits.changed",
    "member.role_changed",
    "number.routing_changed",
    "provider.updated",
    "series.updated",
    "user.language_chosen",
    "user.renamed",
    "webhook.secret_rotated",
    "webhook.updated",
    "workspace.updated",
];

async fn every_write_is_in_the_log(server: Server) {
    let scene = Scene::set(server).await;
    let mut walk = Walk { server: &scene.server, seen: BTreeSet::new(), secrets: Vec::new() };
    let owner = scene.asha.clone();
    let newcomer = walk.newcomer().await;
    walk.people(&owner, &newcomer).await;
    walk.keys(&owner).await;
    walk.telephony(&owner).await;
    walk.recordings(&scene).await;
    walk.privacy(&owner).await;
    let operator = scene.server.operator().await;
    walk.limits(&scene, &operator).await;
    walk.payments(&owner, &operator).await;
    walk.trunks(&operator).await;
    walk.webhooks(&owner).await;
    walk.supply(&owner, &operator).await;
    walk.prices(&operator).await;
    walk.workspaces(&owner, &operator).await;
    walk.sessions().await;
    walk.finish().await;
}

struct Walk<'a> {
    server: &'a Server,
    seen: BTreeSet<String>,
    /// What must not stand in the log.
    secrets: Vec<String>,
}

impl Walk<'_> {
    /// Runs one request of the endpoint, which succeeds and leaves an entry of the kind.
    async fn logs(&mut self, endpoint: &str, kind: &str, request: impl Future<Output = Answer>) -> Answer {
        let before = self.entries(kind).await;
        let answer = request.await;
        assert!((200..300).contains(&answer.status), "{endpoint}: {} {}", answer.status, answer.text);
        assert_eq!(self.entries(kind).await, before + 1, "{endpoint} leaves one {kind}");
        self.seen.insert(endpoint.to_owned());
        answer
    }

    async fn entries(&self, kind: &str) -> i64 {
        let count = sqlx::query_scalar("select count(*) from audit_log where action_kind = $1").bind(kind);
        count.fetch_one(self.server.app.db.pool()).await.unwrap()
    }

    async fn newcomer(&mut self) -> Client {
        let client = self.server.client();
        client.post("/v1/auth/magic-link", json!({ "email": "new@example.com" })).await.expect(202);
        let body = json!({ "token": self.server.token_of_last_mail() });
        let verify = client.post("/v1/auth/magic-link/verify", body);
        let signed_in = self.logs("post /v1/auth/magic-link/verify", "session.opened", verify).await;
        self.secrets.extend([self.server.token_of_last_mail(), signed_in.cookie("sk_session")]);
        let client = client.with_cookie(signed_in.cookie("sk_session"));
        let body = json!({ "name": "N", "workspace_name": "New", "country": "KE", "currency": "KES" });
        self.logs("post /v1/auth/onboarding", "workspace.created", client.post("/v1/auth/onboarding", body)).await;
        let language = client.patch("/v1/auth/me", json!({ "language": "sw" }));
        self.logs("patch /v1/auth/me", "user.language_chosen", language).await;
        client.patch("/v1/auth/me", json!({ "language": "fr" })).await.expect_error("validation.bad_request");
        self.logs("patch /v1/auth/me", "user.renamed", client.patch("/v1/auth/me", json!({ "name": "M" }))).await;
        client
    }

    async fn people(&mut self, owner: &Client, newcomer: &Client) {
        let invite =
            || owner.post("/v1/workspace/invitations", json!({ "email": "new@example.com", "role": "viewer" }));
        let created = "invitation.created";
        let invited = self.logs("post /v1/workspace/invitations", created, invite()).await;
        self.secrets.push(self.server.token_of_last_mail());
        let path = format!("/v1/workspace/invitations/{}", id(&invited));
        self.logs("delete /v1/workspace/invitations/{id}", "invitation.withdrawn", owner.delete(&path)).await;
        let user = newcomer.get("/v1/auth/me").await.expect(200);
        for (verb, kind) in [("decline", "invitation.declined"), ("accept", "invitation.accepted")] {
            invite().await.expect(201);
            let path = format!("/v1/invitations/{}/{verb}", self.server.token_of_last_mail());
            let endpoint = format!("post /v1/invitations/{{token}}/{verb}");
            self.logs(&endpoint, kind, newcomer.post(&path, json!({}))).await;
        }
        let path = format!("/v1/workspace/members/{}", id(&user));
        let change = owner.patch(&path, json!({ "role": "finance" }));
        self.logs("patch /v1/workspace/members/{user_id}", "member.role_changed", change).await;
        self.logs("delete /v1/workspace/members/{user_id}", "member.removed", owner.delete(&path)).await;
    }

    async fn keys(&mut self, owner: &Client) {
        let create = owner.post("/v1/api-keys", json!({ "name": "k" }));
        let made = self.logs("post /v1/api-keys", "api_key.created", create).await;
        let path = format!("/v1/api-keys/{}", id(&made));
        let rotate = async { owner.send("POST", &format!("{path}/rotate"), None, "").await };
        let rotated = self.logs("post /v1/api-keys/{id}/rotate", "api_key.rotated", rotate).await;
        self.secrets.extend([&made, &rotated].map(|answer| answer.json["key"].as_str().expect("a key").to_owned()));
        self.logs("delete /v1/api-keys/{id}", "api_key.revoked", owner.delete(&path)).await;
    }

    async fn telephony(&mut self, owner: &Client) {
        let top_up = json!({ "method": "mpesa", "amount_minor": 50_000, "phone": "+254722000001" });
        self.logs("post /v1/wallet/top-ups", "top_up.requested", owner.post("/v1/wallet/top-ups", top_up)).await;
        let available = owner.get("/v1/numbers/available?country=KE&currency=KES").await.expect(200).json;
        let path = format!("/v1/numbers/{}", available[0]["id"].as_str().expect("an id"));
        let claim = async { owner.post(&format!("{path}/claim"), json!({})).await };
        let claimed = self.logs("post /v1/numbers/{id}/claim", "number.claimed", claim).await;
        let path = format!("/v1/numbers/{}", id(&claimed));
        let routing = json!({ "voice_callback_url": "http://127.0.0.1:9000/voice" });
        let route = async { owner.patch(&format!("{path}/routing"), routing).await };
        self.logs("patch /v1/numbers/{id}/routing", "number.routing_changed", route).await;
        self.devices(owner, &path).await;
        self.logs("delete /v1/numbers/{id}", "number.released", owner.delete(&path)).await;
        let minted = self.logs("post /v1/sip/token", "sip_token.minted", owner.post("/v1/sip/token", json!({}))).await;
        self.secrets.push(minted.json["token"].as_str().expect("a token").to_owned());
        let body = json!({ "from": FROM, "to": TO });
        let placed = self.logs("post /v1/calls", "call.placed", owner.post("/v1/calls", body.clone())).await;
        self.logs("post /v1/calls/originate", "call.placed", owner.post("/v1/calls/originate", body)).await;
        let path = format!("/v1/calls/{}/actions", placed.json["call_id"].as_str().expect("an id"));
        let replace = owner.post(&path, json!({ "actions": [{ "hangup": {} }] }));
        self.logs("post /v1/calls/{id}/actions", "call.actions_replaced", replace).await;
        let path = format!("/v1/calls/{}/stream/revoke", placed.json["call_id"].as_str().expect("an id"));
        let revoke = owner.post(&path, json!({}));
        self.logs("post /v1/calls/{id}/stream/revoke", "call.stream_revoked", revoke).await;
        let path = format!("/v1/calls/{}/hangup", placed.json["call_id"].as_str().expect("an id"));
        self.logs("post /v1/calls/{id}/hangup", "call.ended_by_request", owner.post(&path, json!({}))).await;
        let path = format!("/v1/admin/calls/{}/hangup", placed.json["call_id"].as_str().expect("an id"));
        let operator = self.server.operator().await;
        let hang_up = operator.post(&path, json!({}));
        self.logs("post /v1/admin/calls/{id}/hangup", "call.ended_by_request", hang_up).await;
    }

    async fn privacy(&mut self, owner: &Client) {
        let erase = owner.post("/v1/privacy/erasures", json!({ "number": "+254722000099" }));
        self.logs("post /v1/privacy/erasures", "privacy.number_erased", erase).await;
    }

    /// What a number has of its own.
    async fn devices(&mut self, owner: &Client, number: &str) {
        let (rotate, test) = (format!("{number}/routing/rotate-secret"), format!("{number}/routing/test"));
        let secret = async { owner.send("POST", &rotate, None, "").await };
        let endpoint = "post /v1/numbers/{id}/routing/rotate-secret";
        let secret = self.logs(endpoint, "number.signing_secret_rotated", secret).await;
        self.secrets.push(secret.json["secret"].as_str().expect("a secret").to_owned());
        // Nobody listens there, which the answer tells.
        let test = async { owner.send("POST", &test, None, "").await };
        self.logs("post /v1/numbers/{id}/routing/test", "number.routing_tested", test).await;
        let check = owner.post("/v1/actions/check", json!({ "url": "http://127.0.0.1:1025/voice" }));
        self.logs("post /v1/actions/check", "handler.checked", check).await;
        let path = format!("{number}/sip-credentials");
        let create = async { owner.post(&path, json!({ "label": "reception" })).await };
        let made = self.logs("post /v1/numbers/{id}/sip-credentials", "sip_credential.created", create).await;
        let path = format!("{path}/{}", id(&made));
        let rotate = async { owner.send("POST", &format!("{path}/rotate"), None, "").await };
        let endpoint = "post /v1/numbers/{id}/sip-credentials/{cid}/rotate";
        let rotated = self.logs(endpoint, "sip_credential.rotated", rotate).await;
        self.secrets.extend([&made, &rotated].map(|answer| answer.json["password"].as_str().expect("one").to_owned()));
        let endpoint = "patch /v1/numbers/{id}/sip-credentials/{cid}";
        self.logs(endpoint, "sip_credential.changed", owner.patch(&path, json!({ "srtp": "required" }))).await;
        let endpoint = "delete /v1/numbers/{id}/sip-credentials/{cid}";
        self.logs(endpoint, "sip_credential.revoked", owner.delete(&path)).await;
    }

    async fn recordings(&mut self, scene: &Scene) {
        let (owner, call) = (&scene.asha, scene.place().await.call_id);
        scene.recording(call).await;
        for (verb, kind) in [("pause", "recording.paused"), ("resume", "recording.resumed")] {
            let path = format!("/v1/calls/{call}/recording/{verb}");
            let change = owner.post(&path, json!({}));
            self.logs(&format!("post /v1/calls/{{id}}/recording/{verb}"), kind, change).await;
        }
        let path = format!("/v1/recordings/{}", scene.recorded(call).await);
        self.logs("delete /v1/recordings/{id}", "recording.deleted", owner.delete(&path)).await;
        let switch = owner.put("/v1/storage/tier", json!({ "tier": "extended" }));
        self.logs("put /v1/storage/tier", "storage.tier_changed", switch).await;
        let bucket = json!({ "endpoint": "https://s3.example.com", "bucket": "simba-recordings", "access_key_id": "AKIA",
            "secret_access_key": "of-the-bucket-alone" });
        self.secrets.push("of-the-bucket-alone".to_owned());
        let set = owner.put("/v1/storage/bucket", bucket);
        self.logs("put /v1/storage/bucket", "storage.bucket_set", set).await;
        let remove = owner.delete("/v1/storage/bucket");
        self.logs("delete /v1/storage/bucket", "storage.bucket_removed", remove).await;
    }

    async fn limits(&mut self, scene: &Scene, operator: &Client) {
        let set = scene.asha.put("/v1/wallet/limits", json!({ "concurrent_calls": 50 }));
        self.logs("put /v1/wallet/limits", "limits.changed", set).await;
        let path = format!("/v1/admin/workspaces/{}", scene.asha.workspace_id().await);
        let ceiling = async { operator.put(&format!("{path}/limits"), json!({ "concurrent_calls": 90 })).await };
        self.logs("put /v1/admin/workspaces/{id}/limits", "limits.ceiling_changed", ceiling).await;
        let threshold = scene.asha.put("/v1/wallet/alerts", json!({ "low_balance_threshold_minor": 500 }));
        self.logs("put /v1/wallet/alerts", "alerts.changed", threshold).await;
        let path_of_all = "/v1/wallet/alert-subscribers";
        let add = scene.asha.post(path_of_all, json!({ "email": "books@example.com" }));
        let added = self.logs("post /v1/wallet/alert-subscribers", "alert_subscriber.added", add).await;
        let path_of_one = format!("{path_of_all}/{}", id(&added));
        let remove = scene.asha.delete(&path_of_one);
        self.logs("delete /v1/wallet/alert-subscribers/{id}", "alert_subscriber.removed", remove).await;
        scene.freeze().await;
        let go_on = scene.asha.post("/v1/wallet/unfreeze", json!({}));
        self.logs("post /v1/wallet/unfreeze", "calls.unfrozen", go_on).await;
        scene.freeze().await;
        let go_on = async { operator.post(&format!("{path}/unfreeze"), json!({})).await };
        self.logs("post /v1/admin/workspaces/{id}/unfreeze", "calls.unfrozen", go_on).await;
    }

    async fn payments(&mut self, owner: &Client, operator: &Client) {
        for receipt in ["RKT1ABCDE1", "RKT1ABCDE2", "RKT1ABCDE3"] {
            self.server.unmatched_payment(receipt).await;
        }
        let claim = json!({ "receipt": "RKT1ABCDE1", "amount_minor": 100_000, "phone": "+254722000001" });
        let claim = owner.post("/v1/wallet/payment-claims", claim);
        self.logs("post /v1/wallet/payment-claims", "payment.claimed", claim).await;
        let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
        let path = |place: usize| format!("/v1/admin/payments/{}", waiting[place]["id"].as_str().expect("an id"));
        let workspace_id = owner.workspace_id().await;
        let assign =
            async { operator.post(&format!("{}/assign", path(0)), json!({ "workspace_id": workspace_id })).await };
        self.logs("post /v1/admin/payments/{id}/assign", "payment.assigned", assign).await;
        let path_of_wallet = format!("/v1/admin/wallets/{workspace_id}/adjustments");
        let gift = json!({ "kind": "promo", "amount_minor": 100, "reason": "welcome" });
        let adjust = async { operator.post(&path_of_wallet, gift).await };
        self.logs("post /v1/admin/wallets/{workspace_id}/adjustments", "wallet.adjusted", adjust).await;
        let job = format!("/v1/admin/jobs/{}/retry", self.server.dead_job().await);
        self.logs("post /v1/admin/jobs/{id}/retry", "job.retried", async { operator.post(&job, json!({})).await })
            .await;
        let dismiss = async { operator.post(&format!("{}/dismiss", path(1)), json!({ "reason": "sent back" })).await };
        self.logs("post /v1/admin/payments/{id}/dismiss", "payment.dismissed", dismiss).await;
    }

    async fn trunks(&mut self, operator: &Client) {
        let body = json!({ "name": "carrier-a", "address": "192.0.2.10:5060", "prefixes": ["+"], "username": "us",
            "password": "told-to-nobody-else" });
        self.secrets.push("told-to-nobody-else".to_owned());
        let create = operator.post("/v1/admin/trunks", body);
        let made = self.logs("post /v1/admin/trunks", "trunk.created", create).await;
        let path = format!("/v1/admin/trunks/{}", id(&made));
        let change = async { operator.patch(&path, json!({ "is_enabled": false })).await };
        self.logs("patch /v1/admin/trunks/{id}", "trunk.changed", change).await;
        self.logs("delete /v1/admin/trunks/{id}", "trunk.deleted", operator.delete(&path)).await;
        let rotate = async { operator.post("/v1/admin/sip-keys/rotate", json!({})).await };
        self.logs("post /v1/admin/sip-keys/rotate", "sip_keys.rotated", rotate).await;
    }

    async fn webhooks(&mut self, owner: &Client) {
        let create = owner.post("/v1/webhooks", json!({ "url": "https://shop.example/events" }));
        let made = self.logs("post /v1/webhooks", "webhook.created", create).await;
        let rows = rows(self.server, owner).await;
        let path = format!("/v1/webhooks/{}", rows.endpoint);
        let change = owner.patch(&path, json!({ "events": ["*"] }));
        self.logs("patch /v1/webhooks/{id}", "webhook.updated", change).await;
        let rotate = format!("{path}/rotate-secret");
        let rotate = owner.post(&rotate, json!({}));
        let rotated = self.logs("post /v1/webhooks/{id}/rotate-secret", "webhook.secret_rotated", rotate).await;
        let test = format!("{path}/test");
        self.logs("post /v1/webhooks/{id}/test", "webhook.tested", owner.post(&test, json!({}))).await;
        let retry = format!("/v1/webhooks/deliveries/{}/retry", rows.delivery);
        let kind = "webhook.delivery_retried";
        self.logs("post /v1/webhooks/deliveries/{id}/retry", kind, owner.post(&retry, json!({}))).await;
        let (retry, span) = (format!("{path}/retry"), json!({ "from": "2026-01-01T00:00:00Z" }));
        let kind = "webhook.deliveries_retried";
        self.logs("post /v1/webhooks/{id}/retry", kind, owner.post(&retry, span)).await;
        self.logs("delete /v1/webhooks/{id}", "webhook.deleted", owner.delete(&path)).await;
        let endpoint = "post /v1/workspace/signing-secret/rotate";
        let rotate = owner.post("/v1/workspace/signing-secret/rotate", json!({}));
        let default = self.logs(endpoint, "workspace.signing_secret_rotated", rotate).await;
        let secret = |answer: &Answer| answer.json["secret"].as_str().expect("a secret").to_owned();
        self.secrets.extend([secret(&made), secret(&rotated), secret(&default)]);
    }

    async fn supply(&mut self, owner: &Client, operator: &Client) {
        let new = operator.post("/v1/admin/providers", json!({ "name": "Safari Carrier", "country": "KE" }));
        let provider = self.logs("post /v1/admin/providers", "provider.created", new).await;
        let path = format!("/v1/admin/providers/{}", id(&provider));
        let change = operator.patch(&path, json!({ "contact": "noc@example.com" }));
        self.logs("patch /v1/admin/providers/{id}", "provider.updated", change).await;
        let series = json!({ "provider_id": id(&provider), "country": "KE", "prefix": "+25420700", "first_suffix": "0000",
            "last_suffix": "0002",
            "prices": [{ "currency": "KES", "monthly_price_minor": 10_000, "outbound_per_min_e4": 3_000_000 }] });
        let create = operator.post("/v1/admin/series", series);
        let series = self.logs("post /v1/admin/series", "series.created", create).await;
        let csv = "provider,country,prefix,first_suffix,last_suffix,currency,monthly_price,outbound_per_minute\n\
            Safari Carrier,KE,+25420800,0000,0001,KES,100,3.00\n";
        let import = operator.post("/v1/admin/series/import", json!({ "csv": csv }));
        self.logs("post /v1/admin/series/import", "series.imported", import).await;
        let numbers = operator.get("/v1/admin/numbers?contains=25420700&state=available").await.expect(200).json;
        let number = format!("/v1/admin/numbers/{}", numbers[0]["id"].as_str().expect("an id"));
        let workspace = json!({ "workspace_id": owner.workspace_id().await });
        let step = async |verb: &str, body: Value| operator.post(&format!("{number}/{verb}"), body).await;
        self.logs("post /v1/admin/numbers/{id}/reserve", "number.reserved", step("reserve", workspace)).await;
        self.logs("post /v1/admin/numbers/{id}/free", "number.freed", step("free", json!({}))).await;
        self.logs("post /v1/admin/numbers/{id}/retire", "number.retired", step("retire", json!({}))).await;
        let retire = json!({ "status": "retired" });
        let path_of_series = format!("/v1/admin/series/{}", id(&series));
        let retired = operator.patch(&path_of_series, retire.clone());
        self.logs("patch /v1/admin/series/{id}", "series.updated", retired).await;
        let imported = operator.get(&format!("/v1/admin/series?provider_id={}&status=active", id(&provider))).await;
        let imported = imported.expect(200).json[0]["id"].as_str().expect("an id").to_owned();
        operator.patch(&format!("/v1/admin/series/{imported}"), retire).await.expect(200);
        self.logs("delete /v1/admin/providers/{id}", "provider.retired", operator.delete(&path)).await;
    }

    async fn prices(&mut self, operator: &Client) {
        let price = json!({ "prefix": "255", "currency": "KES", "per_min_e4": 9_000_000 });
        let create = operator.post("/v1/admin/prices", price);
        let price = self.logs("post /v1/admin/prices", "price.created", create).await;
        let csv = "prefix,currency,per_minute\n255,KES,8.00\n256,KES,7.00\n";
        let import = operator.post("/v1/admin/prices/import", json!({ "csv": csv }));
        self.logs("post /v1/admin/prices/import", "prices.imported", import).await;
        let other = operator.get("/v1/admin/prices?prefix=256").await.expect(200).json[0]["id"].clone();
        assert_ne!(other, price.json["id"]);
        let path = format!("/v1/admin/prices/{}/end", other.as_str().expect("an id"));
        let end = async { operator.post(&path, json!({})).await };
        self.logs("post /v1/admin/prices/{id}/end", "price.ended", end).await;
    }

    async fn workspaces(&mut self, owner: &Client, operator: &Client) {
        let rename = owner.patch("/v1/workspace", json!({ "name": "Renamed" }));
        self.logs("patch /v1/workspace", "workspace.updated", rename).await;
        let body = json!({ "name": "Second", "country": "UG", "currency": "UGX" });
        let second = self.logs("post /v1/workspaces", "workspace.created", owner.post("/v1/workspaces", body)).await;

        let path = format!("/v1/admin/workspaces/{}", id(&second));
        let suspend = async { operator.post(&format!("{path}/suspend"), json!({ "reason": "abuse" })).await };
        self.logs("post /v1/admin/workspaces/{id}/suspend", "workspace.suspended", suspend).await;
        let resume = async { operator.post(&format!("{path}/resume"), json!({})).await };
        self.logs("post /v1/admin/workspaces/{id}/resume", "workspace.resumed", resume).await;

        let moved = async { operator.patch(&path, json!({ "country": "TZ" })).await };
        self.logs("patch /v1/admin/workspaces/{id}", "workspace.updated", moved).await;

        let floor = async { operator.patch(&format!("{path}/wallet"), json!({ "overdraft_floor_minor": -500 })).await };
        self.logs("patch /v1/admin/workspaces/{id}/wallet", "wallet.overdraft_floor_changed", floor).await;

        let in_second = owner.with("x-sautikit-workspace", &id(&second));
        let body = json!({ "confirm_name": "Second" }).to_string();
        let delete = in_second.send("DELETE", "/v1/workspace", Some("application/json"), &body);
        self.logs("delete /v1/workspace", "workspace.deleted", delete).await;
    }

    async fn sessions(&mut self) {
        let person = self.server.signed_in("p@example.com").await;
        // As if they had signed in with Google once.
        let link = sqlx::query("update users set google_subject = '1184' where email = 'p@example.com'");
        link.execute(self.server.app.db.pool()).await.unwrap();
        let unlink = person.post("/v1/auth/google/unlink", json!({}));
        self.logs("post /v1/auth/google/unlink", "user.google_unlinked", unlink).await;
        let other = self.server.signed_in("p@example.com").await;
        let sessions = other.get("/v1/auth/sessions").await.expect(200).json;
        let old = sessions.as_array().unwrap().iter().find(|session| session["current"] == false).expect("the first");
        let path = format!("/v1/auth/sessions/{}", old["id"].as_str().expect("an id"));
        self.logs("delete /v1/auth/sessions/{id}", "session.revoked", other.delete(&path)).await;
        self.logs("post /v1/auth/logout", "session.revoked", other.post("/v1/auth/logout", json!({}))).await;
    }

    async fn finish(self) {
        let document = openapi::document();
        let writes: BTreeSet<String> = document["paths"]
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(path, item)| item.as_object().into_iter().flatten().map(move |(method, _)| (method, path)))
            .filter(|(method, _)| ["post", "put", "patch", "delete"].contains(&method.as_str()))
            .map(|(method, path)| format!("{method} {path}"))
            .collect();
        let unlogged: BTreeSet<String> = UNLOGGED.iter().map(|(endpoint, _)| (*endpoint).to_owned()).collect();
        let elsewhere = WHERE_A_GATEWAY_RUNS.iter().map(|endpoint| (*endpoint).to_owned());
        let covered: BTreeSet<String> = self.seen.union(&unlogged).cloned().chain(elsewhere).collect();
        assert_eq!(writes, covered, "walk through it here, or say in UNLOGGED why it leaves no entry");

        let rows = sqlx::query("select action_kind, details from audit_log").fetch_all(self.server.app.db.pool()).await;
        let mut details: BTreeMap<String, Value> = BTreeMap::new();
        for row in rows.unwrap() {
            let text: String = row.get(1);
            assert!(!self.secrets.iter().any(|secret| text.contains(secret)), "a secret: {text}");
            details.insert(row.get(0), serde_json::from_str(&text).unwrap());
        }
        for kind in CHANGES {
            let details = &details[*kind];
            assert!(details["before"].is_object() && details["after"].is_object(), "{kind}: {details}");
        }
    }
}

fn id(answer: &Answer) -> String {
    answer.json["id"].as_str().expect("an id").to_owned()
}
