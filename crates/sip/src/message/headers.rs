//! The ordered header fields of a message.
//!
//! Values stay what the network sent: slices of the one buffer that the message arrived in, bytes
//! and not text, because RFC 3261 allows any octet inside quotes. Typed reading happens on demand
//! (`message::typed`), so a header that nobody asks for costs its scan and nothing else.

use bytes::Bytes;

use super::{HeaderError, HeaderName};

/// Header fields in the order of the message.
#[derive(Clone, Default)]
pub struct Headers {
    /// The datagram or frame that spans point into; empty for a message that was built here.
    source: Bytes,
    fields: Vec<Field>,
}

#[derive(Clone)]
struct Field {
    name: HeaderName,
    value: Value,
}

/// A span costs no reference count; an owned value was unfolded or set by the program.
#[derive(Clone)]
enum Value {
    Span { start: u32, end: u32 },
    Owned(Bytes),
}

/// Room for the fields of an ordinary request without growing.
const USUAL_FIELDS: usize = 16;

impl Headers {
    pub fn new() -> Headers {
        Headers::default()
    }

    pub(crate) fn over(source: Bytes) -> Headers {
        Headers { source, fields: Vec::with_capacity(USUAL_FIELDS) }
    }

    pub(crate) fn push_span(&mut self, name: HeaderName, start: u32, end: u32) {
        self.fields.push(Field { name, value: Value::Span { start, end } });
    }

    fn bytes_of<'a>(&'a self, field: &'a Field) -> &'a [u8] {
        match &field.value {
            Value::Span { start, end } => self.source.get(*start as usize..*end as usize).unwrap_or_default(),
            Value::Owned(bytes) => bytes,
        }
    }

    /// Number of header fields (lines, not comma-separated values).
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[u8])> {
        self.fields.iter().map(|field| (&field.name, self.bytes_of(field)))
    }

    /// The first field of this name, without surrounding white space.
    pub fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.fields.iter().find(|field| field.name == *name).map(|field| self.bytes_of(field))
    }

    /// Every field of this name in order. A field may still hold several values separated by commas.
    pub fn get_all<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |field| field.name == *name).map(|field| self.bytes_of(field))
    }

    /// The first field of this name as text; an error when it is not UTF-8.
    pub fn text(&self, name: &HeaderName) -> Result<Option<&str>, HeaderError> {
        self.get(name)
            .map(|bytes| core::str::from_utf8(bytes).map_err(|_| HeaderError::malformed(name, "is not UTF-8")))
            .transpose()
    }

    pub fn contains(&self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// Appends a field. Line ends in the value would start a header of the value's choosing, so each
    /// CR or LF becomes a space.
    pub fn push(&mut self, name: HeaderName, value: impl Into<Bytes>) {
        self.fields.push(Field { name, value: Value::Owned(one_line(value.into())) });
    }

    /// Puts a field before all others, as a proxy or client does with its Via.
    pub fn prepend(&mut self, name: HeaderName, value: impl Into<Bytes>) {
        self.fields.insert(0, Field { name, value: Value::Owned(one_line(value.into())) });
    }

    /// Replaces every field of this name by one, which takes the place of the first; appends when
    /// there was none.
    pub fn set(&mut self, name: HeaderName, value: impl Into<Bytes>) {
        let value = Value::Owned(one_line(value.into()));
        let Some(first) = self.fields.iter().position(|field| field.name == name) else {
            self.fields.push(Field { name, value });
            return;
        };
        let mut index = 0;
        self.fields.retain(|field| {
            let keep = index <= first || field.name != name;
            index += 1;
            keep
        });
        if let Some(field) = self.fields.get_mut(first) {
            field.value = value;
        }
    }

    /// Replaces the first field of this name and leaves the others, as adding `received` to the top
    /// Via needs. Appends when there was none.
    pub fn set_first(&mut self, name: HeaderName, value: impl Into<Bytes>) {
        let value = Value::Owned(one_line(value.into()));
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => field.value = value,
            None => self.fields.push(Field { name, value }),
        }
    }

    /// Removes every field of this name; says whether there was one.
    pub fn remove(&mut self, name: &HeaderName) -> bool {
        let before = self.fields.len();
        self.fields.retain(|field| field.name != *name);
        self.fields.len() != before
    }

    /// Appends every field of this name that `other` has.
    pub fn copy_from(&mut self, other: &Headers, name: &HeaderName) {
        for value in other.get_all(name) {
            self.push(name.clone(), Bytes::copy_from_slice(value));
        }
    }
}

fn one_line(value: Bytes) -> Bytes {
    if value.iter().all(|byte| !matches!(byte, b'\r' | b'\n')) {
        return value;
    }
    value.iter().map(|&byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }).collect()
}

impl PartialEq for Headers {
    fn eq(&self, other: &Headers) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

/// Names only: values carry telephone numbers and credentials.
impl core::fmt::Debug for Headers {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.fields.iter().map(|field| field.name.as_str())).finish()
    }
}
