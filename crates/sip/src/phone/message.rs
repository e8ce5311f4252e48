//! Messages as text: what a phone says in them and reads of them.
//!
//! What stands on a line is kept as it came. A phone copies most of it back unread, and what it reads are tags, numbers and
//! addresses; [`crate::message`] is for whoever has to judge everything.

/// A request or response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Start line and headers, a line each, without carriage returns.
    head: String,
    /// The body, empty when there is none.
    pub body: String,
}

/// Short forms of header names (RFC 3261 §7.3.3) that a phone reads.
const COMPACT: [(&str, &str); 6] =
    [("Via", "v"), ("From", "f"), ("To", "t"), ("Call-ID", "i"), ("Contact", "m"), ("Content-Type", "c")];

impl Message {
    /// Reads what came over the WebSocket: one message a frame. `None` when it is none, such as a keep-alive's answer.
    pub fn read(text: &str) -> Option<Self> {
        let mut head = String::with_capacity(text.len());
        let mut rest = text;
        loop {
            let (line, after) = rest.split_once('\n')?;
            rest = after;
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.is_empty() {
                break;
            }
            // A line that begins with a space goes on with the one before (§7.3.1).
            if !line.starts_with([' ', '\t']) && !head.is_empty() {
                head.push('\n');
            }
            head.push_str(line);
        }
        (!head.is_empty()).then(|| Self { head, body: rest.to_owned() })
    }

    pub(super) fn request(method: &str, uri: &str) -> Self {
        Self { head: [method, " ", uri, " SIP/2.0"].concat(), body: String::new() }
    }

    pub(super) fn response(status: u16) -> Self {
        Self { head: ["SIP/2.0 ", &decimal(status.into()), " ", reason(status)].concat(), body: String::new() }
    }

    /// Adds a header, its value in pieces.
    pub(super) fn push(&mut self, name: &str, value: &[&str]) {
        for part in ["\n", name, ": "].iter().chain(value) {
            self.head.push_str(part);
        }
    }

    /// Adds every line of this name as it stands in `from`.
    pub(super) fn copy(&mut self, from: &Self, name: &str) {
        for value in from.lines(name) {
            self.push(name, &[value]);
        }
    }

    /// Bytes for the wire.
    pub(super) fn print(&self) -> String {
        let mut out = String::with_capacity(self.head.len() + self.body.len() + 80);
        for line in self.head.split('\n') {
            out.push_str(line);
            out.push_str("\r\n");
        }
        for part in ["Content-Length: ", &decimal(self.body.len() as u32), "\r\n\r\n", &self.body] {
            out.push_str(part);
        }
        out
    }

    fn start(&self) -> &str {
        self.head.split('\n').next().unwrap_or_default()
    }

    /// The status of a response; none of a request.
    pub fn status(&self) -> Option<u16> {
        self.start().strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// The method of a request.
    pub fn method(&self) -> &str {
        self.start().split(' ').next().unwrap_or_default()
    }

    /// The Request-URI of a request.
    pub(super) fn uri(&self) -> &str {
        self.start().split(' ').nth(1).unwrap_or_default()
    }

    /// Names and values of all headers.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.head.split('\n').skip(1).filter_map(|line| line.split_once(':'));
        lines.map(|(name, value)| (name.trim(), value.trim()))
    }

    fn lines(&self, name: &str) -> impl Iterator<Item = &str> {
        let short = COMPACT.iter().find(|(long, _)| *long == name).map_or(name, |(_, short)| short);
        let is_it = move |found: &str| found.eq_ignore_ascii_case(name) || found.eq_ignore_ascii_case(short);
        self.headers().filter(move |(found, _)| is_it(found)).map(|(_, value)| value)
    }

    /// The first line of this name, empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        self.lines(name).next().unwrap_or_default()
    }

    /// All values of this name, in one line or in many.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let mut values = Vec::new();
        for line in self.lines(name) {
            let (mut begin, mut quoted, mut in_brackets) = (0, false, false);
            for (at, byte) in line.bytes().enumerate() {
                match byte {
                    b'"' => quoted = !quoted,
                    b'<' => in_brackets = !quoted,
                    b'>' => in_brackets = false,
                    b',' if !quoted && !in_brackets => {
                        values.extend(line.get(begin..at));
                        begin = at + 1;
                    }
                    _ => {}
                }
            }
            values.extend(line.get(begin..));
        }
        values.iter_mut().for_each(|value| *value = value.trim());
        values
    }

    /// The tag of From or To.
    pub(super) fn tag(&self, name: &str) -> Option<&str> {
        param(self.get(name), "tag")
    }

    /// Number and method of CSeq.
    pub(super) fn cseq(&self) -> Option<(u32, &str)> {
        let (number, method) = self.get("CSeq").split_once(' ')?;
        Some((number.parse().ok()?, method.trim()))
    }
}

