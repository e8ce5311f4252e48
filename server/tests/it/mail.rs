//! Mail leaves over SMTP by a job: both parts arrive, their link works, and what a relay does not take is tried again.

use std::time::Duration;

use sautikit::jobs;
use sautikit::payments::simulator::Settle;
use serde_json::json;
use sqlx::Row;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    a_sign_in_link_arrives_with_both_parts_and_works
    an_invitation_arrives_and_works
    a_mail_put_off_is_tried_again
    a_mail_refused_for_good_is_given_up
    a_mail_whose_link_has_ended_is_not_sent
    a_silent_relay_holds_up_no_answer_and_no_other_job
    a_waiting_mail_is_sealed_and_wiped_once_sent
}

async fn a_sign_in_link_arrives_with_both_parts_and_works(server: Server) {
    let (server, relay) = with_relay(server).await;
    server.client().post("/v1/auth/magic-link", json!({ "email": "asha@example.com" })).await.expect(202);
    let (mail, ran) = tokio::join!(receive(&relay, "250 taken"), jobs::run_due(&server.app));
    assert_eq!(ran.unwrap(), 1);
    assert!(mail.envelope.contains("RCPT TO:<asha@example.com>"), "{}", mail.envelope);
    assert!(mail.data.contains("Subject: Your sign-in link for Sautikit"), "{}", mail.data);
    assert!(mail.data.contains("multipart/alternative") && mail.data.contains("Message-ID: <"), "{}", mail.data);
    let (text, html) = mail.parts();
    let token = token_in(&text);
    assert!(html.contains(&format!("token={token}\">Sign in</a>")), "{html}");
    server.client().post("/v1/auth/magic-link/verify", json!({ "token": token })).await.expect(200);
}

async fn an_invitation_arrives_and_works(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let invited = server.signed_in("b@example.com").await;
    let (server, relay) = with_relay(server).await;
    let owner = owner.at(&server);
    let body = json!({ "email": "b@example.com", "role": "viewer" });
    owner.post("/v1/workspace/invitations", body).await.expect(201);
    let (mail, _) = tokio::join!(receive(&relay, "250 taken"), jobs::run_due(&server.app));
    assert!(mail.envelope.contains("RCPT TO:<b@example.com>"), "{}", mail.envelope);
    let path = format!("/v1/invitations/{}/accept", token_in(&mail.parts().0));
    invited.at(&server).post(&path, json!({})).await.expect(200);
}

async fn a_mail_put_off_is_tried_again(server: Server) {
    let (server, relay) = with_relay(server).await;
    server.client().post("/v1/auth/magic-link", json!({ "email": "asha@example.com" })).await.expect(202);
    let (first, _) = tokio::join!(receive(&relay, "451 come back later, asha@example.com"), jobs::run_due(&server.app));
    assert_eq!(only_job(&server).await, ("queued".to_owned(), Some("the mail relay put it off with 451".to_owned())));
    // The first delay is a second, the jitter at most a fifth of it.
    server.clock.advance(Duration::from_millis(1_200));
    let (second, _) = tokio::join!(receive(&relay, "250 taken"), jobs::run_due(&server.app));
    assert_eq!(only_job(&server).await.0, "done");
    assert_eq!(token_in(&first.parts().0), token_in(&second.parts().0));
    assert_eq!(first.message_id(), second.message_id());
}

async fn a_mail_refused_for_good_is_given_up(server: Server) {
    let (server, relay) = with_relay(server).await;
    server.client().post("/v1/auth/magic-link", json!({ "email": "gone@example.com" })).await.expect(202);
    tokio::join!(receive(&relay, "550 no such person"), jobs::run_due(&server.app)).1.unwrap();
    assert_eq!(only_job(&server).await.0, "done");
}

async fn a_mail_whose_link_has_ended_is_not_sent(server: Server) {
    let (server, _relay) = with_relay(server).await;
    server.client().post("/v1/auth/magic-link", json!({ "email": "asha@example.com" })).await.expect(202);
    server.clock.advance(Duration::from_secs(15 * 60));
    // The relay answers nothing, so a try would last.
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
    assert_eq!(only_job(&server).await.0, "done");
}

