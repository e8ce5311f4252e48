//! Where a SIP server is (RFC 3263): NAPTR says by which transport, SRV at which hosts and in which order (RFC 2782), then come
//! their addresses. NAPTR and SRV are asked of the name servers of this machine, and kept as long as those say; addresses are
//! looked up by the system itself, which knows names of its own.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};

use super::sip::StreamTransport;
use crate::entropy::Entropy;

/// Ports where nothing is named (RFC 3261 §19.1.2).
pub(super) const PORT: u16 = 5060;
pub(super) const TLS_PORT: u16 = 5061;
/// Servers of one name that are looked at: a caller waits for each.
const MOST_SERVERS: usize = 8;
/// A question is asked again after this long, and once more only.
const ASKED_AGAIN_AFTER: Duration = Duration::from_millis(800);
const ASKED_TIMES: usize = 2;

/// A server of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server {
    /// Where it is.
    pub address: SocketAddr,
    /// The connection that it wants; none for datagrams.
    pub transport: Option<StreamTransport>,
    /// Its place among the others: those of a lower one are tried first; equal ones share what comes.
    pub priority: u16,
}

/// By what a server shall be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Whatever its name servers say that it likes best.
    Any,
    /// This, datagrams where it is none.
    By(Option<StreamTransport>),
}

/// A NAPTR record of a SIP service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naptr {
    /// The lower comes first; then the lower preference.
    pub order: u16,
    /// Among those of an order.
    pub preference: u16,
    /// Such as `SIP+D2U`.
    pub service: String,
    /// The name of the SRV records.
    pub replacement: String,
}

/// An SRV record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srv {
    /// The lower comes first.
    pub priority: u16,
    /// Its share among those of a priority.
    pub weight: u16,
    /// Where it listens.
    pub port: u16,
    /// Its host.
    pub target: String,
}

/// What name servers know. A question without an answer has none that could be used, whatever the reason.
#[async_trait::async_trait]
pub trait Records: Sync {
    /// NAPTR records of a name whose replacement is a name of SRV records.
    async fn naptr(&self, name: &str) -> Vec<Naptr>;
    /// SRV records of a name.
    async fn srv(&self, name: &str) -> Vec<Srv>;
    /// Addresses of a host, with this port.
    async fn addresses(&self, host: &str, port: u16) -> Vec<SocketAddr>;
}

/// The name servers of this machine.
pub struct NameServers;

/// Draws from the server's randomness.
pub fn draw_from(entropy: &Entropy) -> impl Fn(u32) -> u32 + Sync {
    move |most| entropy.number::<u32>() % most.max(1)
}

/// Host and port of a place that is written as in `sip.carrier.example:5060`, `[2001:db8::1]` or `sip.carrier.example`; nothing
/// where the port is none.
pub fn host_and_port(place: &str) -> Option<(&str, Option<u16>)> {
    match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => Some((host, Some(port.parse().ok()?))),
        _ => Some((place, None)),
    }
}

/// The servers of a host in the order of trying, [`MOST_SERVERS`] at most. A written address or port leaves nothing to ask for
/// but addresses (§4.1, §4.2). `draw` gives a number below its argument.
pub async fn locate(
    records: &dyn Records,
    (host, port): (&str, Option<u16>),
    wanted: Wanted,
    draw: &(dyn Fn(u32) -> u32 + Sync),
) -> Vec<Server> {
    let plain = match wanted {
        Wanted::Any => None,
        Wanted::By(transport) => transport,
    };
    let usual = if plain == Some(StreamTransport::Tls) { TLS_PORT } else { PORT };
    let by = |address, transport, priority| Server { address, transport, priority };
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return vec![by(SocketAddr::new(ip, port.unwrap_or(usual)), plain, 0)];
    }
    if port.is_none() {
        for (transport, name) in services(records, host, wanted).await {
            let mut found = Vec::new();
            for srv in in_order(records.srv(&name).await, draw) {
                let addresses = records.addresses(&srv.target, srv.port).await;
                found.extend(addresses.into_iter().map(|address| by(address, transport, srv.priority)));
                if found.len() >= MOST_SERVERS {
                    found.truncate(MOST_SERVERS);
                    break;
                }
            }
            if !found.is_empty() {
                return found;
            }
        }
    }
    let addresses = records.addresses(host, port.unwrap_or(usual)).await;
    addresses.into_iter().take(MOST_SERVERS).map(|address| by(address, plain, 0)).collect()
}

