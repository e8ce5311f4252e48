//! `sautikit listen` and `sautikit trigger`: a developer's machine hears of a workspace's events, and answers voice callbacks,
//! over a connection that it opens itself.
//!
//! What comes is posted to the developer's own server byte for byte as it was signed; nothing else on the machine is asked,
//! whatever the other end says. Events go one after the other, so that their order stays; callbacks do not wait for them.

mod forward;

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use reqwest::Client;
use sautikit_api::error::ErrorBody;
use sautikit_api::listener::{FromListener, ToListener};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use url::Url;

use self::forward::{Event, Forward};
use crate::clock;
use crate::entropy::Entropy;
use crate::webhooks::websocket::{self, Refused};

/// Events that wait for the developer's server; while it hangs later ones are left out, and said to be.
const QUEUE: usize = 1_024;
/// Answers that wait to be sent.
const ANSWERS: usize = 64;
/// The longest pause before another try to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The server pings every 15 s; one that is not heard for so long is gone.
const SILENCE: Duration = Duration::from_secs(45);
/// Connecting may take so long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest message: an event or a form.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// A workspace's server, and the key to it.
pub struct Server {
    /// Its `http.public_url`.
    pub url: Url,
    /// An API key.
    pub key: String,
}

/// What is to be heard.
pub struct Listen {
    /// Where events are posted to, and, by their own paths, voice callbacks.
    pub forward: Url,
    /// Kinds of event, or beginnings of kinds.
    pub events: Vec<String>,
    /// Numbers whose voice callbacks are taken, in E.164.
    pub numbers: Vec<String>,
}

/// Why it ended.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// No HTTP client.
    #[error("no HTTP client could be made: {0}")]
    Client(#[from] reqwest::Error),
    /// The server refused.
    #[error("{0}")]
    Refused(String),
    /// No connection.
    #[error("{0} can't be reached")]
    Unreachable(Url),
    /// It broke.
    #[error("the connection broke")]
    Broken,
}

type Socket = WebSocketStream<reqwest::Upgraded>;

/// Where a listener stands, so that it goes on there.
#[derive(Default)]
struct Place {
    listener_id: String,
    after: Option<i64>,
    /// It was connected before: what fails now is worth another try.
    was_ready: bool,
}

