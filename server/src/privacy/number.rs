//! A person's number in texts: every way in which telephones and carriers write it, and the text without it. Pure.
//!
//! Found are the international forms (`+254…`, `254…`, `00254…`, `%2B254…`) and the national one (`0722…`), with no other digit
//! beside them: a longer number that has these digits in it is somebody else's. They are found as people type them too, with
//! blanks, dashes, dots and brackets between the digits ([`typed`]).

mod typed;

use serde_json::Value;

use crate::telephone;

/// What stands where the number stood.
pub(super) const ERASED: &str = "erased";
/// Digits of a subscriber that are searched for by themselves; with fewer every text would have to be looked at.
const LEAST_DIGITS: usize = 4;

/// A number whose traces go.
pub(super) struct Person {
    /// Digits after the country's code.
    subscriber: String,
    /// The country's code; empty where no table knows it.
    code: String,
}

impl Person {
    /// Of a number in E.164.
    pub(super) fn of(e164: &str) -> Self {
        let digits = e164.trim_start_matches('+');
        let country = telephone::read(e164, None).and_then(|number| number.country);
        let code = country.and_then(|country| telephone::calling_code(&country)).map(|code| code.to_string());
        let split = code.and_then(|code| Some((digits.strip_prefix(&code)?.to_owned(), code)));
        match split.filter(|(subscriber, _)| subscriber.len() >= LEAST_DIGITS) {
            Some((subscriber, code)) => Self { subscriber, code },
            None => Self { subscriber: digits.to_owned(), code: String::new() },
        }
    }

    /// What every address has that may be it, for `like`.
    pub(super) fn pattern(&self) -> String {
        format!("%{}%", self.subscriber)
    }

    /// What every text has that may have it, whatever stands between its digits, for `like`.
    pub(super) fn typed_pattern(&self) -> String {
        self.subscriber.chars().fold("%".to_owned(), |pattern, digit| format!("{pattern}{digit}%"))
    }

    /// The text without it; none where it is not in it.
    pub(super) fn out_of(&self, text: &str) -> Option<String> {
        let written = self.written_out_of(text);
        let typed = typed::out_of(written.as_deref().unwrap_or(text), &self.code, &self.subscriber);
        typed.or(written)
    }

    /// As [`Person::out_of`], of its digits without anything between them.
    fn written_out_of(&self, text: &str) -> Option<String> {
        let mut kept = String::new();
        let mut rest = 0;
        for (at, _) in text.match_indices(&self.subscriber) {
            let Some(start) = self.begin(text.get(rest..at).unwrap_or_default()).map(|start| rest + start) else {
                continue;
            };
            let end = at + self.subscriber.len();
            if text.get(end..).is_some_and(|after| after.starts_with(|next: char| next.is_ascii_digit())) {
                continue;
            }
            kept.push_str(text.get(rest..start).unwrap_or_default());
            kept.push_str(ERASED);
            rest = end;
        }
        (rest > 0).then(|| kept + text.get(rest..).unwrap_or_default())
    }

    /// Where in `before` the number begins whose subscriber's digits follow; none where they are part of another.
    fn begin(&self, before: &str) -> Option<usize> {
        let is_digit = |text: &str| text.ends_with(|last: char| last.is_ascii_digit());
        let international = before.strip_suffix(self.code.as_str()).map(|rest| {
            let rest = rest.strip_suffix("00").filter(|rest| !is_digit(rest)).unwrap_or(rest);
            let plus = ["+", "%2B", "%2b"].into_iter().find_map(|plus| rest.strip_suffix(plus));
            plus.unwrap_or(rest)
        });
        let national = before.strip_suffix('0').filter(|_| !self.code.is_empty());
        // A plus begins a number whatever is before it.
        let is_free =
            |rest: &&str| !is_digit(rest) || before.get(rest.len()..).is_some_and(|sign| sign.starts_with(['%', '+']));
        international.filter(is_free).or(national.filter(is_free)).map(str::len)
    }

    /// A text that is JSON without it, and JSON still; none where it is not in it.
    pub(super) fn out_of_json(&self, text: &str) -> Option<String> {
        let Ok(mut value) = serde_json::from_str::<Value>(text) else { return self.out_of(text) };
        self.take_out(&mut value).then(|| value.to_string())
    }

    fn take_out(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => match self.out_of(text) {
                Some(without) => {
                    *text = without;
                    true
                }
                None => false,
            },
            Value::Number(number) => match self.written_out_of(&number.to_string()) {
                Some(_) => {
                    *value = Value::String(ERASED.to_owned());
                    true
                }
                None => false,
            },
            Value::Array(items) => items.iter_mut().fold(false, |found, item| self.take_out(item) | found),
            Value::Object(members) => {
                let named: Vec<_> =
                    members.keys().filter_map(|name| Some((name.clone(), self.out_of(name)?))).collect();
                let mut found = !named.is_empty();
                for (name, without) in named {
                    if let Some(member) = members.remove(&name) {
                        members.insert(without, member);
                    }
                }
                for member in members.values_mut() {
                    found |= self.take_out(member);
                }
                found
            }
            Value::Null | Value::Bool(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Person {
        Person::of("+254722000042")
    }

    #[test]
    fn every_form_of_the_number_goes() {
        for written in ["+254722000042", "254722000042", "00254722000042", "%2B254722000042", "0722000042"] {
            assert_eq!(person().out_of(written).as_deref(), Some(ERASED), "{written}");
            let text = format!("sip:{written}@host, again {written}.");
            assert_eq!(person().out_of(&text).as_deref(), Some("sip:erased@host, again erased."), "{written}");
        }
        assert_eq!(
            person().out_of("From=%2B254722000042&To=%2B254700000001").as_deref(),
            Some("From=erased&To=%2B254700000001")
        );
        assert_eq!(person().out_of("a=1%2B254722000042").as_deref(), Some("a=1erased"));
    }

    #[test]
    fn other_numbers_that_have_its_digits_stay() {
        for other in ["+1254722000042", "2547220000421", "+255722000042", "722000042", "00722000042", "10722000042", ""]
        {
            assert_eq!(person().out_of(other), None, "{other}");
        }
        assert_eq!(person().out_of("+2547220000421 +254722000042").as_deref(), Some("+2547220000421 erased"));
    }

    #[test]
    fn json_stays_json() {
        let text =
            r#"{"to":"+254722000042","n":254722000042,"list":[{"254722000042":1}],"s":"{\"phone\":\"0722000042\"}"}"#;
        let without = person().out_of_json(text).unwrap();
        let value: Value = serde_json::from_str(&without).unwrap();
        assert_eq!((&value["to"], &value["n"]), (&"erased".into(), &"erased".into()));
        assert_eq!(value["list"][0]["erased"], 1);
        assert!(!without.contains("722000042"), "{without}");
        assert_eq!(person().out_of_json(r#"{"to":"+254722000043"}"#), None);
    }

    #[test]
    fn numbers_of_other_countries_go_too() {
        let british = Person::of("+442079460018");
        assert_eq!(british.out_of("020 7946 0018 02079460018 +442079460018").as_deref(), Some("erased erased erased"));
        let satellite = Person::of("+881612345678");
        assert_eq!(satellite.out_of("+881612345678").as_deref(), Some(ERASED));
    }
}