/// The names of SRV records to look at, with the transport that each is of.
async fn services(records: &dyn Records, host: &str, wanted: Wanted) -> Vec<(Option<StreamTransport>, String)> {
    use StreamTransport::{Tcp, Tls};
    let own = |transport| match transport {
        None => (None, format!("_sip._udp.{host}")),
        Some(Tcp) => (Some(Tcp), format!("_sip._tcp.{host}")),
        Some(Tls) => (Some(Tls), format!("_sips._tcp.{host}")),
    };
    if let Wanted::By(transport) = wanted {
        return vec![own(transport)];
    }
    let mut naptr = records.naptr(host).await;
    naptr.sort_by_key(|record| (record.order, record.preference));
    let spoken = naptr.into_iter().filter_map(|record| {
        let transport = match record.service.to_ascii_uppercase().as_str() {
            "SIP+D2U" => None,
            "SIP+D2T" => Some(Tcp),
            "SIPS+D2T" => Some(Tls),
            _ => return None,
        };
        Some((transport, record.replacement))
    });
    let spoken: Vec<_> = spoken.collect();
    if spoken.is_empty() { [None, Some(Tcp), Some(Tls)].map(own).to_vec() } else { spoken }
}

/// SRV records in the order of RFC 2782: by priority, and within one drawn by weight. `draw` gives a number below its argument.
fn in_order(mut records: Vec<Srv>, mut draw: impl FnMut(u32) -> u32) -> Vec<Srv> {
    // Those without weight first, so that they have a small chance.
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|record| record.priority) {
        let among = records.iter().take_while(|record| record.priority == priority);
        let total: u32 = among.map(|record| u32::from(record.weight)).sum();
        let drawn = draw(total + 1);
        let mut sum = 0;
        let at = records.iter().position(|record| {
            sum += u32::from(record.weight);
            sum >= drawn
        });
        let record = records.remove(at.unwrap_or_default());
        // A single dot says that there is no such service.
        if !record.target.trim_end_matches('.').is_empty() {
            ordered.push(record);
        }
    }
    ordered
}

/// What asks the name servers; it keeps their answers, so that there is one of it. None where the machine names none.
fn resolver() -> Option<&'static TokioResolver> {
    static RESOLVER: OnceLock<Option<TokioResolver>> = OnceLock::new();
    let make = || {
        let mut builder = TokioResolver::builder_tokio()
            .inspect_err(
                |error| tracing::warn!(%error, "no name servers are known: SRV and NAPTR records are not asked for"),
            )
            .ok()?;
        let options = builder.options_mut();
        options.timeout = ASKED_AGAIN_AFTER;
        options.attempts = ASKED_TIMES;
        Some(builder.build())
    };
    RESOLVER.get_or_init(make).as_ref()
}

