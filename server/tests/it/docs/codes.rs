//! What the page of an error code shows: the requests that provoke it are sent as they stand there.
//!
//! The page says in words what has to be so (a role, money, a running call); [`Stage`] makes it so by these words.

use std::any::Any;
use std::time::Duration;

use sautikit::config::Environment;
use sautikit::webhooks::signature;
use sautikit_api::ErrorCode;
use sautikit_api::calls::CallStatus;
use serde_json::{Value, json};

use crate::calls::pbx::{SECRET, with_source};
use crate::calls::support::Scene;
use crate::catalogue::money::unknown_to_paystack;
use crate::google::{self, with_google};
use crate::support::{Answer, Client, Engine, ORIGIN, Server};

/// How many codes requests provoke. It only grows.
const PROVOKED: usize = 96;

/// What stands in the blocks of code under the heading with this anchor.
fn blocks(html: &str, anchor: &str) -> Vec<String> {
    let Some((_, rest)) = html.split_once(&format!(" id=\"{anchor}\"")) else { return Vec::new() };
    let section = rest.split("<h2").next().unwrap_or_default();
    let code = section.split("<code>").skip(1).filter_map(|rest| rest.split_once("</code>")).map(|(code, _)| code);
    // Words of a sentence are set as code too, and have no line of their own.
    let blocks = code.filter(|code| code.ends_with('\n'));
    blocks
        .map(|code| code.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
        .collect()
}

/// The number that stands before these words of the page.
fn number_before(page: &str, words: &str) -> Option<u64> {
    let (before, _) = page.split_once(words)?;
    before.rsplit([' ', '>']).next()?.replace(',', "").parse().ok()
}

/// A server as a page says that it has to be, and who sends the page's requests.
struct Stage {
    place: Place,
    sender: Client,
    /// What stops when it is dropped.
    _kept: Vec<Box<dyn Any>>,
}

enum Place {
    Server(Server),
    /// With a gateway that keeps what it is told.
    Scene(Scene),
}

impl Stage {
    /// What the page of this code says about who sends its requests, and where.
    async fn of(code: ErrorCode, page: &str) -> Self {
        let server = Server::start(Engine::Sqlite).await;
        let says = |words: &str| page.contains(words);
        if says("with money") || says("whose newest call was recorded") || says("a call of it is recorded") {
            return Self::with_calls(Scene::set(server).await, page).await;
        }
        if says("whose recordings are more than") {
            return Self::with_calls(Scene::set(server).await, page).await;
        }
        if says("has only ever signed in with Google") || says("sign-in with Google is on") {
            let (server, google) = with_google(server).await;
            let sender = google::signed_in(&server, &google, "1184", "asha@example.com").await;
            return Self { place: Place::Server(server), sender, _kept: vec![Box::new(google)] };
        }
        if says("that Paystack knows") {
            let (server, served) = unknown_to_paystack(server).await;
            let sender = operator(&server, code).await;
            return Self { place: Place::Server(server), sender, _kept: vec![Box::new(served)] };
        }
        let owner = server.onboarded("a@example.com").await;
        let (server, sender) = match () {
            () if says("with the role <code>viewer</code>") => {
                let viewer = server.joined(&owner, "viewer@example.com", "viewer").await;
                (server, viewer)
            }
            () if says("with the role <code>admin</code>") => {
                let admin = server.joined(&owner, "admin@example.com", "admin").await;
                (server, admin)
            }
            () if says("has no workspace yet") => {
                let newcomer = server.signed_in("new@example.com").await;
                (server, newcomer)
            }
            () if says("with another address than the invited one") => {
                let other = server.signed_in("other@example.com").await;
                let invitation = json!({ "email": "new@example.com", "role": "viewer" });
                owner.post("/v1/workspace/invitations", invitation).await.expect(201);
                (server, other)
            }
            () if says("As an operator of the installation") => {
                let operator = operator(&server, code).await;
                (server, operator)
            }
            () if says("As the PBX") => {
                let server = with_source(server, &[&owner.workspace_id().await]);
                let owner = owner.at(&server);
                (server, owner)
            }
            () if says("takes no payments by") => {
                let server = server.configured(|config| config.env = Environment::Production);
                let owner = owner.at(&server);
                (server, owner)
            }
            () => (server, owner),
        };
        Self { place: Place::Server(server), sender, _kept: Vec::new() }
    }

    async fn with_calls(scene: Scene, page: &str) -> Self {
        let says = |words: &str| page.contains(words);
        let mut sender = scene.asha.clone();
        let mut kept: Vec<Box<dyn Any>> = Vec::new();
        if says("spread as in an attack") {
            scene.freeze().await;
        }
        if says("a call of it is recorded") {
            let order = scene.place().await;
            kept.push(Box::new(scene.recording(order.call_id).await));
        }
        if says("whose newest call was recorded") {
            scene.recorded(scene.place().await.call_id).await;
            scene.advance(366 * 86_400_000);
            assert_eq!(sautikit::recordings::prune(&scene.server.app, 10).await.expect("pruned"), 1);
            sender = scene.server.signed_in("asha@example.com").await;
        }
        if says("whose recordings are more than") {
            scene.recorded(scene.place().await.call_id).await;
            sender.put("/v1/storage/tier", json!({ "tier": "extended" })).await.expect(200);
            let small = sqlx::query("update storage_tiers set capacity_bytes = 1000 where id = 'free'");
            small.execute(scene.server.app.db.pool()).await.expect("a small tier");
        }
        Self { place: Place::Scene(scene), sender, _kept: kept }
    }

    fn server(&self) -> &Server {
        match &self.place {
            Place::Server(server) => server,
            Place::Scene(scene) => &scene.server,
        }
    }

    /// Has happen what the page says between its last two requests.
    async fn meanwhile(&self, page: &str) {
        if let Place::Scene(scene) = &self.place
            && page.contains("the call has ended")
        {
            scene.fail(&scene.gateway.last_order(), CallStatus::Busy, "user_busy").await;
        }
        if let Some(seconds) = number_before(page, " seconds have passed") {
            self.server().clock.advance(Duration::from_secs(seconds));
        }
    }

    /// Sends a request as a page shows it, as the page's sender unless it brings a credential of its own, or none.
    async fn send(&self, request: &str) -> Answer {
        let (head, body) = request.split_once("\n\n").unwrap_or((request.trim_end(), ""));
        let body = body.trim_end();
        let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
        let (method, path) = line.split_once(' ').expect("a request");
        let header = |name: &str| headers.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let mut client = match header("Authorization:") {
            // Forms of a browser are refused for their origin first.
            None if header("Content-Type:") == Some("text/plain") => {
                self.server().key_of(&self.sender, &["webhooks:write"]).await
            }
            None => self.sender.clone(),
            Some("") => self.server().client(),
            Some(credential) => self.server().client().with_key(credential.strip_prefix("Bearer ").expect("a key")),
        };
        for (name, value) in headers.lines().filter_map(|line| line.split_once(':')) {
            if !["Authorization", "Content-Type"].contains(&name) {
                let now = self.server().app.now_us() / 1_000_000;
                let signature = signature::sign(SECRET, body.as_bytes(), now);
                client = client.with(&name.to_ascii_lowercase(), &value.trim().replace("{signature}", &signature));
            }
        }
        client.send(method, path, header("Content-Type:"), body).await
    }
}

/// Somebody with a workspace, who is an operator too.
async fn operator(server: &Server, code: ErrorCode) -> Client {
    let address = format!("{}@example.com", code.as_str());
    let operator = server.onboarded(&address).await;
    assert!(sautikit::accounts::grant_operator(&server.app, &address).await.expect("granted"));
    operator
}

/// What stands for the braces of a page's requests.
#[derive(Default)]
struct Known(Vec<(&'static str, String)>);

impl Known {
    /// What the page itself says in words.
    fn from_words(stage: &Stage, page: &str) -> Self {
        let mut known = Self::default();
        if let Some((_, words)) = page.split_once("is the letter x, ") {
            let times = words.split(' ').next().and_then(|times| times.replace(',', "").parse().ok());
            known.put("{large}", "x".repeat(times.expect("how often")));
        }
        let in_an_hour = stage.server().app.now_us() + 3_600_000_000;
        known.put("{soon}", sautikit::clock::rfc3339(in_an_hour));
        known
    }

    fn put(&mut self, name: &'static str, value: String) {
        self.0.retain(|(other, _)| *other != name);
        self.0.push((name, value));
    }

    fn learn(&mut self, stage: &Stage, page: &str, request: &str, answer: &Answer) {
        let row = if answer.json.is_array() { &answer.json[0] } else { &answer.json };
        let members = [
            ("{id}", "id"),
            ("{key}", "key"),
            ("{provider_id}", "provider_id"),
            ("{number_id}", "number_id"),
            ("{call_id}", "call_id"),
        ];
        for (name, member) in members {
            if let Some(value) = row[member].as_str() {
                self.put(name, value.to_owned());
            }
        }
        if let Some(path) = row["stream_url"].as_str().and_then(|url| url.strip_prefix(ORIGIN)) {
            self.put("{stream_url}", path.to_owned());
        }
        if request.starts_with("GET /v1/numbers/available") {
            self.put("{available_id}", row["id"].as_str().expect("a number").to_owned());
        }
        let owner = answer.json.as_array().into_iter().flatten().find(|row: &&Value| row["role"] == "owner");
        if let Some(owner) = owner.and_then(|owner| owner["user_id"].as_str()) {
            self.put("{owner_id}", owner.to_owned());
        }
        self.read_mail(stage, page);
    }

    fn read_mail(&mut self, stage: &Stage, page: &str) {
        if page.contains("{token}") {
            self.put("{token}", stage.server().token_of_last_mail());
        }
    }

    fn fill(&self, request: &str) -> String {
        self.0.iter().fold(request.to_owned(), |request, (name, value)| request.replace(name, value))
    }
}

/// Sends what the page shows; the last request alone is answered with the code.
async fn provoke(code: ErrorCode, page: &str, last: &str, before: &[String]) {
    let stage = Stage::of(code, page).await;
    let mut known = Known::from_words(&stage, page);
    if before.is_empty() {
        known.read_mail(&stage, page);
    }
    for request in before {
        let answer = stage.send(&known.fill(request)).await;
        assert!((200..300).contains(&answer.status), "{code}: {request}: {}", answer.text);
        known.learn(&stage, page, request, &answer);
    }
    stage.meanwhile(page).await;
    let times = number_before(page, " times, one right after the other").unwrap_or(1);
    for count in 1..=times {
        let request = known.fill(last).replace("{n}", &count.to_string());
        let answer = stage.send(&request).await;
        assert_eq!(answer.json["error"]["code"] == code.as_str(), count == times, "{code}, {count}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_request_on_a_code_s_page_provokes_it() {
    let server = Server::start(Engine::Sqlite).await;
    let mut provoked = 0;
    for code in ErrorCode::ALL.iter().copied() {
        let page = server.client().get(&format!("/docs/errors/{code}")).await.expect(200).text;
        let answer = blocks(&page, "the-answer").pop().expect("an answer");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["error"]["code"], code.as_str());
        let requests = blocks(&page, "a-request-that-provokes-it");
        let has_sentence = page.contains(" id=\"when-it-comes\"") && page.contains("it is answered when ");
        // There is no third way.
        assert_eq!(requests.is_empty(), has_sentence, "{code} has requests or a sentence");
        if let Some((last, before)) = requests.split_last() {
            provoke(code, &page, last, before).await;
            provoked += 1;
        }
    }
    assert_eq!(provoked, PROVOKED);
}
