//! Who calls, as a trusted carrier says it: P-Asserted-Identity (RFC 3325) before Remote-Party-ID (what came before it)
//! before From, and nobody where the caller asked for privacy (RFC 3323). Pure.

use sip::message::{HeaderName, NameAddr, Request, Scheme, Uri};

/// What From says instead of a caller who withholds the number (RFC 3323 §4.1.1.3).
const WITHHELD_HOST: &str = "anonymous.invalid";
/// The same as user part, on any host.
const WITHHELD_USERS: [&str; 4] = ["anonymous", "restricted", "unavailable", "unknown"];
/// Levels of privacy at which the callee must not learn who calls (RFC 3323 §4.2, RFC 3325 §9.3).
const HIDING: [&str; 3] = ["id", "user", "header"];

/// The caller's number as the carrier writes it; none where it is withheld or there is none.
pub(super) fn caller_of(request: &Request) -> Option<String> {
    let from = request.from().ok()?;
    if is_withheld(&from.uri) || asks_for_privacy(request) {
        return None;
    }
    let asserted = request.headers.p_asserted_identities().unwrap_or_default();
    if let Some(number) = asserted.iter().find_map(|identity| number_in(&identity.uri)) {
        return Some(number);
    }
    match remote_party(request) {
        Some(RemoteParty::Number(number)) => Some(number),
        Some(RemoteParty::Withheld) => None,
        None => number_in(&from.uri),
    }
}

/// The user part of the URI, if its URI can be a telephone number's.
fn number_in(uri: &Uri) -> Option<String> {
    let is_telephone = matches!(uri.scheme, Scheme::Sip | Scheme::Sips | Scheme::Tel);
    let user = uri.telephone().filter(|_| is_telephone)?;
    user.chars().any(|letter| letter.is_ascii_digit()).then(|| user.into_owned())
}

fn is_withheld(uri: &Uri) -> bool {
    let user = uri.decoded_user().unwrap_or_default();
    uri.host.to_string().eq_ignore_ascii_case(WITHHELD_HOST)
        || WITHHELD_USERS.iter().any(|withheld| user.eq_ignore_ascii_case(withheld))
}

fn asks_for_privacy(request: &Request) -> bool {
    let mut values = request.headers.get_all(&HeaderName::Privacy).map(String::from_utf8_lossy);
    values.any(|value| {
        value.split([';', ',']).any(|level| HIDING.iter().any(|hiding| level.trim().eq_ignore_ascii_case(hiding)))
    })
}

enum RemoteParty {
    Number(String),
    Withheld,
}

/// The calling party of Remote-Party-ID (draft-ietf-sip-privacy-04 §6): `party` is absent or `calling`.
fn remote_party(request: &Request) -> Option<RemoteParty> {
    let values = request.headers.get_all(&HeaderName::RemotePartyId).filter_map(NameAddr::parse_list);
    let calling = values.flatten().find(|party| party.params.get("party").is_none_or(|which| which == "calling"))?;
    match calling.params.get("privacy") {
        Some("off") | None => number_in(&calling.uri).map(RemoteParty::Number),
        Some(_) => Some(RemoteParty::Withheld),
    }
}
