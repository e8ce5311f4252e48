//! The load: one request again and again over 64 connections that stay open, as a pool of a customer's server does.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::Outcome;
use super::subject::Subject;

/// As the goal names them.
const CONNECTIONS: usize = 64;
/// Asked before it counts: fills pools and caches.
const WARM_UP: Duration = Duration::from_secs(1);

/// A request that is repeated.
#[derive(Clone)]
pub(super) struct Ask {
    method: &'static str,
    host: String,
    path: String,
    body: &'static str,
    key: Option<String>,
}

impl Ask {
    pub(super) fn get(base: &str, path: &str) -> Self {
        Self {
            method: "GET",
            host: base.trim_start_matches("http://").to_owned(),
            path: path.to_owned(),
            body: "",
            key: None,
        }
    }

    pub(super) fn post(base: &str, path: &str, body: &'static str) -> Self {
        Self { method: "POST", body, ..Self::get(base, path) }
    }

    pub(super) fn with_key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    fn request(&self) -> Outcome<Request<Full<Bytes>>> {
        let mut request = Request::builder().method(self.method).uri(&self.path).header("host", &self.host);
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if !self.body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        Ok(request.body(Full::new(Bytes::from_static(self.body.as_bytes())))?)
    }
}

/// Who is asked, and for how long.
pub(super) struct Load<'a> {
    pub(super) subject: &'a Subject,
    pub(super) time: Duration,
}

impl Load<'_> {
    /// Prints a line and gives the requests per second; `row` is the rate that it is compared with.
    pub(super) async fn report(&self, name: &str, ask: &Ask, row: Option<f64>) -> Outcome<f64> {
        run(ask, WARM_UP).await?;
        let before = self.subject.cpu_seconds()?;
        let mut took = run(ask, self.time).await?;
        let cpu_ms = (self.subject.cpu_seconds()? - before) * 1_000.0;
        took.sort_unstable();
        let count = took.len() as f64;
        let rate = count / self.time.as_secs_f64();
        let at = |share: f64| took.get((share * count) as usize).map_or(0.0, |took| took.as_secs_f64() * 1_000.0);
        let of_row = row.map_or_else(|| "–".to_owned(), |row| format!("{:.0} %", 100.0 * rate / row));
        let (p50, p99, cpu) = (at(0.5), at(0.99), cpu_ms * 1_000.0 / count);
        println!("{name:<44} {rate:>9.0} {of_row:>8} {p50:>8.2} {p99:>8.2}  {cpu:>12.0}");
        Ok(rate)
    }
}

/// How long each request took that ended in time.
async fn run(ask: &Ask, time: Duration) -> Outcome<Vec<Duration>> {
    let until = Instant::now() + time;
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let ask = ask.clone();
            tokio::spawn(async move { connection(&ask, until).await.map_err(|error| error.to_string()) })
        })
        .collect();
    let mut all = Vec::new();
    for connection in connections {
        all.extend(connection.await??);
    }
    Ok(all)
}

async fn connection(ask: &Ask, until: Instant) -> Outcome<Vec<Duration>> {
    let stream = TcpStream::connect(&ask.host).await?;
    stream.set_nodelay(true)?;
    let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(driver);
    let mut took = Vec::new();
    while Instant::now() < until {
        let request = ask.request()?;
        sender.ready().await?;
        let asked = Instant::now();
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            return Err(format!("{} {}: {status} {}", ask.method, ask.path, String::from_utf8_lossy(&body)).into());
        }
        took.push(asked.elapsed());
    }
    Ok(took)
}
