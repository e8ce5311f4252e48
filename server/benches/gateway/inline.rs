//! Calls that ask no callback: the API places each with inline actions, a `dial`. As many legs, records and debits as a
//! clean call has; the request of the API stands where the INVITE of the caller and the two callbacks were.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::{net::UdpSocket, task::JoinSet};

use super::{
    NUMBER, Outcome,
    account::Account,
    callback::{self, CALLEE},
    customer,
    message::{Message, description},
    site::{Engine, Site},
};

/// Who is called first and hears the other.
const FIRST: &str = "+254722000041";
/// Rates above all that is asked: what is measured is the work.
const NO_LIMITS: [(&str, &str); 2] =
    [("SAUTIKIT__LIMITS__KEY_REQUESTS_PER_SECOND", "0"), ("SAUTIKIT__LIMITS__IP_REQUESTS_PER_SECOND", "0")];

/// Prints CPU seconds per 1,000 calls at `rate` calls per second, on each engine.
pub(super) async fn measure(rate: u32, calls: u32) -> Outcome<()> {
    let callback = format!("{}/voice", callback::serve().await?);
    for engine in Engine::all() {
        let callee = Callee::start().await?;
        let keys = NO_LIMITS.map(|(key, value)| (key, value.to_owned()));
        let stderr = std::process::Stdio::inherit();
        let site = Site::open_with(engine, callee.address, &callback, &keys, stderr).await?;
        // Who calls by machine asks with a key: a session costs a look at the database more.
        let key = Arc::new(site.account.key("calls:write").await?);
        run(&site, &key, 10, 20).await?;
        let (before, hung_up) = (site.server.subject.cpu_seconds()?, callee.hung_up());
        let wakes_before = site.server.subject.wakes()?;
        let placed = run(&site, &key, rate, calls).await?;
        let cpu = site.server.subject.cpu_seconds()? - before;
        let wakes = site.server.subject.wakes()? - wakes_before;
        println!(
            "calls without callback (API, inline dial), {}: {calls} at {rate}/s: {:.2} CPU-s per 1,000, {:.0} wakes each, \
             {} refused, {} not ended",
            engine.name(),
            cpu * 1_000.0 / f64::from(placed.max(1)),
            wakes as f64 / f64::from(placed.max(1)),
            calls - placed,
            placed.saturating_sub(callee.hung_up() - hung_up),
        );
    }
    Ok(())
}

/// Places `calls` calls, `rate` a second; how many were accepted, once all are recorded.
async fn run(site: &Site, key: &Arc<Account>, rate: u32, calls: u32) -> Outcome<u32> {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        pace.tick().await;
        let key = key.clone();
        tasks.spawn(async move {
            let actions = json!([{ "dial": { "to": CALLEE } }]);
            let body = json!({ "from": NUMBER, "to": FIRST, "actions": actions });
            key.post("/v1/calls", body).await.is_ok()
        });
    }
    let mut placed = 0;
    while let Some(is_placed) = tasks.join_next().await {
        placed += u32::from(is_placed?);
    }
    site.quiet(&["calls", "record_waiting"]).await?;
    customer::settled(&site.account).await?;
    Ok(placed)
}

/// A carrier that answers every call and ends what was dialled as soon as it is acknowledged.
struct Callee {
    address: SocketAddr,
    /// Calls that the server ended.
    hung_up: Arc<AtomicU32>,
}

impl Callee {
    async fn start() -> Outcome<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, hung_up) = (socket.local_addr()?, Arc::<AtomicU32>::default());
        tokio::spawn(serve(socket, address, hung_up.clone()));
        Ok(Self { address, hung_up })
    }

    fn hung_up(&self) -> u32 {
        self.hung_up.load(Ordering::Relaxed)
    }
}

async fn serve(socket: UdpSocket, local: SocketAddr, hung_up: Arc<AtomicU32>) {
    let mut buffer = vec![0; 65_535];
    loop {
        let Ok((length, source)) = socket.recv_from(&mut buffer).await else { continue };
        let message = Message(String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned());
        let reply = if message.asks("INVITE") {
            // Where nothing listens: no audio is sent.
            message.accept(local, &description(SocketAddr::from((Ipv4Addr::LOCALHOST, 9))))
        } else if message.asks("BYE") {
            hung_up.fetch_add(1, Ordering::Relaxed);
            message.accept(local, "")
        } else if message.asks("ACK") && message.value("To").contains(CALLEE) {
            bye(&message, local, source)
        } else {
            continue;
        };
        let _ = socket.send_to(reply.as_bytes(), source).await;
    }
}

/// Ends the call that `ack` completes.
fn bye(ack: &Message, local: SocketAddr, peer: SocketAddr) -> String {
    let id = ack.value("Call-ID");
    format!(
        "BYE sip:gw@{peer} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKbye{id};rport\r\nMax-Forwards: 70\r\n\
         From: {}\r\nTo: {}\r\nCall-ID: {id}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
        ack.value("To"),
        ack.value("From"),
    )
}