/// Address and parameters of `"Name" <address>;parameters` or `address;parameters`.
pub(super) fn address(value: &str) -> (&str, &str) {
    let mut begin = 0;
    if value.starts_with('"') {
        let mut escaped = true;
        for (at, byte) in value.bytes().enumerate() {
            match byte {
                b'"' if !escaped => {
                    begin = at;
                    break;
                }
                b'\\' => escaped = !escaped,
                _ => escaped = false,
            }
        }
    }
    let named = value.get(begin..).unwrap_or_default();
    named
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .unwrap_or_else(|| value.find(';').map_or((value, ""), |at| value.split_at(at)))
}

/// A parameter behind an address, or behind the sent-by of a Via.
pub(super) fn param<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    let params = address(value).1.split(';').skip(1);
    let mut pairs = params.map(|param| param.split_once('=').unwrap_or((param, "")));
    pairs.find(|(found, _)| found.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The address in From, P-Asserted-Identity and their like.
pub fn uri_of(value: &str) -> &str {
    address(value).0.trim()
}

/// Digits of a number.
pub fn decimal(number: u32) -> String {
    let mut digits = String::new();
    let mut divisor = 1_000_000_000;
    while divisor > 0 {
        let digit = number / divisor % 10;
        if digit > 0 || !digits.is_empty() || divisor == 1 {
            digits.push(char::from(b'0' + digit as u8));
        }
        divisor /= 10;
    }
    digits
}

/// Of the answers that a phone gives.
fn reason(status: u16) -> &'static str {
    match status {
        180 => "Ringing",
        200 => "OK",
        405 => "Method Not Allowed",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        603 => "Decline",
        _ => "Refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_name_short_form_and_over_folds() {
        let text = "SIP/2.0 180 Ringing\r\nv: SIP/2.0/WSS a;branch=z9\r\nTO: <sip:b@c>\r\n ;tag=x\r\nCSeq: 7 INVITE\r\n\r\nbody\r\n\r\nmore";
        let message = Message::read(text).unwrap();
        assert_eq!((message.status(), message.body.as_str()), (Some(180), "body\r\n\r\nmore"));
        assert_eq!(param(message.get("Via"), "branch"), Some("z9"));
        assert_eq!(message.tag("To"), Some("x"));
        assert_eq!(message.cseq(), Some((7, "INVITE")));
        assert_eq!(message.get("Contact"), "");
        for nonsense in ["", "\r\n", "\r\n\r\n", "INVITE sip:a SIP/2.0\r\nVia: x"] {
            assert_eq!(Message::read(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn values_are_parted_by_commas_that_are_neither_quoted_nor_in_an_address() {
        let text = "OPTIONS sip:a SIP/2.0\r\nContact: \"A, B\" <sip:a,b@c>;q=1 , <sip:d>\r\nm: <sip:e>\r\n\r\n";
        let message = Message::read(text).unwrap();
        assert_eq!(message.values("Contact"), ["\"A, B\" <sip:a,b@c>;q=1", "<sip:d>", "<sip:e>"]);
        assert!(message.values("Via").is_empty());
    }

    #[test]
    fn addresses_and_their_parameters_are_told_apart() {
        for (value, uri, tag) in [
            ("<sip:a@b;x=1>;tag=t", "sip:a@b;x=1", Some("t")),
            ("sip:a@b;tag=t", "sip:a@b", Some("t")),
            (r#""x\"<sip:no>;tag=no" <sip:a@b>; Tag = t"#, "sip:a@b", Some("t")),
            ("Asha <sip:a@b>", "sip:a@b", None),
            (r#"<sip:a@b>;+sip.instance="<urn:uuid:1>";tag=t"#, "sip:a@b", Some("t")),
            ("<sip:broken", "<sip:broken", None),
        ] {
            assert_eq!((uri_of(value), param(value, "tag")), (uri, tag), "{value}");
        }
    }

    #[test]
    fn what_is_printed_is_read() {
        let mut message = Message::request("INVITE", "sip:a@b");
        message.push("From", &["<sip:c@d>", ";tag=", "1"]);
        message.body = "é".to_owned();
        assert_eq!(message.print(), "INVITE sip:a@b SIP/2.0\r\nFrom: <sip:c@d>;tag=1\r\nContent-Length: 2\r\n\r\né");
        let read = Message::read(&message.print()).unwrap();
        assert_eq!((read.method(), read.uri(), read.tag("From"), &*read.body), ("INVITE", "sip:a@b", Some("1"), "é"));
        let numbers = [0, 9, 10, 300, 4_294_967_295].map(decimal);
        assert_eq!(numbers, ["0", "9", "10", "300", "4294967295"]);
    }
}
