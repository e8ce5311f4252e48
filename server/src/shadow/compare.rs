//! Comparing two answers to one request: by what a call would do, not by their text. Pure.
//!
//! JSON and XML, attributes that are left out and their defaults come to the same. URLs are compared as they lead from the
//! handler that named them, because each handler has its own. Actions are paired by their verbs, so that one more at the
//! beginning is one difference and not as many as there are actions.

use sautikit_api::actions::{Action, ActionError, Warning};
use sautikit_api::numbers::{ReadingWarning, TestedError};
use sautikit_api::shadow::{ShadowAnswer, ShadowDifference};
use serde_json::Value;
use url::Url;
use voice::{Answer, FetchFailure, Purpose, shown_body, shown_url};

use super::{Comparison, Outcome};

/// Differences that are kept: who has more looks at the documents.
const MOST_DIFFERENCES: usize = 50;
/// Characters of each value.
const MOST_CHARS: usize = 200;
/// Warnings that are kept of each answer.
const MOST_WARNINGS: usize = 20;
/// Bytes of the shadow's answer that are kept.
const KEPT_BODY_BYTES: usize = 4 * 1024;
/// Attributes that hold a URL.
const URLS: [&str; 8] =
    ["url", "action", "waitUrl", "statusCallback", "recordingStatusCallback", "whisperUrl", "ringTone", "holdMusic"];
/// In place of what nobody is shown.
const HIDDEN: &str = "\"•••\"";

/// What one of the two did.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Who was asked.
    pub url: &'a str,
    /// The HTTP status.
    pub status: Option<u16>,
    /// How long it took.
    pub duration_ms: u64,
    /// What came, as it was read; `None` for a good answer that steers nothing and so is not read.
    pub outcome: Result<Option<&'a Answer>, &'a FetchFailure>,
}

/// Compares what came for a request. `body` is what the shadow answered.
pub fn compare(purpose: Purpose, live: Seen<'_>, shadow: Seen<'_>, body: &str) -> (Outcome, Comparison) {
    let differences = match (live.outcome, shadow.outcome) {
        (Ok(Some(live)), Ok(Some(shadow))) if purpose == Purpose::Steer => differences(live, shadow),
        _ => Vec::new(),
    };
    let outcome = match (live.outcome, shadow.outcome) {
        (Ok(_), Err(_)) => Outcome::Failed,
        (Err(_), Ok(_)) => Outcome::Recovered,
        _ if differences.is_empty() => Outcome::Same,
        _ => Outcome::Different,
    };
    let kept = body.char_indices().take_while(|(at, c)| at + c.len_utf8() <= KEPT_BODY_BYTES).map(|(_, c)| c);
    let kept: String = kept.collect();
    let kept = match shadow.outcome {
        Ok(Some(answer)) => shown_body(&kept, answer),
        _ => kept,
    };
    let comparison = Comparison {
        live: answer_of(live),
        shadow: answer_of(shadow),
        difference_count: i64::try_from(differences.len()).unwrap_or(i64::MAX),
        differences: differences.into_iter().take(MOST_DIFFERENCES).collect(),
        answer: Some(kept).filter(|kept| outcome != Outcome::Same && !kept.is_empty()),
    };
    (outcome, comparison)
}

fn answer_of(seen: Seen<'_>) -> ShadowAnswer {
    let Seen { url, status, duration_ms, outcome } = seen;
    let answer = outcome.ok().flatten();
    let verbs = answer.map(|answer| answer.actions.iter().map(|action| action.verb().to_owned()).collect());
    let warnings = answer.map(|answer| answer.warnings.iter().take(MOST_WARNINGS).cloned().map(warning).collect());
    ShadowAnswer {
        url: shown_url(url),
        status,
        duration_ms,
        verbs: verbs.unwrap_or_default(),
        warnings: warnings.unwrap_or_default(),
        error: outcome.err().map(error),
    }
}

fn warning(Warning { line, column, message }: Warning) -> ReadingWarning {
    ReadingWarning { line, column, message }
}

fn error(failure: &FetchFailure) -> TestedError {
    let code = failure.code().to_owned();
    match failure {
        FetchFailure::Invalid(ActionError { path, message }) => {
            TestedError { code, path: Some(path.clone()).filter(|path| !path.is_empty()), message: message.clone() }
        }
        other => TestedError { code, path: None, message: other.to_string() },
    }
}