/// Listens until it is refused, or until the future is dropped.
///
/// # Errors
/// The key or what is asked for is refused, or the server can't be reached at first.
pub async fn listen(server: &Server, listen: &Listen) -> Result<(), ListenError> {
    let http = client()?;
    let forward = Arc::new(Forward::new(listen.forward.clone())?);
    let (events, queue) = mpsc::channel(QUEUE);
    tokio::spawn(forward.clone().events(queue));
    let mut place = Place::default();
    let mut pause = Duration::from_millis(100);
    loop {
        let began = clock::timer_now();
        match session(&http, server, listen, &forward, &events, &mut place).await {
            // The server lets a listener go on for some minutes; it shows its key again.
            Ok(()) if began.elapsed() > LONGEST_PAUSE => pause = Duration::from_millis(100),
            // One that sends us home at once has no room or stops: not asked faster and faster.
            Ok(()) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error @ ListenError::Refused(_)) => return Err(error),
            Err(error) if !place.was_ready => return Err(error),
            Err(error) => {
                println!("{error}; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// One connection, from its first message to its end.
async fn session(
    http: &Client,
    server: &Server,
    listen: &Listen,
    forward: &Arc<Forward>,
    events: &mpsc::Sender<Event>,
    place: &mut Place,
) -> Result<(), ListenError> {
    let after = place.after.map(|after| after.to_string()).unwrap_or_default();
    let (kinds, numbers) = (listen.events.join(","), listen.numbers.join(","));
    let origin = listen.forward.origin().ascii_serialization();
    let mut query = vec![("events", &*kinds), ("numbers", &*numbers), ("origin", &*origin)];
    if !place.listener_id.is_empty() {
        query.push(("listener_id", &place.listener_id));
    }
    if !after.is_empty() {
        query.push(("after", &after));
    }
    let mut socket = connect(http, server, &query).await?;
    let (answers, mut answered) = mpsc::channel::<FromListener>(ANSWERS);
    loop {
        let heard = tokio::select! {
            heard = timeout(SILENCE, socket.next()) => heard.map_err(|_| ListenError::Broken)?,
            Some(answer) = answered.recv() => {
                let text = serde_json::to_string(&answer).unwrap_or_default();
                socket.send(Message::text(text)).await.map_err(|_| ListenError::Broken)?;
                continue;
            }
        };
        let text = match heard {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(_))) => return Ok(()),
            Some(Ok(_)) => continue,
            Some(Err(_)) | None => return Err(ListenError::Broken),
        };
        // What a newer server says beyond is left aside.
        let Ok(message) = serde_json::from_str(&text) else { continue };
        match message {
            ToListener::Ready { listener_id, secret, after, .. } => {
                if !place.was_ready {
                    greet(listen, &secret);
                }
                place.listener_id = listener_id;
                place.after.get_or_insert(after);
                place.was_ready = true;
            }
            ToListener::Event { place: at, kind, request } => {
                place.after = at.or(place.after);
                if events.try_send(Event { kind, request }).is_err() {
                    println!("{} hangs: an event was left out", listen.forward);
                }
            }
            ToListener::Callback { callback_id, path, request } => {
                let (forward, answers) = (forward.clone(), answers.clone());
                tokio::spawn(async move {
                    let answer = forward.callback(callback_id, &path, &request).await;
                    let _ = answers.send(answer).await;
                });
            }
            ToListener::Dropped => return Ok(()),
            ToListener::Refused { message } => return Err(ListenError::Refused(message)),
            ToListener::Triggered { .. } => {}
        }
    }
}

/// What a developer has to know: where it goes, and what signs.
fn greet(listen: &Listen, secret: &str) {
    println!("ready: events go to {}", listen.forward);
    if !listen.numbers.is_empty() {
        println!(
            "voice callbacks of {} go to {}",
            listen.numbers.join(", "),
            listen.forward.origin().ascii_serialization()
        );
    }
    println!("signing secret: {secret}");
}

/// What signs for the workspace's listeners.
///
/// # Errors
/// As [`trigger`].
pub async fn secret(server: &Server) -> Result<String, ListenError> {
    let mut socket = connect(&client()?, server, &[]).await?;
    while let Some(Ok(heard)) = socket.next().await {
        let Message::Text(text) = heard else { continue };
        if let Ok(ToListener::Ready { secret, .. }) = serde_json::from_str(&text) {
            return Ok(secret);
        }
    }
    Err(ListenError::Broken)
}

/// Has test events told to every listener of the workspace; what was told, and to how many.
///
/// # Errors
/// The key or the kind is refused, or the server can't be reached.
pub async fn trigger(server: &Server, event: &str) -> Result<(Vec<String>, usize), ListenError> {
    let mut socket = connect(&client()?, server, &[]).await?;
    let text = serde_json::to_string(&FromListener::Trigger { event: event.to_owned() }).unwrap_or_default();
    socket.send(Message::text(text)).await.map_err(|_| ListenError::Broken)?;
    while let Some(Ok(heard)) = socket.next().await {
        let Message::Text(text) = heard else { continue };
        match serde_json::from_str(&text) {
            Ok(ToListener::Triggered { events, listeners }) => return Ok((events, listeners)),
            Ok(ToListener::Refused { message }) => return Err(ListenError::Refused(message)),
            _ => {}
        }
    }
    Err(ListenError::Broken)
}

/// Sends a test event to an endpoint; the id of its delivery.
///
/// # Errors
/// As [`trigger`].
pub async fn trigger_at(server: &Server, webhook: &str, event: &str) -> Result<String, ListenError> {
    let unreachable = |_| ListenError::Unreachable(server.url.clone());
    let url = address(server, &["v1", "webhooks", webhook, "test"])?;
    let body = sautikit_api::webhooks::TestWebhook { event: Some(event.to_owned()) };
    let answer = client()?.post(url).bearer_auth(&server.key).json(&body).send().await.map_err(unreachable)?;
    if !answer.status().is_success() {
        return Err(refused(answer).await);
    }
    let delivery: sautikit_api::webhooks::Delivery = answer.json().await.map_err(unreachable)?;
    Ok(delivery.id.to_string())
}

fn address(server: &Server, path: &[&str]) -> Result<Url, ListenError> {
    let mut url = server.url.clone();
    match url.path_segments_mut() {
        Ok(mut segments) => drop(segments.pop_if_empty().extend(path)),
        Err(()) => return Err(ListenError::Unreachable(server.url.clone())),
    }
    Ok(url)
}

fn client() -> Result<Client, reqwest::Error> {
    Client::builder().http1_only().connect_timeout(CONNECT_TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()
}

async fn connect(http: &Client, server: &Server, query: &[(&str, &str)]) -> Result<Socket, ListenError> {
    let request = http.get(address(server, &["v1", "listener"])?).query(query).bearer_auth(&server.key);
    match websocket::open(request, &Entropy::from_os()).await {
        Ok(upgraded) => {
            let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE_BYTES));
            Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await)
        }
        Err(Refused::Unreachable) => Err(ListenError::Unreachable(server.url.clone())),
        Err(Refused::Answered(answer)) if answer.status().is_server_error() => {
            Err(ListenError::Unreachable(server.url.clone()))
        }
        Err(Refused::Answered(answer)) => Err(refused(*answer).await),
    }
}

/// In the server's own words.
async fn refused(answer: reqwest::Response) -> ListenError {
    let status = answer.status();
    match answer.json::<ErrorBody>().await {
        Ok(body) => ListenError::Refused(format!("{}: {}", body.error.code, body.error.message)),
        Err(_) => ListenError::Refused(format!("the server answered {status}")),
    }
}
