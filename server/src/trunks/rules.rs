//! What a trunk may be. Pure.

mod signalling;

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Trunk, TrunkError, invalid};
use crate::config::Config;
use crate::telephone;

/// Longest name, in characters: it stands in tables and logs.
const NAME_MAX_CHARS: usize = 40;
/// Longest host and port: a domain name has 253 characters.
const ADDRESS_MAX_CHARS: usize = 260;
/// Prefixes and sources of one trunk: a carrier's whole price list names no more countries with their mobile ranges.
pub(super) const ENTRIES_MOST: usize = 500;
/// Digits of a prefix: those of a whole number (E.164 §6.2.1).
const PREFIX_MAX_DIGITS: usize = 15;
/// Last in the order of trying, as DNS has it for its servers (RFC 2782).
const PRIORITY_MOST: u32 = 65_535;
/// Calls at a time beyond which a limit means none.
const CALLS_MOST: u32 = 1_000_000;
/// Longest user name and password, in characters.
const CREDENTIAL_MAX_CHARS: usize = 128;
/// Shortest networks that calls may come from: who takes calls from more is open to strangers.
const SHORTEST_V4_NETWORK: u8 = 8;
/// As [`SHORTEST_V4_NETWORK`]: what an IPv6 registry gives to one provider.
const SHORTEST_V6_NETWORK: u8 = 32;
/// What legs can speak, as SDP names it.
pub const CODECS: [&str; 4] = ["PCMA", "PCMU", "G722", "opus"];
/// The built-in carrier and the way between our own numbers, which calls name as well.
const TAKEN_NAMES: [&str; 2] = ["sandbox", "on-net"];

/// Checks a trunk beside all others, those of the configuration too.
///
/// # Errors
/// The first member that can't be so.
pub(super) fn check(trunk: &Trunk, others: &[Trunk], config: &Config) -> Result<(), TrunkError> {
    let settings = &trunk.settings;
    check_name(&settings.name)?;
    let all = || config.trunk.iter().chain(others.iter().map(|other| &other.settings));
    if all().any(|other| other.name.eq_ignore_ascii_case(&settings.name)) {
        return Err(invalid("name", format!("There is a trunk `{}` already.", settings.name)));
    }
    check_address(&settings.address)?;
    signalling::check(settings)?;
    check_prefixes(&settings.prefixes)?;
    let sources = check_sources(&settings.sources)?;
    for other in all() {
        let theirs = other.sources.iter().filter_map(|source| source_network(source));
        if let Some(shared) = theirs.into_iter().find(|network| sources.contains(network)) {
            let message = format!("Calls from {shared} are those of trunk `{}`.", other.name);
            return Err(invalid("sources", message));
        }
    }
    if let Some(country) = settings.country.as_ref().filter(|country| !telephone::is_country(country)) {
        let message = format!("`{country}` is not the two letters of ISO 3166-1, such as KE for Kenya.");
        return Err(invalid("country", message));
    }
    if settings.priority > PRIORITY_MOST {
        return Err(invalid("priority", format!("A priority is 0 to {PRIORITY_MOST}.")));
    }
    if settings.max_calls.is_some_and(|calls| calls > CALLS_MOST) {
        return Err(invalid("max_calls", format!("Give 0 to {CALLS_MOST} calls, or null for no limit.")));
    }
    check_credentials(trunk)?;
    check_codecs(&settings.codecs)
}

/// An address or a network of an entry of `sources`.
pub fn source_network(text: &str) -> Option<IpNet> {
    let network: Option<IpNet> = text.parse().ok();
    network.map(|network| network.trunc()).or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn check_name(name: &str) -> Result<(), TrunkError> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.is_empty() || name.len() > NAME_MAX_CHARS || !name.chars().all(is_plain) {
        let message = format!("A name is 1 to {NAME_MAX_CHARS} letters, digits, hyphens, underscores and dots.");
        return Err(invalid("name", message));
    }
    if TAKEN_NAMES.iter().any(|taken| taken.eq_ignore_ascii_case(name)) {
        return Err(invalid("name", format!("`{name}` means something else on calls; give another name.")));
    }
    Ok(())
}

