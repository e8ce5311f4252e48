//! Bytes to a session description.
//!
//! Order is not enforced beyond `v=` first and `m=` opening a section, `s=` and `t=` may be missing,
//! and LF alone ends a line: deployed gear does all of that, and a body is never framing, so
//! leniency here opens nothing. What is read as a number has to be one.

use super::{Address, Attribute, Attributes, Family, Line, Media, Origin, Session};

/// Most media sections; browsers send one to three for a call.
pub const MAX_MEDIA: usize = 32;

/// Why a body is no session description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    #[error("does not start with v=0")]
    Version,
    #[error("a line is not kind=value")]
    Line,
    #[error("bad or missing origin")]
    Origin,
    #[error("bad connection address")]
    Connection,
    #[error("bad media line")]
    Media,
    #[error("too many media sections")]
    TooManyMedia,
}

/// Reads a session description. Octets that are not UTF-8 become U+FFFD.
pub fn parse(body: &[u8]) -> Result<Session, SdpError> {
    let text = String::from_utf8_lossy(body);
    let mut lines =
        text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).filter(|line| !line.is_empty());
    if lines.next() != Some("v=0") {
        return Err(SdpError::Version);
    }
    let mut origin = None;
    let mut session = Session {
        origin: Origin {
            username: String::new(),
            session_id: String::new(),
            version: 0,
            address: Address { family: Family::Ip4, address: String::new() },
        },
        name: "-".to_owned(),
        connection: None,
        times: Vec::new(),
        attributes: Attributes::default(),
        media: Vec::new(),
        other: Vec::new(),
    };
    for line in lines {
        let (kind, value) = split(line)?;
        match kind {
            'm' if session.media.len() == MAX_MEDIA => return Err(SdpError::TooManyMedia),
            'm' => session.media.push(media(value).ok_or(SdpError::Media)?),
            _ => match session.media.last_mut() {
                Some(media) => media_line(media, kind, value)?,
                None => session_line(&mut session, &mut origin, kind, value)?,
            },
        }
    }
    session.origin = origin.ok_or(SdpError::Origin)?;
    if session.times.is_empty() {
        session.times.push("0 0".to_owned());
    }
    Ok(session)
}

fn split(line: &str) -> Result<(char, &str), SdpError> {
    let (kind, value) = line.split_once('=').ok_or(SdpError::Line)?;
    let mut letters = kind.chars();
    match (letters.next(), letters.next()) {
        (Some(kind), None) if kind.is_ascii_alphabetic() => Ok((kind, value)),
        _ => Err(SdpError::Line),
    }
}

fn session_line(session: &mut Session, origin: &mut Option<Origin>, kind: char, value: &str) -> Result<(), SdpError> {
    match kind {
        'o' if origin.is_none() => *origin = Some(parse_origin(value).ok_or(SdpError::Origin)?),
        'o' => return Err(SdpError::Origin),
        's' => session.name = if value.is_empty() { "-".to_owned() } else { value.to_owned() },
        'c' => session.connection = Some(address(value).ok_or(SdpError::Connection)?),
        't' => session.times.push(value.to_owned()),
        'a' => attribute(&mut session.attributes, value),
        other => session.other.push(Line { kind: other, value: value.to_owned() }),
    }
    Ok(())
}

fn media_line(media: &mut Media, kind: char, value: &str) -> Result<(), SdpError> {
    match kind {
        'c' => media.connection = Some(address(value).ok_or(SdpError::Connection)?),
        'a' => attribute(&mut media.attributes, value),
        other => media.other.push(Line { kind: other, value: value.to_owned() }),
    }
    Ok(())
}

fn attribute(attributes: &mut Attributes, text: &str) {
    let attribute = match text.split_once(':') {
        Some((name, value)) => Attribute { name: name.to_owned(), value: Some(value.to_owned()) },
        None => Attribute { name: text.to_owned(), value: None },
    };
    attributes.append(attribute);
}

fn parse_origin(value: &str) -> Option<Origin> {
    let mut parts = value.splitn(4, ' ');
    let (username, session_id, version) = (parts.next()?, parts.next()?, parts.next()?);
    if username.is_empty() || session_id.is_empty() {
        return None;
    }
    Some(Origin {
        username: username.to_owned(),
        session_id: session_id.to_owned(),
        version: version.parse().ok()?,
        address: address(parts.next()?)?,
    })
}

fn address(value: &str) -> Option<Address> {
    let mut parts = value.split_ascii_whitespace();
    if parts.next()? != "IN" {
        return None;
    }
    let family = match parts.next()? {
        "IP4" => Family::Ip4,
        "IP6" => Family::Ip6,
        _ => return None,
    };
    let address = parts.next()?.to_owned();
    parts.next().is_none().then_some(Address { family, address })
}

fn media(value: &str) -> Option<Media> {
    let mut parts = value.split_ascii_whitespace();
    let kind = parts.next()?;
    let port = parts.next()?;
    let (port, port_count) = match port.split_once('/') {
        Some((port, count)) => (port, Some(count.parse().ok()?)),
        None => (port, None),
    };
    let mut media = Media { kind: kind.to_owned(), port_count, ..Media::audio(port.parse().ok()?, parts.next()?) };
    media.formats = parts.map(str::to_owned).collect();
    if media.formats.is_empty() { None } else { Some(media) }
}
