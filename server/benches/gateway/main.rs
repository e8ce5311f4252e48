//! What whole calls cost: the binary as a process of its own, between SIP peers in other processes.
//!
//!     cargo bench -p sautikit --bench gateway                                  the whole table
//!     cargo bench -p sautikit --bench gateway -- clean [calls per second] [calls]
//!     cargo bench -p sautikit --bench gateway -- highest [seconds per rate]
//!     cargo bench -p sautikit --bench gateway -- proxy [calls per second] [calls]
//!     cargo bench -p sautikit --bench gateway -- inline [calls per second] [calls]
//!     cargo bench -p sautikit --bench gateway -- ivr [calls per second] [calls]
//!     cargo bench -p sautikit --bench gateway -- statements [calls per second] [calls]
//!     cargo bench -p sautikit --bench gateway -- idle [seconds]
//!     cargo bench -p sautikit --bench gateway -- memory [calls] [calls per second]
//!     cargo bench -p sautikit --bench gateway -- flood [datagrams per second] [seconds]
//!     cargo bench -p sautikit --bench gateway -- media [calls] [seconds]
//!     cargo bench -p sautikit --bench gateway -- conference [conferences] [people in each] [seconds]
//!     cargo bench -p sautikit --bench gateway -- kamailio [calls] [seconds]
//!     cargo bench -p sautikit --bench gateway -- nothing [calls] [seconds]
//!
//! A call comes in from a trunk to a claimed number, the number's voice callback (here, on loopback) answers with a
//! `dial`, the call goes out over the trunk, is answered, bridged, hung up, rated and debited. CPU time is the measured
//! processes' alone (/proc/PID/stat); the peers and the callback run outside them. PostgreSQL takes part when
//! `SAUTIKIT_TEST_POSTGRES` names a server, and its own CPU time is not counted. `clean` needs SIPp; `proxy`,
//! `highest` and `kamailio` need Debian's kamailio and rtpengine-daemon. Linux only. Not measured here: browsers.

#[path = "../shared/account.rs"]
mod account;
mod callback;
mod caller;
mod clean;
mod conference;
mod customer;
mod flood;
mod idle;
mod inline;
mod ivr;
mod media;
mod memory;
mod message;
mod peer;
mod phone;
#[path = "../shared/server.rs"]
mod server;
mod sipp;
mod site;
mod statements;
mod stream;
#[path = "../shared/subject.rs"]
mod subject;
mod wal;

/// Any failure ends the benchmark with a message.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The number that is called.
const NUMBER: &str = "+254700000001";

/// The rates of clean calls in the table, with calls for ten to twenty seconds each.
const CLEAN: [(u32, u32); 3] = [(50, 1_000), (143, 1_500), (400, 4_000)];
const IVR: [(u32, u32); 2] = [(20, 400), (100, 1_500)];

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let figure =
        |index: usize, default: u32| arguments.get(index).and_then(|text| text.parse::<u32>().ok()).unwrap_or(default);
    match arguments.first().map(String::as_str) {
        Some("clean") => clean::measure(figure(1, 50), figure(2, 1_000)).await,
        Some("highest") => clean::measure_highest(figure(1, 10)).await,
        Some("proxy") => clean::measure_kamailio(figure(1, 50), figure(2, 1_000)).await,
        Some("idle") => idle::measure(figure(1, 60)).await,
        Some("inline") => inline::measure(figure(1, 50), figure(2, 1_000)).await,
        Some("ivr") => ivr::measure(figure(1, 20), figure(2, 400)).await,
        Some("statements") => statements::measure(figure(1, 50), figure(2, 500)).await,
        Some("memory") => memory::measure(figure(1, 7_000), figure(2, 143)).await,
        Some("flood") => flood::measure(figure(1, 20_000), figure(2, 10)).await,
        Some("media") => media::measure(figure(1, 100), figure(2, 10)).await,
        Some("conference") => conference::measure(figure(1, 1), figure(2, 32), figure(3, 10)).await,
        Some("kamailio") => media::measure_peer(figure(1, 100), figure(2, 10)),
        Some("nothing") => media::measure_nothing(figure(1, 100), figure(2, 10)),
        Some(other) => {
            Err(format!("there is no part `{other}`; see the head of server/benches/gateway/main.rs").into())
        }
        None => all().await,
    }
}

/// The whole table, part by part; a part that its machine cannot run says so and the others go on.
async fn all() -> Outcome<()> {
    let said = |part: &str, outcome: Outcome<()>| {
        if let Err(error) = outcome {
            println!("{part}: NOT MEASURED: {error}");
        }
    };
    for (rate, calls) in CLEAN {
        said("clean", clean::measure(rate, calls).await);
        said("clean", clean::measure_kamailio(rate, calls).await);
    }
    said("highest", clean::measure_highest(10).await);
    for (rate, calls) in CLEAN {
        said("inline", inline::measure(rate, calls).await);
    }
    said("idle", idle::measure(60).await);
    for (rate, calls) in IVR {
        said("ivr", ivr::measure(rate, calls).await);
    }
    for (rate, calls) in CLEAN {
        said("statements", statements::measure(rate, calls).await);
    }
    for calls in [100, 300] {
        said("nothing", media::measure_nothing(calls, 10));
        said("media", media::measure(calls, 10).await);
        said("kamailio", media::measure_peer(calls, 10));
    }
    for (conferences, people) in [(1, 32), (100, 2)] {
        said("conference", conference::measure(conferences, people, 10).await);
    }
    said("flood", flood::measure(20_000, 10).await);
    said("memory", memory::measure(7_000, 143).await);
    Ok(())
}

/// The settings of one trunk that sends to `carrier` and takes calls from its address.
fn trunk_to(carrier: std::net::SocketAddr) -> String {
    format!("[[trunk]]\nname = \"bench\"\naddress = \"{carrier}\"\nprefixes = [\"+\"]\n")
}

fn free_port() -> Outcome<u16> {
    Ok(std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