/// A name that is complete: nothing of this machine's domain is put behind it.
fn complete(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

#[async_trait::async_trait]
impl Records for NameServers {
    async fn naptr(&self, name: &str) -> Vec<Naptr> {
        let Some(resolver) = resolver() else { return Vec::new() };
        let Ok(found) = resolver.lookup(complete(name), RecordType::NAPTR).await else { return Vec::new() };
        let records = found.iter().filter_map(|record| {
            let RData::NAPTR(naptr) = record else { return None };
            naptr.flags().eq_ignore_ascii_case(b"s").then(|| Naptr {
                order: naptr.order(),
                preference: naptr.preference(),
                service: String::from_utf8_lossy(naptr.services()).into_owned(),
                replacement: naptr.replacement().to_ascii(),
            })
        });
        records.collect()
    }

    async fn srv(&self, name: &str) -> Vec<Srv> {
        let Some(resolver) = resolver() else { return Vec::new() };
        let Ok(found) = resolver.srv_lookup(complete(name)).await else { return Vec::new() };
        let record = |srv: &hickory_resolver::proto::rr::rdata::SRV| Srv {
            priority: srv.priority(),
            weight: srv.weight(),
            port: srv.port(),
            target: srv.target().to_ascii(),
        };
        found.iter().map(record).collect()
    }

    async fn addresses(&self, host: &str, port: u16) -> Vec<SocketAddr> {
        let host = host.trim_end_matches('.');
        tokio::net::lookup_host((host, port)).await.map(Iterator::collect).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Name servers with these records; hosts have the addresses that their names begin with.
    #[derive(Default)]
    struct Zone {
        naptr: Vec<Naptr>,
        srv: HashMap<&'static str, Vec<Srv>>,
        hosts: HashMap<&'static str, Vec<&'static str>>,
    }

    #[async_trait::async_trait]
    impl Records for Zone {
        async fn naptr(&self, _: &str) -> Vec<Naptr> {
            self.naptr.clone()
        }

        async fn srv(&self, name: &str) -> Vec<Srv> {
            self.srv.get(name).cloned().unwrap_or_default()
        }

        async fn addresses(&self, host: &str, port: u16) -> Vec<SocketAddr> {
            let found = self.hosts.get(host).into_iter().flatten();
            found.map(|ip| SocketAddr::new(ip.parse().unwrap(), port)).collect()
        }
    }

    fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Srv {
        Srv { priority, weight, port, target: target.to_owned() }
    }

    fn naptr(order: u16, service: &str, replacement: &str) -> Naptr {
        Naptr { order, preference: 10, service: service.to_owned(), replacement: replacement.to_owned() }
    }

    fn zone() -> Zone {
        let hosts = [
            ("carrier.example", vec!["192.0.2.1"]),
            ("a.carrier.example", vec!["192.0.2.10", "192.0.2.11"]),
            ("b.carrier.example", vec!["192.0.2.20"]),
        ];
        Zone { hosts: hosts.into(), ..Zone::default() }
    }

    async fn found(zone: &Zone, place: &str, wanted: Wanted) -> Vec<String> {
        let servers = locate(zone, host_and_port(place).unwrap(), wanted, &|_| 0).await;
        let by = |transport| match transport {
            None => "udp",
            Some(StreamTransport::Tcp) => "tcp",
            Some(StreamTransport::Tls) => "tls",
        };
        servers.into_iter().map(|server| format!("{} {}", server.address, by(server.transport))).collect()
    }

    #[tokio::test]
    async fn a_written_address_or_port_is_taken_as_it_is() {
        let mut zone = zone();
        zone.srv.insert("_sip._udp.carrier.example", vec![srv(1, 1, 5099, "a.carrier.example")]);
        for (place, wanted, expected) in [
            ("192.0.2.7", Wanted::Any, "192.0.2.7:5060 udp"),
            ("192.0.2.7:5070", Wanted::Any, "192.0.2.7:5070 udp"),
            ("[2001:db8::7]", Wanted::By(Some(StreamTransport::Tls)), "[2001:db8::7]:5061 tls"),
            ("carrier.example:5060", Wanted::Any, "192.0.2.1:5060 udp"),
        ] {
            assert_eq!(found(&zone, place, wanted).await, [expected], "{place}");
        }
        assert_eq!(host_and_port("carrier.example:sip"), None);
    }

    #[tokio::test]
    async fn srv_records_of_the_wanted_transport_lead_to_their_hosts_by_priority() {
        let mut zone = zone();
        let servers = vec![srv(20, 0, 5080, "b.carrier.example"), srv(10, 5, 5070, "a.carrier.example")];
        zone.srv.insert("_sip._udp.carrier.example", servers);
        let all = ["192.0.2.10:5070 udp", "192.0.2.11:5070 udp", "192.0.2.20:5080 udp"];
        assert_eq!(found(&zone, "carrier.example", Wanted::By(None)).await, all);
        assert_eq!(found(&zone, "carrier.example", Wanted::Any).await, all);
        let by_tcp = Wanted::By(Some(StreamTransport::Tcp));
        assert_eq!(found(&zone, "carrier.example", by_tcp).await, ["192.0.2.1:5060 tcp"], "it has none for TCP");
    }

    #[tokio::test]
    async fn what_the_domain_likes_best_and_we_speak_comes_first() {
        let mut zone = zone();
        zone.naptr = vec![
            naptr(30, "SIP+D2U", "_sip._udp.carrier.example"),
            naptr(10, "SIP+D2S", "_sip._sctp.carrier.example"),
            naptr(20, "sips+d2t", "tls.of.carrier.example"),
        ];
        zone.srv.insert("_sip._udp.carrier.example", vec![srv(1, 1, 5060, "a.carrier.example")]);
        zone.srv.insert("tls.of.carrier.example", vec![srv(1, 1, 5071, "b.carrier.example")]);
        assert_eq!(found(&zone, "carrier.example", Wanted::Any).await, ["192.0.2.20:5071 tls"]);
        zone.srv.remove("tls.of.carrier.example");
        let by_datagrams = ["192.0.2.10:5060 udp", "192.0.2.11:5060 udp"];
        assert_eq!(found(&zone, "carrier.example", Wanted::Any).await, by_datagrams);
    }

    #[tokio::test]
    async fn a_service_that_is_said_not_to_be_is_none_and_a_host_that_is_gone_leads_to_the_next() {
        let mut zone = zone();
        let servers = vec![srv(1, 1, 5060, "gone.carrier.example"), srv(2, 1, 5060, "b.carrier.example")];
        zone.srv.insert("_sip._udp.carrier.example", servers);
        assert_eq!(found(&zone, "carrier.example", Wanted::By(None)).await, ["192.0.2.20:5060 udp"]);
        zone.srv.insert("_sip._udp.carrier.example", vec![srv(0, 0, 0, ".")]);
        assert_eq!(found(&zone, "carrier.example", Wanted::By(None)).await, ["192.0.2.1:5060 udp"]);
        assert!(found(&zone, "nowhere.example", Wanted::Any).await.is_empty());
    }

    #[test]
    fn within_a_priority_each_comes_first_as_often_as_its_weight_says() {
        let records = || vec![srv(1, 75, 1, "a"), srv(1, 25, 2, "b"), srv(0, 0, 3, "first")];
        let mut first_of_second = HashMap::<u16, u32>::new();
        for drawn in 0..=100 {
            let ordered = in_order(records(), |most| drawn % most);
            assert_eq!((ordered[0].port, ordered.len()), (3, 3));
            *first_of_second.entry(ordered[1].port).or_default() += 1;
        }
        assert_eq!((first_of_second[&1], first_of_second[&2]), (75, 26));
    }
}