/// A host or an address with a port, IPv6 in brackets; or a host alone, whose SRV records say the rest.
fn check_address(address: &str) -> Result<(), TrunkError> {
    let is_socket = address.parse::<std::net::SocketAddr>().is_ok_and(|address| address.port() != 0);
    let is_named = || {
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "5060"));
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // What ends in digits is an address, and a wrong one here.
        let is_numeric = host.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        host.split('.').all(is_label) && !is_numeric && port.parse::<u16>().is_ok_and(|port| port != 0)
    };
    if address.len() <= ADDRESS_MAX_CHARS && (is_socket || is_named()) {
        return Ok(());
    }
    Err(invalid(
        "address",
        "Give host and port, such as `sip.carrier.example:5060` or `192.0.2.10:5060`, or a host with SRV records.",
    ))
}

fn check_prefixes(prefixes: &[String]) -> Result<(), TrunkError> {
    if prefixes.is_empty() || prefixes.len() > ENTRIES_MOST {
        return Err(invalid("prefixes", format!("Give 1 to {ENTRIES_MOST} prefixes; `+` alone serves everything.")));
    }
    for prefix in prefixes {
        let digits = prefix.strip_prefix('+');
        let fits = |digits: &str| digits.len() <= PREFIX_MAX_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !digits.is_some_and(fits) {
            let message = format!("`{}` is no prefix of E.164, such as `+254`.", shown(prefix));
            return Err(invalid("prefixes", message));
        }
    }
    Ok(())
}

fn check_sources(sources: &[String]) -> Result<HashSet<IpNet>, TrunkError> {
    if sources.len() > ENTRIES_MOST {
        return Err(invalid("sources", format!("Give at most {ENTRIES_MOST} sources.")));
    }
    let mut networks = HashSet::new();
    for source in sources {
        let Some(network) = source_network(source) else {
            let message = format!("`{}` is neither an address nor a network such as 192.0.2.0/24.", shown(source));
            return Err(invalid("sources", message));
        };
        let shortest = match network {
            IpNet::V4(_) => SHORTEST_V4_NETWORK,
            IpNet::V6(_) => SHORTEST_V6_NETWORK,
        };
        if network.prefix_len() < shortest {
            let message = format!("{network} is half the world: whoever calls from a source is trusted. Name less.");
            return Err(invalid("sources", message));
        }
        networks.insert(network);
    }
    Ok(networks)
}

fn check_credentials(trunk: &Trunk) -> Result<(), TrunkError> {
    let Some(username) = &trunk.settings.username else {
        return match trunk.sealed_password {
            Some(_) => Err(invalid("username", "A password needs a user name.")),
            None => Ok(()),
        };
    };
    let fits = (1..=CREDENTIAL_MAX_CHARS).contains(&username.chars().count());
    if !fits || username.chars().any(|letter| letter.is_control() || letter == '"' || letter == '\\') {
        let message = format!("A user name is 1 to {CREDENTIAL_MAX_CHARS} characters without quotes and backslashes.");
        return Err(invalid("username", message));
    }
    if trunk.sealed_password.is_none() {
        return Err(invalid("password", "A user name needs a password."));
    }
    Ok(())
}

/// Checks a password before it is sealed.
///
/// # Errors
/// It is empty, too long or can't be typed.
pub(super) fn check_password(password: &str) -> Result<(), TrunkError> {
    let fits = (1..=CREDENTIAL_MAX_CHARS).contains(&password.chars().count());
    if fits && !password.chars().any(char::is_control) {
        return Ok(());
    }
    Err(invalid("password", format!("A password is 1 to {CREDENTIAL_MAX_CHARS} characters.")))
}

fn check_codecs(codecs: &[String]) -> Result<(), TrunkError> {
    let mut seen = HashSet::new();
    for codec in codecs {
        let known = CODECS.iter().find(|known| known.eq_ignore_ascii_case(codec));
        if !known.is_some_and(|known| seen.insert(known)) {
            let message = format!("`{}` is not one of {}, or stands there twice.", shown(codec), CODECS.join(", "));
            return Err(invalid("codecs", message));
        }
    }
    if codecs.is_empty() {
        return Err(invalid("codecs", format!("Give at least one of {}.", CODECS.join(", "))));
    }
    Ok(())
}