/// Where two documents differ, in the order of the live one.
fn differences(live: &Answer, shadow: &Answer) -> Vec<ShadowDifference> {
    let mut found = Vec::new();
    for pair in paired(&live.actions, &shadow.actions) {
        match pair {
            (Some((at, of_live)), Some((_, of_shadow))) => {
                let path = format!("actions[{at}]");
                let before = found.len();
                let values = (value(of_live, &live.url), value(of_shadow, &shadow.url));
                walk(&path, Some(&values.0), Some(&values.1), &mut found);
                if found.len() == before {
                    found.extend(unshown(&path, of_live, of_shadow));
                }
            }
            (Some((at, action)), None) => {
                let live = Some(words(&value(action, &live.url)));
                found.push(ShadowDifference { path: format!("actions[{at}]"), live, shadow: None });
            }
            (None, Some((at, action))) => {
                let shadow = Some(words(&value(action, &shadow.url)));
                found.push(ShadowDifference { path: format!("actions[{at}]"), live: None, shadow });
            }
            (None, None) => {}
        }
    }
    found
}

type Placed<'a> = Option<(usize, &'a Action)>;

/// The longest run of verbs that both have in the same order, and between them what only one has. At most fifty by fifty.
fn paired<'a>(live: &'a [Action], shadow: &'a [Action]) -> Vec<(Placed<'a>, Placed<'a>)> {
    let same =
        |a: usize, b: usize| live.get(a).zip(shadow.get(b)).is_some_and(|(live, shadow)| live.verb() == shadow.verb());
    let width = shadow.len() + 1;
    let mut common = vec![0_usize; (live.len() + 1) * width];
    let length = |common: &[usize], a: usize, b: usize| common.get(a * width + b).copied().unwrap_or_default();
    for a in (0..live.len()).rev() {
        for b in (0..shadow.len()).rev() {
            let longest = if same(a, b) {
                length(&common, a + 1, b + 1) + 1
            } else {
                length(&common, a + 1, b).max(length(&common, a, b + 1))
            };
            if let Some(cell) = common.get_mut(a * width + b) {
                *cell = longest;
            }
        }
    }
    let (mut a, mut b, mut pairs) = (0, 0, Vec::new());
    while a < live.len() || b < shadow.len() {
        let (of_live, of_shadow) = (live.get(a).map(|one| (a, one)), shadow.get(b).map(|one| (b, one)));
        if same(a, b) {
            pairs.push((of_live, of_shadow));
            (a, b) = (a + 1, b + 1);
        } else if b >= shadow.len() || (a < live.len() && length(&common, a + 1, b) >= length(&common, a, b + 1)) {
            pairs.push((of_live, None));
            a += 1;
        } else {
            pairs.push((None, of_shadow));
            b += 1;
        }
    }
    pairs
}

/// An action with all its defaults; its URLs as they lead from `base`.
fn value(action: &Action, base: &str) -> Value {
    let mut value = serde_json::to_value(action).unwrap_or_default();
    if let Ok(base) = Url::parse(base) {
        lead_from(&base, &mut value);
    }
    value
}

fn lead_from(base: &Url, value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if URLS.contains(&name.as_str()) => {
                        let way = base.join(text).ok().and_then(|url| base.make_relative(&url));
                        *text = way.unwrap_or_else(|| shown_url(text));
                    }
                    member => lead_from(base, member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| lead_from(base, item)),
        _ => {}
    }
}

fn walk(path: &str, live: Option<&Value>, shadow: Option<&Value>, found: &mut Vec<ShadowDifference>) {
    match (live, shadow) {
        (live, shadow) if live == shadow => {}
        (Some(Value::Object(live)), Some(Value::Object(shadow))) => {
            for (name, value) in live {
                walk(&format!("{path}.{name}"), Some(value), shadow.get(name), found);
            }
            for (name, value) in shadow.iter().filter(|(name, _)| !live.contains_key(*name)) {
                walk(&format!("{path}.{name}"), None, Some(value), found);
            }
        }
        (Some(Value::Array(live)), Some(Value::Array(shadow))) => {
            for at in 0..live.len().max(shadow.len()) {
                walk(&format!("{path}[{at}]"), live.get(at), shadow.get(at), found);
            }
        }
        (live, shadow) => {
            found.push(ShadowDifference { path: path.to_owned(), live: live.map(words), shadow: shadow.map(words) });
        }
    }
}

fn words(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(&text)),
        None => text,
    }
}

