//! Where in a JSON text a path leads: errors name a path, an editor wants a line. Pure.

/// The offset of what `path` names (`actions[1].dial.to`), or of the innermost part of it that is there. The text is JSON.
pub(super) fn offset_of(text: &str, path: &str) -> usize {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    scan.blank();
    let mut found = scan.at;
    for step in steps(path) {
        let is_there = match step {
            Step::Key(name) => scan.enter_key(name),
            Step::Index(index) => scan.enter_index(index),
        };
        if !is_there {
            break;
        }
        found = scan.at;
    }
    found
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split(['.', '[']).filter(|part| !part.is_empty()).map(|part| {
        match part.strip_suffix(']').and_then(|index| index.parse().ok()) {
            Some(index) => Step::Index(index),
            None => Step::Key(part),
        }
    })
}

/// Line and character, both from 1, of an offset.
pub(super) fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    (number(line), number(column))
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn next(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while self.next().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Takes this byte, with the blanks around it.
    fn take(&mut self, wanted: u8) -> bool {
        self.blank();
        let is_next = self.next() == Some(wanted);
        if is_next {
            self.at += 1;
            self.blank();
        }
        is_next
    }

    /// Goes to the value of a member of the object that begins here; false where it has none of that name.
    fn enter_key(&mut self, name: &str) -> bool {
        if !self.take(b'{') {
            return false;
        }
        while self.next() == Some(b'"') {
            let begin = self.at + 1;
            self.skip();
            let key = self.bytes.get(begin..self.at.saturating_sub(1)).unwrap_or_default();
            if !self.take(b':') {
                return false;
            }
            // A verb's first letter may be written in either case.
            if key.eq_ignore_ascii_case(name.as_bytes()) {
                return true;
            }
            self.skip();
            if !self.take(b',') {
                return false;
            }
        }
        false
    }

    /// Goes to an item of the list that begins here.
    fn enter_index(&mut self, index: usize) -> bool {
        if !self.take(b'[') {
            return false;
        }
        for _ in 0..index {
            self.skip();
            if !self.take(b',') {
                return false;
            }
        }
        self.next().is_some_and(|byte| byte != b']')
    }

    /// Goes behind the value that begins here.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.next() {
            match byte {
                b'"' => {
                    self.at += 1;
                    while let Some(inner) = self.next() {
                        self.at += if inner == b'\\' { 2 } else { 1 };
                        if inner == b'"' {
                            break;
                        }
                    }
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b'}' | b']' if depth == 0 => return,
                b':' if depth == 0 => return,
                _ => self.at += 1,
            }
            if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_line() {
        let text = "{\n  \"actions\": [\n    {\"say\": {\"text\": \"a, {b} \\\" [c]\"}},\n    {\"Dial\": {\n      \"timeout\": 2,\n      \"to\": [\"+254722000042\", \"x\"]}}\n  ]\n}";
        let place = |path| line_and_column(text, offset_of(text, path));
        assert_eq!(place("actions"), (2, 14));
        assert_eq!(place("actions[0].say.text"), (3, 22));
        assert_eq!(place("actions[1].dial.timeout"), (5, 18));
        assert_eq!(place("actions[1].dial.to[1]"), (6, 31));
        // What is missing is missing there.
        assert_eq!(place("actions[1].dial.callerId"), (4, 14));
        assert_eq!(place("actions[7]"), (2, 14));
        assert_eq!(place(""), (1, 1));
        for odd in ["", "{", "[[[", "{\"actions\"", "\"", "{\"actions\":[{\"say\"", "\\"] {
            offset_of(odd, "actions[3].say.text");
        }
    }
}
