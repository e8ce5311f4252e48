//! A bare `&` is text. Africa's Talking's own builder for Node.js writes texts and URLs as they are, so that documents in
//! use have `?a=1&b=2`; by XML's rules they are none. What is no reference to a character or to one of the five entities of XML
//! (§4.1, §4.6) is escaped before it is parsed, and places are told in the document as it came.

use std::borrow::Cow;

use roxmltree::TextPos;

/// What is put behind a bare `&`.
const INSERTED: &str = "amp;";
/// Longest reference: `&#x10ffff;`.
const LONGEST_REFERENCE: usize = 10;

/// The document with the prefix of tags as part of their names: `<amazon:effect>` of a namespace that nobody declares is none
/// by XML's rules, and is sent in earnest. As long as before, so that places hold.
pub(super) fn without_prefixes(text: &str) -> Cow<'_, str> {
    let mut colons = Vec::new();
    for (at, _) in text.match_indices('<') {
        let start = at + 1 + usize::from(text.get(at + 1..).is_some_and(|rest| rest.starts_with('/')));
        let rest = text.get(start..).unwrap_or_default();
        let name = rest.find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.')));
        colons.extend(
            name.filter(|end| *end > 0 && rest.get(*end..).is_some_and(|rest| rest.starts_with(':')))
                .map(|end| start + end),
        );
    }
    if colons.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut changed = text.as_bytes().to_vec();
    for at in colons {
        if let Some(colon) = changed.get_mut(at) {
            *colon = b'-';
        }
    }
    // One ASCII letter for another keeps it UTF-8.
    String::from_utf8(changed).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A document without bare ampersands, and where it differs from the one that came.
pub(super) struct Escaped<'a> {
    original: &'a str,
    xml: Cow<'a, str>,
    /// Bytes before the part that is parsed.
    shift: usize,
    /// Offsets in `xml` behind which [`INSERTED`] stands.
    insertions: Vec<usize>,
}

impl<'a> Escaped<'a> {
    /// `shift`: bytes at the beginning that are not parsed.
    pub(super) fn of(original: &'a str, shift: usize) -> Self {
        let text = original.get(shift..).unwrap_or_default();
        let is_bare = |at: &usize| !is_reference(text.get(at + 1..).unwrap_or_default());
        let bare: Vec<usize> = ampersands(text).into_iter().filter(is_bare).collect();
        if bare.is_empty() {
            return Self { original, xml: Cow::Borrowed(text), shift, insertions: Vec::new() };
        }
        let mut xml = String::with_capacity(text.len() + bare.len() * INSERTED.len());
        let (mut insertions, mut done) = (Vec::with_capacity(bare.len()), 0);
        for at in bare {
            xml.push_str(text.get(done..=at).unwrap_or_default());
            insertions.push(xml.len());
            xml.push_str(INSERTED);
            done = at + 1;
        }
        xml.push_str(text.get(done..).unwrap_or_default());
        Self { original, xml: Cow::Owned(xml), shift, insertions }
    }

    /// What is to be parsed.
    pub(super) fn xml(&self) -> &str {
        &self.xml
    }

    /// Line and column, from 1, of an offset in [`Self::xml`], in the document as it came.
    pub(super) fn place(&self, offset: usize) -> (usize, usize) {
        let inserted = self.insertions.iter().filter(|at| **at < offset).count() * INSERTED.len();
        let offset = (offset - inserted.min(offset)) + self.shift;
        let before = self.original.get(..offset).unwrap_or(self.original);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before.get(start..).unwrap_or_default().chars().count() + 1)
    }

    /// The same of a place in [`Self::xml`].
    pub(super) fn place_of(&self, place: TextPos) -> (usize, usize) {
        let line =
            self.xml.split_inclusive('\n').take(place.row.saturating_sub(1) as usize).map(str::len).sum::<usize>();
        let rest = self.xml.get(line..).unwrap_or_default();
        let column = rest.char_indices().nth(place.col.saturating_sub(1) as usize).map_or(rest.len(), |(at, _)| at);
        self.place(line + column)
    }
}

/// Every `&` outside of comments and of sections that are text already (§2.5, §2.7).
fn ampersands(text: &str) -> Vec<usize> {
    const SECTIONS: [(&str, &str); 2] = [("<![CDATA[", "]]>"), ("<!--", "-->")];
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(next) = text.get(at..).and_then(|rest| rest.find(['&', '<'])).map(|next| at + next) {
        let rest = text.get(next..).unwrap_or_default();
        if rest.starts_with('&') {
            found.push(next);
        }
        let section = SECTIONS.iter().find(|(begin, _)| rest.starts_with(begin));
        at = match section {
            Some((_, end)) => rest.find(end).map_or(text.len(), |length| next + length + end.len()),
            None => next + 1,
        };
    }
    found
}

/// Whether what follows a `&` makes it a reference.
fn is_reference(rest: &str) -> bool {
    let Some(end) = rest.bytes().take(LONGEST_REFERENCE).position(|byte| byte == b';') else { return false };
    let name = rest.get(..end).unwrap_or_default();
    let Some(code) = name.strip_prefix('#') else { return matches!(name, "amp" | "lt" | "gt" | "apos" | "quot") };
    let (digits, radix) = code.strip_prefix('x').map_or((code, 10), |digits| (digits, 16));
    // A sign is none, though numbers may have one.
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return false;
    }
    let code = u32::from_str_radix(digits, radix);
    // A character that XML has (§2.2).
    code.ok().and_then(char::from_u32).is_some_and(
        |letter| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_reference_is_text() {
        for (written, xml) in [
            ("a & b", "a &amp; b"),
            ("?a=1&b=2&amp;c=3", "?a=1&amp;b=2&amp;c=3"),
            ("&nbsp;&lt;&#65;&#x41;&#0;&#xd800;&", "&amp;nbsp;&lt;&#65;&#x41;&amp;#0;&amp;#xd800;&amp;"),
            ("&;&amp", "&amp;;&amp;amp"),
            ("&#+65;", "&amp;#+65;"),
            ("&<![CDATA[a & b]]>&<!-- & -->&", "&amp;<![CDATA[a & b]]>&amp;<!-- & -->&amp;"),
            ("<![CDATA[&", "<![CDATA[&"),
        ] {
            assert_eq!(Escaped::of(written, 0).xml(), xml);
        }
    }

    #[test]
    fn places_are_those_of_the_document_as_it_came() {
        let escaped = Escaped::of("\n<a>&\n&é&<b/></a>", 1);
        let at = escaped.xml().find("<b/>").unwrap();
        assert_eq!(escaped.place(at), (3, 4));
        assert_eq!(escaped.place(0), (2, 1));
        assert_eq!(escaped.place_of(TextPos::new(2, 12)), (3, 4));
    }
}
