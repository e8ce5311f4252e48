//! Typed access to headers. Values are read when they are asked for.
//!
//! Singletons are strict: a header that may stand once and stands twice is an error, because two
//! elements on the path would otherwise act on different values.

use super::header::{
    AuthParams, CSeq, Challenge, Contact, Credentials, MediaType, NameAddr, RAck, Reason, Replaces, SessionExpires,
    Via, comma_list, single, token_list,
};
use super::{HeaderError, HeaderName, Headers};
use crate::parse::cursor::{is_digits, number};

/// Defines each accessor on `Headers` and passes it on from requests and responses.
macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident -> $result:ty = |$headers:ident| $body:expr;)+) => {
        impl Headers {
            $($(#[$doc])* pub fn $name(&self) -> $result { let $headers = self; $body })+
        }
        impl super::Request {
            $($(#[$doc])* pub fn $name(&self) -> $result { self.headers.$name() })+
        }
        impl super::Response {
            $($(#[$doc])* pub fn $name(&self) -> $result { self.headers.$name() })+
        }
        impl super::Message {
            $($(#[$doc])* pub fn $name(&self) -> $result { self.headers().$name() })+
        }
    };
}

accessors! {
    /// The topmost Via.
    via_top -> Result<Via, HeaderError> = |headers| {
        let value = headers.get(&HeaderName::Via).ok_or(HeaderError::Missing(HeaderName::Via))?;
        let mut cursor = crate::parse::cursor::Cursor::new(value);
        Via::read(&mut cursor)
            .filter(|_| { cursor.skip_space(); cursor.is_empty() || cursor.peek() == Some(b',') })
            .ok_or_else(|| HeaderError::malformed(&HeaderName::Via, "is malformed"))
    };
    /// Every Via, topmost first.
    vias -> Result<Vec<Via>, HeaderError> = |headers| list(headers, &HeaderName::Via, |value| comma_list(value, Via::read));
    /// From.
    from -> Result<NameAddr, HeaderError> = |headers| required(headers, &HeaderName::From, NameAddr::parse);
    /// To.
    to -> Result<NameAddr, HeaderError> = |headers| required(headers, &HeaderName::To, NameAddr::parse);
    /// Call-ID, compared byte by byte.
    call_id -> Result<&str, HeaderError> = |headers| {
        let value = one(headers, &HeaderName::CallId)?.ok_or(HeaderError::Missing(HeaderName::CallId))?;
        let readable = !value.is_empty() && value.iter().all(|&byte| byte > b' ' && byte < 0x7f);
        core::str::from_utf8(value).ok().filter(|_| readable).ok_or_else(|| HeaderError::malformed(&HeaderName::CallId, "is malformed"))
    };
    /// CSeq.
    cseq -> Result<CSeq, HeaderError> = |headers| required(headers, &HeaderName::CSeq, CSeq::parse);
    /// Max-Forwards, 0 to 255. RFC 2543 elements send none.
    max_forwards -> Result<Option<u8>, HeaderError> = |headers| optional(headers, &HeaderName::MaxForwards, number);
    /// Every Contact; empty for none and for the wildcard.
    contacts -> Result<Vec<Contact>, HeaderError> = |headers| {
        if headers.has_wildcard_contact() {
            return Ok(Vec::new());
        }
        list(headers, &HeaderName::Contact, |value| comma_list(value, |cursor| NameAddr::read(cursor).map(|addr| Contact { addr })))
    };
    /// `Contact: *`, which removes every binding when Expires is 0 (RFC 3261 §10.2.2).
    has_wildcard_contact -> bool = |headers| headers.get_all(&HeaderName::Contact).eq([b"*".as_slice()]);
    /// Every Route, next hop first.
    routes -> Result<Vec<NameAddr>, HeaderError> = |headers| list(headers, &HeaderName::Route, NameAddr::parse_list);
    /// Every Record-Route in the order of the message.
    record_routes -> Result<Vec<NameAddr>, HeaderError> = |headers| list(headers, &HeaderName::RecordRoute, NameAddr::parse_list);
    /// Path (RFC 3327).
    paths -> Result<Vec<NameAddr>, HeaderError> = |headers| list(headers, &HeaderName::Path, NameAddr::parse_list);
    /// The only Authorization, when there is one.
    authorization -> Result<Option<Credentials>, HeaderError> = |headers| optional(headers, &HeaderName::Authorization, AuthParams::parse);
    /// Every Authorization, one per realm.
    authorizations -> Result<Vec<Credentials>, HeaderError> = |headers| each(headers, &HeaderName::Authorization, AuthParams::parse);
    /// Every Proxy-Authorization.
    proxy_authorizations -> Result<Vec<Credentials>, HeaderError> = |headers| each(headers, &HeaderName::ProxyAuthorization, AuthParams::parse);
    /// Every WWW-Authenticate in the sender's order of preference.
    www_authenticates -> Result<Vec<Challenge>, HeaderError> = |headers| each(headers, &HeaderName::WwwAuthenticate, AuthParams::parse);
    /// Every Proxy-Authenticate in the sender's order of preference.
    proxy_authenticates -> Result<Vec<Challenge>, HeaderError> = |headers| each(headers, &HeaderName::ProxyAuthenticate, AuthParams::parse);
    /// Content-Type.
    content_type -> Result<Option<MediaType>, HeaderError> = |headers| optional(headers, &HeaderName::ContentType, MediaType::parse);
    /// Accept; `None` when absent, which for an INVITE means SDP (RFC 3261 §20.1).
    accept -> Result<Option<Vec<MediaType>>, HeaderError> = |headers| {
        if !headers.contains(&HeaderName::Accept) {
            return Ok(None);
        }
        list(headers, &HeaderName::Accept, |value| if value.is_empty() { Some(Vec::new()) } else { comma_list(value, MediaType::read) }).map(Some)
    };
    /// Expires in seconds; more than 32 bits hold is an error.
    expires -> Result<Option<u32>, HeaderError> = |headers| optional(headers, &HeaderName::Expires, number);
    /// Min-Expires in seconds.
    min_expires -> Result<Option<u32>, HeaderError> = |headers| optional(headers, &HeaderName::MinExpires, number);
    /// Retry-After in seconds, its comment and parameters left out; too large counts as the largest.
    retry_after -> Result<Option<u32>, HeaderError> = |headers| optional(headers, &HeaderName::RetryAfter, |value| {
        let end = value.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(value.len());
        let digits = value.get(..end)?;
        number(digits).or_else(|| is_digits(digits).then_some(u32::MAX))
    });
    /// Every Reason value; [`Reason::q850`] finds the telephone network's cause.
    reason_header -> Result<Vec<Reason>, HeaderError> = |headers| list(headers, &HeaderName::Reason, |value| comma_list(value, Reason::read));
    /// Option tags that the peer must understand.
    require -> Result<Vec<String>, HeaderError> = |headers| list(headers, &HeaderName::Require, token_list);
    /// Option tags that a proxy must understand.
    proxy_require -> Result<Vec<String>, HeaderError> = |headers| list(headers, &HeaderName::ProxyRequire, token_list);
    /// Option tags that the sender understands.
    supported -> Result<Vec<String>, HeaderError> = |headers| list(headers, &HeaderName::Supported, token_list);
    /// Option tags that the peer refused (with 420).
    unsupported -> Result<Vec<String>, HeaderError> = |headers| list(headers, &HeaderName::Unsupported, token_list);
    /// Methods that the sender takes.
    allow -> Result<Vec<String>, HeaderError> = |headers| list(headers, &HeaderName::Allow, token_list);
    /// RAck of a PRACK.
    rack -> Result<Option<RAck>, HeaderError> = |headers| optional(headers, &HeaderName::RAck, RAck::parse);
    /// RSeq of a reliable provisional response.
    rseq -> Result<Option<u32>, HeaderError> = |headers| optional(headers, &HeaderName::RSeq, number);
    /// Session-Expires (RFC 4028).
    session_expires -> Result<Option<SessionExpires>, HeaderError> = |headers| optional(headers, &HeaderName::SessionExpires, SessionExpires::parse);
    /// Min-SE in seconds (RFC 4028).
    min_se -> Result<Option<u32>, HeaderError> = |headers| optional(headers, &HeaderName::MinSe, |value| SessionExpires::parse(value).map(|value| value.interval_s));
    /// Refer-To (RFC 3515).
    refer_to -> Result<Option<NameAddr>, HeaderError> = |headers| optional(headers, &HeaderName::ReferTo, NameAddr::parse);
    /// Replaces (RFC 3891).
    replaces -> Result<Option<Replaces>, HeaderError> = |headers| optional(headers, &HeaderName::Replaces, Replaces::parse);
    /// Event (RFC 6665).
    event -> Result<Option<super::header::Event>, HeaderError> = |headers| optional(headers, &HeaderName::Event, super::header::Event::parse);
    /// Subscription-State (RFC 6665).
    subscription_state -> Result<Option<super::header::SubscriptionState>, HeaderError> = |headers| optional(headers, &HeaderName::SubscriptionState, super::header::SubscriptionState::parse);
    /// Identity that a trusted network asserts (RFC 3325).
    p_asserted_identities -> Result<Vec<NameAddr>, HeaderError> = |headers| list(headers, &HeaderName::PAssertedIdentity, NameAddr::parse_list);
    /// Identity that a user agent asks for (RFC 3325).
    p_preferred_identity -> Result<Option<NameAddr>, HeaderError> = |headers| optional(headers, &HeaderName::PPreferredIdentity, |value| single(value, NameAddr::read));
}

fn one<'a>(headers: &'a Headers, name: &'a HeaderName) -> Result<Option<&'a [u8]>, HeaderError> {
    let mut values = headers.get_all(name);
    let first = values.next();
    if values.next().is_some() {
        return Err(HeaderError::Repeated(name.clone()));
    }
    Ok(first)
}

fn optional<T>(
    headers: &Headers,
    name: &HeaderName,
    parse: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<Option<T>, HeaderError> {
    one(headers, name)?
        .map(|value| parse(value).ok_or_else(|| HeaderError::malformed(name, "is malformed")))
        .transpose()
}

fn required<T>(headers: &Headers, name: &HeaderName, parse: impl FnOnce(&[u8]) -> Option<T>) -> Result<T, HeaderError> {
    optional(headers, name, parse)?.ok_or_else(|| HeaderError::Missing(name.clone()))
}

fn list<T>(
    headers: &Headers,
    name: &HeaderName,
    parse: impl Fn(&[u8]) -> Option<Vec<T>>,
) -> Result<Vec<T>, HeaderError> {
    let mut all = Vec::new();
    for value in headers.get_all(name) {
        all.extend(parse(value).ok_or_else(|| HeaderError::malformed(name, "is malformed"))?);
    }
    Ok(all)
}

fn each<T>(headers: &Headers, name: &HeaderName, parse: impl Fn(&[u8]) -> Option<T>) -> Result<Vec<T>, HeaderError> {
    list(headers, name, |value| parse(value).map(|value| vec![value]))
}
