//! A server process with a workspace that has money and a number.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use reqwest::Method;
use sautikit::config::Config;
use sautikit::db::Db;
use serde_json::{Value, json};
use sqlx::Row;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::within;

/// The first number of the development inventory.
pub(super) const FROM: &str = "+254700000001";
/// The longest that anything of these tests takes: a start, a batch of media times and a job, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A data folder, the process that uses it, and the workspace in it.
pub(super) struct Node {
    folder: TempDir,
    process: Child,
    http: SocketAddr,
    pub(super) sip: SocketAddr,
    client: reqwest::Client,
    api_key: String,
    session: String,
}

/// What the API answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<String>,
    pub(super) json: Value,
}

/// A call's row.
#[derive(Debug, Clone)]
pub(super) struct CallRow {
    pub(super) status: String,
    pub(super) hangup_cause: Option<String>,
    pub(super) answered_at: Option<i64>,
    pub(super) last_media_at: Option<i64>,
    pub(super) duration_seconds: Option<i64>,
    pub(super) cost_minor: Option<i64>,
}

impl Node {
    /// Starts a fresh one whose only carrier is at `carrier`.
    pub(super) async fn start(carrier: SocketAddr, drain_limit_seconds: u64) -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"), carrier, drain_limit_seconds).await
    }

    /// The same in a folder of the test's; its data are in `data` there.
    pub(super) async fn start_in(folder: TempDir, carrier: SocketAddr, drain_limit_seconds: u64) -> Self {
        let settings = format!(
            "data_dir = {data:?}\n[http]\nlisten = \"127.0.0.1:0\"\n[sip]\nlisten = \"127.0.0.1:0\"\n\
             [media]\nlisten = \"127.0.0.1:0\"\n[metrics]\nlisten = \"\"\n\
             [calls]\ndrain_limit_seconds = {drain_limit_seconds}\n\
             [[trunk]]\nname = \"carrier\"\naddress = \"{carrier}\"\nprefixes = [\"+\"]\n",
            data = folder.path().join("data"),
        );
        std::fs::write(folder.path().join("sautikit.toml"), settings).expect("the configuration");
        let (process, http, sip) = launch(&folder).await;
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut node = Self { folder, process, http, sip, client, api_key: String::new(), session: String::new() };
        node.onboard().await;
        node
    }

    /// The folder of its database.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A process on the same data; the one before is gone.
    pub(super) async fn start_again(&mut self) {
        (self.process, self.http, self.sip) = launch(&self.folder).await;
    }

    /// Ends the process as a crash would.
    pub(super) async fn kill(&mut self) {
        self.process.kill().await.expect("killed");
    }

    /// Sends SIGTERM.
    pub(super) async fn terminate(&self) {
        let id = self.process.id().expect("a running process").to_string();
        let sent = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status().await.expect("a shell");
        assert!(sent.success());
    }

    /// How the process ends.
    pub(super) async fn end(&mut self) -> ExitStatus {
        tokio::time::timeout(DEADLINE, self.process.wait()).await.expect("ended in time").expect("a status")
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body), None).await
    }

    /// What the owner reads by their session.
    pub(super) async fn get_as_owner(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, Some(&self.session)).await
    }

    /// Asks the owner's session for a new API key under an idempotency key; `None` when no answer comes.
    pub(super) fn create_key_once(&self, name: String) -> impl Future<Output = Option<Answer>> + Send + 'static {
        let request = self.request(Method::POST, "/v1/api-keys").header("cookie", &self.session);
        let request = request.header("idempotency-key", name.replace(' ', "-")).json(&json!({ "name": name }));
        async move {
            let answer = request.send().await.ok()?;
            let status = answer.status().as_u16();
            Some(Answer { status, retry_after: None, json: answer.json().await.ok()? })
        }
    }

    /// Places a call; its id.
    pub(super) async fn place(&self, to: &str) -> String {
        let accepted = self.post("/v1/calls", json!({ "from": FROM, "to": to })).await;
        assert_eq!(accepted.status, 202, "{}", accepted.json);
        accepted.json["call_id"].as_str().expect("an id").to_owned()
    }

    /// The call's row, read beside the server, once `is` is true of it.
    pub(super) async fn call(&self, id: &str, what: &str, is: impl Fn(&CallRow) -> bool) -> CallRow {
        let config = self.folder.path().join("sautikit.toml");
        let config = Config::load(Some(&config), [], &[]).expect("the configuration");
        let db = Db::connect(&config.database).await.expect("the database");
        let query = "select status, hangup_cause, answered_at, last_media_at, duration_seconds, cost_minor
            from calls where id = $1";
        let found = eventually(what, async || {
            let row = sqlx::query(query).bind(id).fetch_one(db.pool()).await.expect("the call");
            let call = CallRow {
                status: row.get("status"),
                hangup_cause: row.get("hangup_cause"),
                answered_at: row.get("answered_at"),
                last_media_at: row.get("last_media_at"),
                duration_seconds: row.get("duration_seconds"),
                cost_minor: row.get("cost_minor"),
            };
            is(&call).then_some(call)
        })
        .await;
        db.close().await;
        found
    }

    /// Asha's workspace, KES 1,000 and the number; from here on by an API key, which outlives the process.
    async fn onboard(&mut self) {
        self.post("/v1/auth/magic-link", json!({ "email": "asha@example.com" })).await;
        let mails = self.get("/dev/mail.json").await.json;
        let link = mails[0]["links"][0].as_str().expect("a link");
        let token = link.rsplit_once("token=").expect("a token").1;
        let verify = self.request(Method::POST, "/v1/auth/magic-link/verify").json(&json!({ "token": token }));
        let verified = verify.send().await.expect("an answer");
        let cookie = verified.headers()["set-cookie"].to_str().expect("text").to_owned();
        let cookie = cookie.split(';').next().unwrap_or_default();
        let signed_in = async |method: Method, path: &str, body: Option<Value>| {
            let answer = self.send(method, path, body, Some(cookie)).await;
            assert!(answer.status < 300, "{path} {}", answer.json);
            answer.json
        };
        let post = async |path: &str, body: Value| signed_in(Method::POST, path, Some(body)).await;
        let get = async |path: &str| signed_in(Method::GET, path, None).await;
        let workspace = json!({ "name": "Asha Otieno", "workspace_name": "Duka", "country": "KE", "currency": "KES" });
        post("/v1/auth/onboarding", workspace).await;
        let top_up = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": "+254722000001" });
        post("/v1/wallet/top-ups", top_up).await;
        eventually("the top-up arrives", async || {
            (get("/v1/wallet/balance").await["balance_minor"] == 100_000).then_some(())
        })
        .await;
        let available = get("/v1/numbers/available?country=KE&currency=KES").await;
        let id = available[0]["id"].as_str().expect("an id");
        assert_eq!(post(&format!("/v1/numbers/{id}/claim"), json!({})).await["number"], FROM);
        let key = post("/v1/api-keys", json!({ "name": "test" })).await;
        self.session = cookie.to_owned();
        self.api_key = key["key"].as_str().expect("a key").to_owned();
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.http))
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>, cookie: Option<&str>) -> Answer {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request = match cookie {
            Some(cookie) => request.header("cookie", cookie),
            None if self.api_key.is_empty() => request,
            None => request.bearer_auth(&self.api_key),
        };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
        Answer { status, retry_after, json: answer.json().await.unwrap_or_default() }
    }
}

async fn launch(folder: &TempDir) -> (Child, SocketAddr, SocketAddr) {
    let configuration: PathBuf = folder.path().join("sautikit.toml");
    let mut process = Command::new(env!("CARGO_BIN_EXE_sautikit"))
        .arg("--config")
        .arg(configuration)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the server starts");
    let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
    let ready = tokio::time::timeout(DEADLINE, lines.next_line()).await.expect("in time").expect("a line");
    let ready = ready.expect("the server says ready");
    let address = |name: &str| {
        let word = ready.split(' ').find_map(|word| word.strip_prefix(name)).expect("an address");
        word.parse().expect("an address")
    };
    (process, address("http="), address("sip="))
}

/// Looks until there is something to see; fails the test at the deadline.
pub(super) async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    within(DEADLINE, what, look).await
}
