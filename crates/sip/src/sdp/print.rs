//! A session description to text, lines in the order of RFC 8866 §5.

use core::fmt;

use super::{Address, Attributes, Family, Line, Media, Session};

impl Session {
    /// The description as a message body.
    pub fn to_bytes(&self) -> bytes::Bytes {
        self.to_string().into()
    }
}

/// Lines of the model's `other` that stand before `c=`.
const BEFORE_CONNECTION: &str = "iuep";

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = &self.origin;
        write!(
            f,
            "v=0\r\no={} {} {} {}\r\ns={}\r\n",
            origin.username, origin.session_id, origin.version, origin.address, self.name
        )?;
        others(f, &self.other, |kind| BEFORE_CONNECTION.contains(kind))?;
        connection(f, self.connection.as_ref())?;
        others(f, &self.other, |kind| kind == 'b')?;
        for time in &self.times {
            write!(f, "t={time}\r\n")?;
        }
        others(f, &self.other, |kind| kind != 'b' && !BEFORE_CONNECTION.contains(kind))?;
        attributes(f, &self.attributes)?;
        self.media.iter().try_for_each(|media| media.fmt(f))
    }
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={} {}", self.kind, self.port)?;
        if let Some(count) = self.port_count {
            write!(f, "/{count}")?;
        }
        write!(f, " {}", self.protocol)?;
        for format in &self.formats {
            write!(f, " {format}")?;
        }
        f.write_str("\r\n")?;
        others(f, &self.other, |kind| kind == 'i')?;
        connection(f, self.connection.as_ref())?;
        others(f, &self.other, |kind| kind != 'i')?;
        attributes(f, &self.attributes)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = match self.family {
            Family::Ip4 => "IP4",
            Family::Ip6 => "IP6",
        };
        write!(f, "IN {family} {}", self.address)
    }
}

fn connection(f: &mut fmt::Formatter<'_>, address: Option<&Address>) -> fmt::Result {
    address.map_or(Ok(()), |address| write!(f, "c={address}\r\n"))
}

fn others(f: &mut fmt::Formatter<'_>, lines: &[Line], wanted: impl Fn(char) -> bool) -> fmt::Result {
    lines.iter().filter(|line| wanted(line.kind)).try_for_each(|line| write!(f, "{}={}\r\n", line.kind, line.value))
}

fn attributes(f: &mut fmt::Formatter<'_>, attributes: &Attributes) -> fmt::Result {
    attributes.iter().try_for_each(|attribute| match &attribute.value {
        Some(value) => write!(f, "a={}:{value}\r\n", attribute.name),
        None => write!(f, "a={}\r\n", attribute.name),
    })
}
