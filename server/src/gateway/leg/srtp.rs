//! How a line of a description secures its audio, and how ours do: keys that stand in it (RFC 4568), or the fingerprint of a
//! handshake (RFC 5763). A line of plain RTP that has either is an offer to encrypt for whoever can (RFC 8643). Pure.

use sip::sdp::{Crypto, Fingerprint, Media, Session, Setup};

use crate::config::SrtpPolicy;
use crate::gateway::media::{MasterKey, Suite};

/// Plain RTP, and the same with feedback that nobody has to send (RFC 4585 §3.1).
const PLAIN: [&str; 2] = ["RTP/AVP", "RTP/AVPF"];
/// SRTP whose keys stand in the description. Some write it for DTLS as well.
const SECURE: [&str; 2] = ["RTP/SAVP", "RTP/SAVPF"];
/// SRTP by DTLS (RFC 5764 §8).
const BY_HANDSHAKE: [&str; 2] = ["UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"];
/// The hash of fingerprints that is taken: everybody's (RFC 8122 §5).
const HASH: &str = "sha-256";
/// Stands in samples, where a call has a key of its own.
const SAMPLE_KEY: &str = "made-for-each-call";

/// What a line says of its security, as this leg takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Secured {
    /// Nothing.
    Plain,
    /// Keys.
    Sdes(Sdes),
    /// Whom a handshake has to be with.
    Dtls(Dtls),
}

/// The line of keys that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sdes {
    pub(super) tag: u32,
    /// Of what its writer sends.
    pub(super) key: MasterKey,
    /// Octets by which its writer's packets name their key.
    pub(super) mki_length: u8,
}

/// The other side of a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dtls {
    /// Of its certificate, by SHA-256.
    pub(super) fingerprint: Fingerprint,
    /// Its part as its description has it.
    pub(super) setup: Setup,
}

/// What a description is to this leg.
#[derive(Debug, Clone, Copy)]
pub(super) enum Exchange<'a> {
    /// The peer's offer.
    Offer,
    /// The peer's answer to an offer that had these keys, and a fingerprint or none.
    Answer { keys: &'a [(u32, MasterKey)], has_fingerprint: bool },
}

/// Whether a line is RTP of any kind.
pub(super) fn is_rtp(section: &Media) -> bool {
    let protocol = section.protocol.as_str();
    PLAIN.contains(&protocol) || SECURE.contains(&protocol) || BY_HANDSHAKE.contains(&protocol)
}

/// How a line is secured, of what the policy allows; none where it can't be taken.
pub(super) fn read(session: &Session, section: &Media, policy: SrtpPolicy, exchange: Exchange<'_>) -> Option<Secured> {
    let protocol = section.protocol.as_str();
    let plain = PLAIN.contains(&protocol).then_some(Secured::Plain);
    let secured = || {
        let by_keys = (!BY_HANDSHAKE.contains(&protocol)).then(|| by_keys(section, exchange)).flatten();
        by_keys.map(Secured::Sdes).or_else(|| by_handshake(session, section, exchange).map(Secured::Dtls))
    };
    match policy {
        SrtpPolicy::Off => plain,
        SrtpPolicy::Accepted | SrtpPolicy::Preferred => secured().or(plain).filter(|_| is_rtp(section)),
        SrtpPolicy::Required => secured().filter(|_| is_rtp(section)),
    }
}

/// The first line of keys that can be taken: who writes them has the preferred one first (RFC 4568 §5.1.1).
fn by_keys(section: &Media, exchange: Exchange<'_>) -> Option<Sdes> {
    section.cryptos().iter().find_map(|crypto| {
        let sdes = taken(crypto)?;
        match exchange {
            Exchange::Offer => Some(sdes),
            // An answer takes one of ours, and gives the key of what it sends by the same suite.
            Exchange::Answer { keys, .. } => {
                let is_ours = |(tag, key): &(u32, MasterKey)| *tag == sdes.tag && key.suite() == sdes.key.suite();
                keys.iter().any(is_ours).then_some(sdes)
            }
        }
    })
}

fn taken(crypto: &Crypto) -> Option<Sdes> {
    let suite = Suite::named(&crypto.suite)?;
    // Which of several keys a packet is by would be told by its MKI alone: nobody sends such lines.
    let [inline] = &crypto.keys[..] else { return None };
    let key = MasterKey::from_base64(suite, &inline.text)?;
    let mki_length = inline.mki.as_ref().map_or(0, |mki| mki.length);
    crypto.parameters.iter().all(|parameter| may_be_ignored(parameter)).then_some(Sdes {
        tag: crypto.tag,
        key,
        mki_length,
    })
}

/// Whether a session parameter changes nothing here: a hint, a window of replays, keys that are derived once, and what says
/// itself that it may be ignored (RFC 4568 §6.3). The others switch encryption or its proof off.
fn may_be_ignored(parameter: &str) -> bool {
    parameter.starts_with('-') || parameter.starts_with("WSH=") || parameter == "KDR=0"
}

