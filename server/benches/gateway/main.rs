//! What whole calls cost: the binary as a process of its own, between SIP peers in other processes.
//!
//!     cargo bench -p sautikit --bench gateway -- clean [calls per second] [calls]
//!     cargo bench -p sautikit --bench gateway -- media [calls] [seconds]
//!     cargo bench -p sautikit --bench gateway -- kamailio [calls] [seconds]
//!     cargo bench -p sautikit --bench gateway -- nothing [calls] [seconds]
//!
//! A call comes in from a trunk to a claimed number, the number's voice callback (here, on loopback) answers with a
//! `dial`, the call goes out over the trunk, is answered, bridged, hung up, rated and debited. CPU time is the measured
//! processes' alone (/proc/PID/stat); the peers and the callback run outside them. `clean` needs SIPp, `kamailio` needs
//! Debian's kamailio and rtpengine-daemon. Linux only. Not measured here: browsers.

#[path = "../shared/account.rs"]
mod account;
mod callback;
mod clean;
mod customer;
mod media;
mod peer;
mod phone;
#[path = "../shared/server.rs"]
mod server;
mod stream;
#[path = "../shared/subject.rs"]
mod subject;

/// Any failure ends the benchmark with a message.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The number that is called.
const NUMBER: &str = "+254700000001";

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let figure =
        |index: usize, default: u32| arguments.get(index).and_then(|text| text.parse::<u32>().ok()).unwrap_or(default);
    match arguments.first().map(String::as_str) {
        Some("clean") => clean::measure(figure(1, 50), figure(2, 1_000)).await,
        Some("media") => media::measure(figure(1, 100), figure(2, 10)).await,
        Some("kamailio") => media::measure_peer(figure(1, 100), figure(2, 10)),
        Some("nothing") => media::measure_nothing(figure(1, 100), figure(2, 10)),
        _ => {
            clean::measure(50, 1_000).await?;
            media::measure_nothing(100, 10)?;
            media::measure(100, 10).await
        }
    }
}

/// The settings of one trunk that sends to `carrier` and takes calls from its address.
fn trunk_to(carrier: std::net::SocketAddr) -> String {
    format!("[[trunk]]\nname = \"bench\"\naddress = \"{carrier}\"\nprefixes = [\"+\"]\n")
}

fn free_port() -> Outcome<u16> {
    Ok(std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
