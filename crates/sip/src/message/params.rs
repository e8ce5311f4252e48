//! Parameters after a semicolon: `;name`, `;name=value`, `;name="quoted value"` (RFC 3261 §25.1
//! `generic-param`), in headers and in URIs.

use core::fmt;

use crate::parse::cursor::{Cursor, is_token};

/// One parameter. The value is without quotes and escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    pub name: String,
    pub value: Option<String>,
    /// The value stood, or has to stand, in quotes.
    pub quoted: bool,
}

/// Parameters in their order; names compare without case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<Param>);

impl Params {
    pub fn new() -> Params {
        Params::default()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Param> {
        self.0.iter()
    }

    /// The value of the first parameter of this name; `None` when absent or without value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).and_then(|param| param.value.as_deref())
    }

    /// True when the parameter is there, with or without a value.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&Param> {
        self.0.iter().find(|param| param.name.eq_ignore_ascii_case(name))
    }

    /// Adds or replaces; the value is quoted on the wire when it is not a token or host.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        let quoted = !is_bare(value.as_bytes());
        self.put(Param { name: name.into(), value: Some(value), quoted });
    }

    /// Adds or replaces a value that the grammar wants in quotes.
    pub fn set_quoted(&mut self, name: &str, value: impl Into<String>) {
        self.put(Param { name: name.into(), value: Some(value.into()), quoted: true });
    }

    /// Adds a parameter without value, such as `lr`.
    pub fn set_flag(&mut self, name: &str) {
        self.put(Param { name: name.into(), value: None, quoted: false });
    }

    fn put(&mut self, new: Param) {
        match self.0.iter_mut().find(|param| param.name.eq_ignore_ascii_case(&new.name)) {
            Some(param) => *param = new,
            None => self.0.push(new),
        }
    }

    /// Removes every parameter of this name; says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|param| !param.name.eq_ignore_ascii_case(name));
        self.0.len() != before
    }

    pub(crate) fn append(&mut self, param: Param) {
        self.0.push(param);
    }

    /// Reads `*( SEMI generic-param )`. `None` when a semicolon is followed by no name or a value is
    /// malformed, or when a parameter stands twice: with two `tag`s each peer may believe another one.
    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Option<Params> {
        let mut params = Params::new();
        while cursor.eat_separator(b';') {
            let name = cursor.token()?.to_owned();
            let mut param = Param { name, value: None, quoted: false };
            if cursor.eat_separator(b'=') {
                param.quoted = cursor.peek() == Some(b'"');
                let value = if param.quoted { cursor.quoted()? } else { bare_value(cursor)? };
                param.value = Some(value);
            }
            if params.contains(&param.name) {
                return None;
            }
            params.0.push(param);
        }
        Some(params)
    }
}

/// More than `token / host` on purpose: carriers put base64 and addresses in bare values.
fn bare_value(cursor: &mut Cursor<'_>) -> Option<String> {
    let value = cursor
        .take_while(|byte| byte > b' ' && byte != 0x7f && !matches!(byte, b';' | b',' | b'"' | b'<' | b'>' | b'?'));
    if value.is_empty() { None } else { core::str::from_utf8(value).ok().map(str::to_owned) }
}

fn is_bare(value: &[u8]) -> bool {
    is_token(value)
        || (!value.is_empty()
            && value.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.' | b'[' | b']')))
}

pub(crate) fn write_quoted(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    f.write_str("\"")?;
    for character in value.chars() {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            '\r' | '\n' => f.write_str(" ")?,
            other => write!(f, "{other}")?,
        }
    }
    f.write_str("\"")
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for param in &self.0 {
            write!(f, ";{}", param.name)?;
            match &param.value {
                Some(value) if param.quoted => {
                    f.write_str("=")?;
                    write_quoted(f, value)?;
                }
                Some(value) => write!(f, "={value}")?,
                None => {}
            }
        }
        Ok(())
    }
}