/// What an action does not show: keys that are pressed, what a stream's server is told, and a text's markup.
fn unshown(path: &str, live: &Action, shadow: &Action) -> Option<ShadowDifference> {
    let hidden = |place: &str| ShadowDifference {
        path: format!("{path}.{place}"),
        live: Some(HIDDEN.to_owned()),
        shadow: Some(HIDDEN.to_owned()),
    };
    match (live, shadow) {
        (Action::SendDigits(live), Action::SendDigits(shadow)) if live != shadow => Some(hidden("sendDigits.digits")),
        (Action::Dial(live), Action::Dial(shadow)) if live.send_digits != shadow.send_digits => {
            Some(hidden("dial.sendDigits"))
        }
        (Action::Dial(live), Action::Dial(shadow)) => {
            let mut both = live.to.iter().zip(&shadow.to).enumerate();
            both.find_map(|(at, (live, shadow))| {
                if live.send_digits != shadow.send_digits {
                    return Some(hidden(&format!("dial.to[{at}].sendDigits")));
                }
                (live.password != shadow.password).then(|| hidden(&format!("dial.to[{at}].password")))
            })
        }
        (Action::Stream(live), Action::Stream(shadow)) if live.parameters != shadow.parameters => {
            Some(hidden("stream.parameters"))
        }
        (Action::Say(live), Action::Say(shadow)) if live.markup != shadow.markup => {
            let shown = |markup: &Option<String>| markup.clone().map(|markup| words(&Value::String(markup)));
            let (live, shadow) = (shown(&live.markup), shown(&shadow.markup));
            Some(ShadowDifference { path: format!("{path}.say.text"), live, shadow })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use sautikit_api::actions::{Asked, parse_answer};
    use sautikit_api::numbers::Compat;

    use super::*;

    const LIVE: &str = "https://simba.example/ivr/voice";
    const SHADOW: &str = "https://new.simba.example/v2/entry";

    fn answer(url: &str, body: &str) -> Answer {
        let asked = Asked { url, room: "+254700000001", compat: Compat::Twilio };
        let document = parse_answer("", body.as_bytes(), &asked).unwrap();
        Answer { url: url.to_owned(), actions: document.actions, warnings: document.warnings }
    }

    fn seen<'a>(url: &'a str, outcome: Result<Option<&'a Answer>, &'a FetchFailure>) -> Seen<'a> {
        Seen { url, status: outcome.is_ok().then_some(200), duration_ms: 7, outcome }
    }

    fn compared(live: &str, shadow: &str) -> (Outcome, Vec<(String, Option<String>, Option<String>)>) {
        let (live, of_shadow) = (answer(LIVE, live), answer(SHADOW, shadow));
        let (live, of_shadow) = (seen(LIVE, Ok(Some(&live))), seen(SHADOW, Ok(Some(&of_shadow))));
        let (outcome, comparison) = compare(Purpose::Steer, live, of_shadow, shadow);
        assert_eq!(comparison.answer.is_some(), outcome != Outcome::Same);
        let places = comparison.differences.into_iter();
        (outcome, places.map(|one| (one.path, one.live, one.shadow)).collect())
    }

    #[test]
    fn the_same_in_another_notation_at_another_address_is_the_same() {
        let xml = r#"<Response><Gather numDigits="1" action="menu"><Say>Karibu</Say></Gather><Hangup/></Response>"#;
        let other =
            r#"<Response><Gather action="/v2/menu" numDigits="1" ><Say>Karibu</Say></Gather><Hangup /></Response>"#;
        assert_eq!(compared(xml, other), (Outcome::Same, vec![]));
        let short =
            r#"{"actions":[{"say":{"text":"Karibu"}},{"redirect":{"url":"https://simba.example/ivr/menu?a=1"}}]}"#;
        let long = r#"{"actions":[{"say":{"text":"Karibu","loop":1}},{"redirect":{"url":"menu?a=1"}}]}"#;
        assert_eq!(compared(short, long), (Outcome::Same, vec![]));
    }

    #[test]
    fn of_a_password_it_is_told_that_it_differs_and_not_how() {
        let of = |password: &str| {
            let target = format!(r#"{{"sip":"sip:a@b.example","username":"us","password":"{password}"}}"#);
            format!(r#"{{"actions":[{{"dial":{{"to":{target}}}}}]}}"#)
        };
        let (outcome, places) = compared(&of("hunter2"), &of("hunter3"));
        assert_eq!(outcome, Outcome::Different);
        let hidden = || Some(HIDDEN.to_owned());
        assert_eq!(places, [("actions[0].dial.to[0].password".to_owned(), hidden(), hidden())]);
    }

    #[test]
    fn each_attribute_that_differs_is_named_with_both_values() {
        let live = r#"{"actions":[{"getDigits":{"numDigits":1,"prompt":{"say":{"text":"Moja"}}}}]}"#;
        let shadow = r#"{"actions":[{"getDigits":{"numDigits":4,"prompt":{"say":{"text":"Mbili"}}}}]}"#;
        let (outcome, places) = compared(live, shadow);
        assert_eq!(outcome, Outcome::Different);
        let text = |text: &str| Some(text.to_owned());
        assert!(places.contains(&("actions[0].getDigits.numDigits".to_owned(), text("1"), text("4"))), "{places:?}");
        let prompt = "actions[0].getDigits.prompt[0].say.text".to_owned();
        assert!(places.contains(&(prompt, text("\"Moja\""), text("\"Mbili\""))), "{places:?}");
        assert_eq!(places.len(), 2);
    }

    #[test]
    fn one_action_more_is_one_difference() {
        let live = r#"{"actions":[{"say":{"text":"a"}},{"pause":{}},{"hangup":{}}]}"#;
        let shadow = r#"{"actions":[{"play":{"url":"https://simba.example/a.wav"}},{"say":{"text":"a"}},{"pause":{}},{"hangup":{}}]}"#;
        let (_, places) = compared(live, shadow);
        assert_eq!(places.len(), 1, "{places:?}");
        assert_eq!((places[0].0.as_str(), &places[0].1), ("actions[0]", &None));
        let (_, places) = compared(shadow, live);
        assert_eq!((places.len(), places[0].0.as_str(), &places[0].2), (1, "actions[0]", &None));
    }

    #[test]
    fn secrets_differ_and_are_not_shown() {
        let digits = |digits: &str| format!(r#"{{"actions":[{{"sendDigits":{{"digits":"{digits}"}}}}]}}"#);
        let (outcome, places) = compared(&digits("1234"), &digits("4321"));
        assert_eq!((outcome, places.len()), (Outcome::Different, 1));
        assert!(!format!("{places:?}").contains("4321"));
        assert_eq!(compared(&digits("1234"), &digits("1234")).0, Outcome::Same);
    }

    #[test]
    fn who_fails_is_said_and_where() {
        let live = answer(LIVE, r#"{"actions":[{"hangup":{}}]}"#);
        let broken =
            FetchFailure::from(ActionError { path: "actions[0].say".to_owned(), message: "expected".to_owned() });
        let status = FetchFailure::Status(503);
        let (outcome, comparison) =
            compare(Purpose::Steer, seen(LIVE, Ok(Some(&live))), seen(SHADOW, Err(&broken)), "x");
        assert_eq!(outcome, Outcome::Failed);
        let error = comparison.shadow.error.unwrap();
        assert_eq!((error.code.as_str(), error.path.as_deref()), ("actions.invalid", Some("actions[0].say")));
        let of = |live, shadow| compare(Purpose::Steer, live, shadow, "").0;
        assert_eq!(of(seen(LIVE, Err(&status)), seen(SHADOW, Ok(Some(&live)))), Outcome::Recovered);
        assert_eq!(of(seen(LIVE, Err(&status)), seen(SHADOW, Err(&broken))), Outcome::Same);
        assert_eq!(compare(Purpose::Final, seen(LIVE, Ok(None)), seen(SHADOW, Err(&status)), "").0, Outcome::Failed);
        assert_eq!(compare(Purpose::Final, seen(LIVE, Ok(None)), seen(SHADOW, Ok(None)), "").0, Outcome::Same);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let says = |word: &str| {
            let says: Vec<_> = (0..50).map(|at| format!(r#"{{"say":{{"text":"{word}{at}"}}}}"#)).collect();
            format!(r#"{{"actions":[{}]}}"#, says.join(","))
        };
        let (live, shadow) = (says("a"), says(&"é".repeat(400)));
        let (of_live, of_shadow) = (answer(LIVE, &live), answer(SHADOW, &shadow));
        let (_, comparison) =
            compare(Purpose::Steer, seen(LIVE, Ok(Some(&of_live))), seen(SHADOW, Ok(Some(&of_shadow))), &shadow);
        assert_eq!((comparison.differences.len(), comparison.difference_count), (50, 50));
        assert!(
            comparison.differences.iter().all(|one| one.shadow.as_ref().unwrap().chars().count() <= MOST_CHARS + 1)
        );
        assert!(comparison.answer.unwrap().len() <= KEPT_BODY_BYTES);
    }
}