/// What was given, short enough to be shown again.
fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use sautikit_api::ids::TrunkId;

    use super::*;
    use crate::config;

    fn trunk(name: &str) -> Trunk {
        let settings = config::Trunk {
            name: name.to_owned(),
            address: "sip.carrier.example:5060".to_owned(),
            prefixes: vec!["+".to_owned()],
            sources: vec!["192.0.2.0/24".to_owned()],
            country: Some("KE".to_owned()),
            codecs: vec!["PCMA".to_owned()],
            ..config::Trunk::default()
        };
        let id = TrunkId(uuid::Uuid::from_u128(1));
        Trunk { id, settings, sealed_password: None, is_enabled: true, created_at: 0, updated_at: 0 }
    }

    fn refused(change: impl FnOnce(&mut Trunk)) -> Option<&'static str> {
        let mut trunk = trunk("carrier-1");
        change(&mut trunk);
        match check(&trunk, &[self::trunk_elsewhere()], &Config::defaults().unwrap()) {
            Err(TrunkError::Invalid { field, .. }) => Some(field),
            _ => None,
        }
    }

    fn trunk_elsewhere() -> Trunk {
        let mut other = trunk("Other");
        other.settings.sources = vec!["198.51.100.7".to_owned()];
        other
    }

    #[test]
    fn a_trunk_says_which_member_can_not_be_so() {
        assert_eq!(refused(|_| {}), None);
        for name in ["", "a b", "sandbox", "other", &"x".repeat(41)] {
            assert_eq!(refused(|trunk| trunk.settings.name = name.to_owned()), Some("name"), "{name}");
        }
        for address in
            ["carrier example", "192.0.2.1", "carrier.example:0", "192.0.2.300:5060", ":5060", "[::1]", "a_b:5060"]
        {
            assert_eq!(refused(|trunk| trunk.settings.address = address.to_owned()), Some("address"), "{address}");
        }
        for address in ["[2001:db8::1]:5060", "192.0.2.1:5060", "localhost:5062", "carrier.example"] {
            assert_eq!(refused(|trunk| trunk.settings.address = address.to_owned()), None, "{address}");
        }
        for prefix in ["254", "+25x", "+1234567890123456"] {
            assert_eq!(refused(|trunk| trunk.settings.prefixes = vec![prefix.to_owned()]), Some("prefixes"));
        }
        assert_eq!(refused(|trunk| trunk.settings.prefixes.clear()), Some("prefixes"));
        for source in ["carrier.example", "0.0.0.0/0", "10.0.0.0/7", "2000::/3", "198.51.100.7/32"] {
            let sources = vec![source.to_owned()];
            assert_eq!(refused(|trunk| trunk.settings.sources = sources), Some("sources"), "{source}");
        }
        assert_eq!(refused(|trunk| trunk.settings.country = Some("Kenya".to_owned())), Some("country"));
        assert_eq!(refused(|trunk| trunk.settings.username = Some("us".to_owned())), Some("password"));
        assert_eq!(refused(|trunk| trunk.sealed_password = Some("sealed".to_owned())), Some("username"));
        for codecs in [&["G729"][..], &["PCMA", "pcma"], &[]] {
            let codecs = codecs.iter().map(ToString::to_string).collect();
            assert_eq!(refused(|trunk| trunk.settings.codecs = codecs), Some("codecs"));
        }
    }

    #[test]
    fn a_source_is_a_network_or_an_address() {
        assert!(source_network("192.0.2.0/24").unwrap().contains(&"192.0.2.77".parse::<IpAddr>().unwrap()));
        assert_eq!(source_network("192.0.2.77/24"), source_network("192.0.2.0/24"));
        assert_eq!(source_network("2001:db8::7").unwrap().prefix_len(), 128);
        assert_eq!(source_network("192.0.2.0/33"), None);
        assert_eq!(source_network("carrier.example"), None);
    }
}