async fn a_silent_relay_holds_up_no_answer_and_no_other_job(server: Server) {
    let (server, relay) = with_relay(server).await;
    let runner = tokio::spawn(jobs::run_until_stopped(server.app.clone()));
    server.client().post("/v1/auth/magic-link", json!({ "email": "asha@example.com" })).await.expect(202);
    // The relay takes the connection and never says a word.
    let _held = relay.accept().await.unwrap();
    let state = async || Some(only_job(&server).await.0).filter(|state| state == "running");
    within(Duration::from_secs(10), "the mail's job", state).await;
    let top_up_id = sautikit_api::ids::TopUpId(server.app.new_uuid());
    let mut tx = server.app.db.begin_write().await.unwrap();
    jobs::enqueue(&mut tx, &server.app, &Settle { top_up_id }, server.app.now_us()).await.unwrap();
    tx.commit().await.unwrap();
    server.app.job_bell.notify_one();
    within(Duration::from_secs(10), "the other job", async || {
        let attempts = "select attempts from jobs where kind = 'settle_simulated_top_up' and attempts > 0";
        sqlx::query(attempts).fetch_optional(server.app.db.pool()).await.unwrap()
    })
    .await;
    let mail = sqlx::query("select state from jobs where kind = 'send_mail'").fetch_one(server.app.db.pool()).await;
    assert_eq!(mail.unwrap().get::<String, _>(0), "running");
    runner.abort();
}

async fn a_waiting_mail_is_sealed_and_wiped_once_sent(server: Server) {
    let (server, relay) = with_relay(server).await;
    let payload = async || {
        let payload =
            sqlx::query_scalar("select payload from jobs where kind = 'send_mail'").fetch_one(server.app.db.pool());
        let payload: String = payload.await.unwrap();
        payload
    };
    server.client().post("/v1/auth/magic-link", json!({ "email": "asha@example.com" })).await.expect(202);
    let waiting = payload().await;
    assert!(!waiting.contains("asha") && !waiting.contains("token="), "{waiting}");
    tokio::join!(receive(&relay, "250 taken"), jobs::run_due(&server.app)).1.unwrap();
    assert_eq!(payload().await, "{}");
}

async fn with_relay(server: Server) -> (Server, TcpListener) {
    let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", relay.local_addr().unwrap());
    (server.configured(|config| config.mail.smtp_url = url), relay)
}

/// State and last error of the only job.
async fn only_job(server: &Server) -> (String, Option<String>) {
    let row = sqlx::query("select state, last_error from jobs where kind = 'send_mail'")
        .fetch_one(server.app.db.pool())
        .await
        .unwrap();
    (row.get(0), row.get(1))
}

fn token_in(text: &str) -> String {
    let (_, rest) = text.split_once("token=").expect("a link");
    rest.split_whitespace().next().expect("a token").to_owned()
}

struct Received {
    envelope: String,
    data: String,
}

impl Received {
    /// The plain and the HTML part, decoded.
    fn parts(&self) -> (String, String) {
        let after = |kind: &str| {
            let (_, part) = self.data.split_once(kind).expect("that part");
            let (headers, body) = part.split_once("\r\n\r\n").expect("a body");
            let body = body.split("\r\n--").next().expect("its end");
            if headers.contains("quoted-printable") { unquoted(body) } else { body.to_owned() }
        };
        (after("Content-Type: text/plain"), after("Content-Type: text/html"))
    }

    fn message_id(&self) -> &str {
        self.data.lines().find(|line| line.starts_with("Message-ID")).expect("an id")
    }
}

/// Quoted-printable (RFC 2045 §6.7) of what our mails hold.
fn unquoted(text: &str) -> String {
    text.replace("=\r\n", "").replace("=3D", "=")
}

/// The receiving end of the next SMTP connection (RFC 5321); `verdict` answers the mail's content.
async fn receive(relay: &TcpListener, verdict: &str) -> Received {
    let mut stream = BufReader::new(relay.accept().await.unwrap().0);
    let mut received = Received { envelope: String::new(), data: String::new() };
    let mut in_data = false;
    stream.write_all(b"220 relay\r\n").await.unwrap();
    let mut line = String::new();
    while stream.read_line(&mut line).await.unwrap() > 0 {
        let reply = match (in_data, line.trim_end()) {
            (true, ".") => {
                stream.write_all(format!("{verdict}\r\n").as_bytes()).await.unwrap();
                break;
            }
            (true, _) => {
                received.data.push_str(&line);
                ""
            }
            (false, "DATA") => {
                in_data = true;
                "354 go on\r\n"
            }
            (false, _) => {
                received.envelope.push_str(&line);
                "250 relay\r\n"
            }
        };
        stream.write_all(reply.as_bytes()).await.unwrap();
        line.clear();
    }
    received
}
