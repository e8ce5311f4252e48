//! Ports, the public address and the time.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use tokio::net::UdpSocket as AsyncUdpSocket;
use tokio::time::timeout;

use super::Finding;
use crate::config::TcpPort;
use crate::serve::control;
use crate::state::AppState;
use crate::tls::Certificates;

/// Where the time is asked (SNTP, RFC 4330).
const TIME_SERVER: &str = "pool.ntp.org:123";
const TIME_WITHIN: Duration = Duration::from_secs(3);
/// Nonces, tokens and signatures of webhooks allow for a few minutes; bills and logs should agree to the second.
const FAR_OFF_MS: i64 = 2_000;
const MUCH_TOO_FAR_MS: i64 = 60_000;
/// From 1900 to 1970, in seconds: SNTP counts from the former.
const EPOCH_OFFSET_S: i64 = 2_208_988_800;
/// Each leg takes a pair.
const PORTS_A_LEG: u32 = 2;
/// Less is a small office.
const FEW_LEGS: u32 = 200;
/// Where the kernel takes ports from for connections of others.
const EPHEMERAL_PORTS: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// Whether this host's clock is right.
pub(super) async fn clock(app: &AppState) -> Vec<Finding> {
    let asked = timeout(TIME_WITHIN, offset_ms(app)).await;
    let Ok(Some(offset)) = asked else {
        let mend = "Have chrony or systemd-timesyncd keep the clock; from here no time server could be asked.";
        return vec![Finding::warning("clock", format!("{TIME_SERVER} did not answer"), mend)];
    };
    let message = format!("{offset} ms off");
    let mend = "Have chrony or systemd-timesyncd keep the clock: tokens and signatures go by it.";
    vec![match offset.abs() {
        off if off > MUCH_TOO_FAR_MS => Finding::failure("clock", message, mend),
        off if off > FAR_OFF_MS => Finding::warning("clock", message, mend),
        _ => Finding::good("clock", message),
    }]
}

/// How far the time server is ahead of us, in milliseconds.
async fn offset_ms(app: &AppState) -> Option<i64> {
    let socket = AsyncUdpSocket::bind("0.0.0.0:0").await.ok()?;
    socket.connect(TIME_SERVER).await.ok()?;
    let mut packet = [0_u8; 48];
    // Version 4, client.
    packet[0] = 0x23;
    let before = app.now_us() / 1_000;
    socket.send(&packet).await.ok()?;
    let length = socket.recv(&mut packet).await.ok()?;
    let after = app.now_us() / 1_000;
    if length < packet.len() {
        return None;
    }
    let word = |at: usize| packet.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    let (seconds, fraction) = (word(40)?, word(44)?);
    let sent_ms = (i64::from(seconds) - EPOCH_OFFSET_S) * 1_000 + ((i64::from(fraction) * 1_000) >> 32);
    Some(sent_ms - (before + after) / 2)
}

/// Whether our ports are ours: free, or taken by our own server.
pub(super) fn ports(app: &AppState) -> Vec<Finding> {
    let config = &app.config;
    if control::is_running(&config.data_dir) {
        return vec![Finding::good("ports", "the server of this data folder runs and has its ports")];
    }
    let tcp = |address: SocketAddr| TcpListener::bind(address).map(drop);
    let udp = |address: SocketAddr| UdpSocket::bind(address).map(drop);
    let mut wanted = vec![
        ("http.listen", config.http.listen, tcp(config.http.listen)),
        ("sip.listen", config.sip.listen, udp(config.sip.listen)),
        ("sip.listen", config.sip.listen, tcp(config.sip.listen)),
        ("media.listen", config.media.listen, udp(config.media.listen)),
    ];
    let media_over_tcp = match config.media.tcp_port {
        TcpPort::Same => Some(config.media.listen),
        TcpPort::At(port) => Some(SocketAddr::new(config.media.listen.ip(), port)),
        TcpPort::Off => None,
    };
    if let Some(address) = media_over_tcp {
        wanted.push(("media.tcp_port", address, tcp(address)));
    }
    if app.part::<Certificates>().sip_server().is_some() {
        wanted.push(("sip.tls_listen", config.sip.tls_listen, tcp(config.sip.tls_listen)));
    }
    let total = wanted.len();
    let wrong: Vec<_> =
        wanted.into_iter().filter_map(|(key, address, bound)| Some((key, address, bound.err()?))).collect();
    if wrong.is_empty() {
        return vec![Finding::good("ports", format!("all {total} are free"))];
    }
    let words = |(key, address, error): (&str, SocketAddr, std::io::Error)| {
        let mend = match error.kind() {
            ErrorKind::AddrInUse => format!("Another process has it (ss -lnp); stop it, or change `{key}`."),
            ErrorKind::AddrNotAvailable => format!("No interface of this host has the address; change `{key}`."),
            ErrorKind::PermissionDenied => "Ports below 1024 need CAP_NET_BIND_SERVICE.".to_owned(),
            _ => format!("Change `{key}`."),
        };
        Finding::failure("ports", format!("{address} (`{key}`): {error}"), mend)
    };
    wrong.into_iter().map(words).collect()
}

/// Whether there are ports for enough calls, and nobody else takes them.
pub(super) fn rtp(app: &AppState) -> Vec<Finding> {
    let range = app.config.media.rtp_ports;
    let legs = (u32::from(range.last) - u32::from(range.first) + 1) / PORTS_A_LEG;
    let room = format!("ports {}–{} carry {legs} legs", range.first, range.last);
    let mut findings = vec![if legs < FEW_LEGS {
        Finding::warning("rtp", room, "Widen `media.rtp_ports`, and open them in the firewall for UDP.")
    } else {
        Finding::good("rtp", room)
    }];
    let ephemeral = std::fs::read_to_string(EPHEMERAL_PORTS).unwrap_or_default();
    let mut bounds = ephemeral.split_whitespace().filter_map(|bound| bound.parse::<u16>().ok());
    if let (Some(first), Some(last)) = (bounds.next(), bounds.next())
        && first <= range.last
        && range.first <= last
    {
        findings.push(Finding::warning(
            "rtp",
            format!("the kernel gives ports {first}–{last} to anybody's connections, some of which calls need"),
            format!("Set net.ipv4.ip_local_reserved_ports = {}-{}.", range.first, range.last),
        ));
    }
    findings
}

/// Whether peers can reach the address that we name.
pub(super) fn public_address(app: &AppState) -> Finding {
    let ip = app.config.media.public_ip;
    let message = format!("calls name {ip} as our address");
    let is_private = match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    match () {
        () if app.config.is_development() => Finding::good("address", message),
        () if ip.is_loopback() || ip.is_unspecified() => {
            Finding::failure("address", message, "Set `media.public_ip` to the address by which peers reach this host.")
        }
        () if is_private => {
            let mend = "Peers outside of this network hear nothing: set `media.public_ip` to the public address.";
            Finding::warning("address", message, mend)
        }
        () => Finding::good("address", message),
    }
}