fn by_handshake(session: &Session, section: &Media, exchange: Exchange<'_>) -> Option<Dtls> {
    if let Exchange::Answer { has_fingerprint: false, .. } = exchange {
        return None;
    }
    // A browser's, which says nothing before ICE has had an answer, and that ends elsewhere have none of.
    let is_browsers = session.attributes.get("group").is_some_and(|group| group.starts_with("BUNDLE"));
    if is_browsers && session.ice_credentials(section).is_some() {
        return None;
    }
    let fingerprint = session.fingerprints(section).into_iter().find(|fingerprint| fingerprint.hash == HASH)?;
    let setup = session.setup(section);
    // A fingerprint beside plain RTP may be of something else unless it says who begins.
    let setup = if PLAIN.contains(&section.protocol.as_str()) { setup? } else { setup.unwrap_or(Setup::ActPass) };
    (setup != Setup::HoldConn).then_some(Dtls { fingerprint, setup })
}

/// How a line of ours is secured.
#[derive(Debug, Clone)]
pub(super) enum Own<'a> {
    /// Not.
    Plain,
    /// By one of these keys; whether the line is for those as well who have no SRTP.
    Sdes { keys: &'a [(u32, MasterKey)], is_optional: bool },
    /// By a handshake with this certificate.
    Dtls { fingerprint: &'a Fingerprint, setup: Setup },
}

impl Own<'_> {
    /// The transport of the line.
    pub(super) fn protocol(&self) -> &'static str {
        match self {
            Self::Plain | Self::Sdes { is_optional: true, .. } => PLAIN[0],
            Self::Sdes { is_optional: false, .. } => SECURE[0],
            Self::Dtls { .. } => BY_HANDSHAKE[0],
        }
    }

    /// Writes it down.
    pub(super) fn describe(&self, section: &mut Media) {
        match self {
            Self::Plain => {}
            Self::Sdes { keys, .. } => {
                for (tag, key) in *keys {
                    push_key(section, *tag, key.suite(), key.to_base64());
                }
            }
            Self::Dtls { fingerprint, setup } => {
                section.attributes.push("setup", setup.as_str());
                section.attributes.push("fingerprint", fingerprint.to_string());
            }
        }
    }
}

/// Makes a line of an offer that is looked at one of this policy: without keys.
pub(super) fn describe_sample(section: &mut Media, policy: SrtpPolicy) {
    if let Some(is_optional) = offers(policy) {
        section.protocol = Own::Sdes { keys: &[], is_optional }.protocol().to_owned();
        for (tag, suite) in (1..).zip(Suite::ALL) {
            push_key(section, tag, suite, SAMPLE_KEY.to_owned());
        }
    }
}

fn push_key(section: &mut Media, tag: u32, suite: Suite, text: String) {
    section.attributes.push("crypto", format!("{tag} {} inline:{text}", suite.name()));
}

/// Whether we offer SRTP by ourselves, and then whether plain RTP would do as well.
pub(super) fn offers(policy: SrtpPolicy) -> Option<bool> {
    match policy {
        SrtpPolicy::Off | SrtpPolicy::Accepted => None,
        SrtpPolicy::Preferred => Some(true),
        SrtpPolicy::Required => Some(false),
    }
}

