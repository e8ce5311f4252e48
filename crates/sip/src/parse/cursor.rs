//! A cursor over one header value: the tokens of RFC 3261 §25.1.
//!
//! Folded lines are unfolded before they come here, so linear white space is spaces and tabs.

/// A byte of `token` (RFC 3261 §25.1).
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

/// True for a non-empty `token`.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_byte(byte))
}

/// True when every byte is a digit and there is one.
pub(crate) fn is_digits(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
}

/// Decimal digits as a number; `None` for anything else, a sign or an overflow.
pub(crate) fn number<T: core::str::FromStr>(bytes: &[u8]) -> Option<T> {
    if !is_digits(bytes) {
        return None;
    }
    core::str::from_utf8(bytes).ok()?.parse().ok()
}

/// Without leading and trailing spaces and tabs.
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: input }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn skip_space(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// Takes this byte when it is next.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// A separator with white space allowed on both sides (`SEMI`, `COMMA`, `EQUAL`, `SLASH`).
    pub(crate) fn eat_separator(&mut self, byte: u8) -> bool {
        let start = self.rest;
        self.skip_space();
        if self.eat(byte) {
            self.skip_space();
            return true;
        }
        self.rest = start;
        false
    }

    /// The longest run of bytes that satisfy `keep`; may be empty.
    pub(crate) fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| !keep(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// A non-empty token.
    pub(crate) fn token(&mut self) -> Option<&'a str> {
        let token = self.take_while(is_token_byte);
        if token.is_empty() { None } else { core::str::from_utf8(token).ok() }
    }

    /// Everything up to and without `byte`, which is taken too; `None` when it does not occur.
    pub(crate) fn take_through(&mut self, byte: u8) -> Option<&'a [u8]> {
        let end = memchr::memchr(byte, self.rest)?;
        let taken = self.rest.get(..end)?;
        self.rest = self.rest.get(end + 1..)?;
        Some(taken)
    }

    /// A `quoted-string` with its escapes resolved; the cursor stands at the opening quote. Octets
    /// that are not UTF-8 become U+FFFD here and stay untouched in the raw header value.
    pub(crate) fn quoted(&mut self) -> Option<String> {
        let [b'"', body @ ..] = self.rest else {
            return None;
        };
        let mut end = 0;
        let mut escaped = false;
        loop {
            match body.get(end)? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    body.get(end + 1)?;
                    end += 2;
                }
                _ => end += 1,
            }
        }
        let raw = body.get(..end)?;
        self.rest = body.get(end + 1..)?;
        if !escaped {
            return Some(String::from_utf8_lossy(raw).into_owned());
        }
        let mut plain = Vec::with_capacity(raw.len());
        let mut bytes = raw.iter();
        while let Some(&byte) = bytes.next() {
            plain.push(if byte == b'\\' { *bytes.next()? } else { byte });
        }
        Some(String::from_utf8_lossy(&plain).into_owned())
    }
}