/// Our part in a handshake with a peer that offers this one. Behind a NAT only the peer can begin, so it does where it may.
pub(super) fn own_part(theirs: Setup) -> Setup {
    if theirs == Setup::Passive { Setup::Active } else { Setup::Passive }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;

    const KEY: &str = "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR";
    const GCM_KEY: &str = "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==";
    const PRINT: &str = "a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n";

    fn session(protocol: &str, lines: &str) -> Session {
        let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
        sip::sdp::parse(format!("{head}m=audio 4000 {protocol} 8\r\n{lines}").as_bytes()).unwrap()
    }

    fn offered(protocol: &str, lines: &str, policy: SrtpPolicy) -> Option<Secured> {
        let session = session(protocol, lines);
        read(&session, &session.media[0], policy, Exchange::Offer)
    }

    /// What an offer comes to under each policy: nothing, plain RTP, keys or a handshake.
    fn comes_to(protocol: &str, lines: &str) -> [char; 4] {
        SrtpPolicy::ALL.map(|policy| match offered(protocol, lines, policy) {
            None => '-',
            Some(Secured::Plain) => 'p',
            Some(Secured::Sdes(_)) => 's',
            Some(Secured::Dtls(_)) => 'd',
        })
    }

    #[test]
    fn a_policy_takes_of_a_line_what_it_allows() {
        let keys = format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n");
        let handshake = format!("{PRINT}a=setup:actpass\r\n");
        for (protocol, lines, expected) in [
            ("RTP/AVP", "", "ppp-"),
            ("RTP/AVPF", "", "ppp-"),
            ("RTP/AVP", &keys[..], "psss"),
            ("RTP/SAVP", &keys, "-sss"),
            ("RTP/SAVPF", &keys, "-sss"),
            ("RTP/SAVP", "", "----"),
            ("UDP/TLS/RTP/SAVP", &handshake, "-ddd"),
            ("UDP/TLS/RTP/SAVPF", PRINT, "-ddd"),
            ("UDP/TLS/RTP/SAVP", &keys, "----"),
            ("RTP/SAVP", PRINT, "-ddd"),
            ("RTP/AVP", &handshake, "pddd"),
            // Nobody says what it is of.
            ("RTP/AVP", PRINT, "ppp-"),
            ("UDP/MYSTERY", &keys, "----"),
        ] {
            assert_eq!(comes_to(protocol, lines).iter().collect::<String>(), expected, "{protocol} {lines}");
        }
    }

    #[test]
    fn the_first_line_of_keys_that_can_be_taken_is() {
        for (lines, expected) in [
            (format!("a=crypto:1 F8_128_HMAC_SHA1_80 {KEY}\r\na=crypto:2 AES_CM_128_HMAC_SHA1_32 {KEY}\r\n"), Some(2)),
            (format!("a=crypto:7 aes_cm_128_hmac_sha1_80 {KEY}|2^20|1:4 WSH=128 -X=1 KDR=0\r\n"), Some(7)),
            (format!("a=crypto:1 AEAD_AES_128_GCM {GCM_KEY}\r\n"), Some(1)),
            // A key of another length, encryption switched off, an unknown demand, two keys.
            (format!("a=crypto:1 AEAD_AES_128_GCM {KEY}\r\n"), None),
            (format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY} UNENCRYPTED_SRTP\r\n"), None),
            (format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY} UNAUTHENTICATED_SRTP\r\n"), None),
            (format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY} KDR=3\r\n"), None),
            (format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}|1:4;{KEY}|2:4\r\n"), None),
        ] {
            let tag = match offered("RTP/SAVP", &lines, SrtpPolicy::Required) {
                Some(Secured::Sdes(sdes)) => Some(sdes.tag),
                _ => None,
            };
            assert_eq!(tag, expected, "{lines}");
        }
    }

    #[test]
    fn an_answer_takes_one_of_our_keys_by_its_suite() {
        let keys = [(3, MasterKey::draw(Suite::AesCm80, &Entropy::seeded(1)))];
        let answered = |line: &str, keys: &[(u32, MasterKey)], policy| {
            let session = session("RTP/AVP", &format!("a=crypto:{line} {KEY}\r\n"));
            read(&session, &session.media[0], policy, Exchange::Answer { keys, has_fingerprint: false })
        };
        use SrtpPolicy::{Preferred, Required};
        assert!(matches!(answered("3 AES_CM_128_HMAC_SHA1_80", &keys, Required), Some(Secured::Sdes(_))));
        for line in ["1 AES_CM_128_HMAC_SHA1_80", "3 AES_CM_128_HMAC_SHA1_32"] {
            assert_eq!(answered(line, &keys, Required), None, "{line}");
            assert_eq!(answered(line, &keys, Preferred), Some(Secured::Plain), "{line}");
        }
        assert_eq!(answered("3 AES_CM_128_HMAC_SHA1_80", &[], Preferred), Some(Secured::Plain), "nothing was offered");
    }

    #[test]
    fn what_we_write_is_what_we_would_read() {
        let keys: Vec<_> = (1..).zip(Suite::ALL.map(|suite| MasterKey::draw(suite, &Entropy::seeded(1)))).collect();
        for is_optional in [true, false] {
            let own = Own::Sdes { keys: &keys, is_optional };
            let mut section = Media::audio(4_000, own.protocol());
            own.describe(&mut section);
            let session = session("RTP/AVP", "");
            let read = read(&session, &section, SrtpPolicy::Required, Exchange::Offer);
            let expected = Sdes { tag: 1, key: keys[0].1.clone(), mki_length: 0 };
            assert_eq!(read, Some(Secured::Sdes(expected)), "{is_optional}");
        }
        let (tag, key) = &keys[1];
        assert!(key.to_base64().len() > 30 && *tag == 2);
    }

    #[test]
    fn a_sample_has_no_key() {
        for policy in SrtpPolicy::ALL {
            let mut section = Media::audio(4_000, "RTP/AVP");
            describe_sample(&mut section, policy);
            let lines: Vec<_> = section.attributes.get_all("crypto").collect();
            assert_eq!(lines.len(), if offers(policy).is_some() { Suite::ALL.len() } else { 0 });
            assert!(lines.iter().all(|line| line.ends_with(SAMPLE_KEY)), "{lines:?}");
        }
    }
}
