//! One sentence that says what went wrong with a call and what to do: rules over its record and its timeline, the first that
//! fits. Pure; a call of which nothing has to be said has none.

use crate::{
    components::{Glyph, Icon},
    i18n::{Lang, fill},
};
use leptos::prelude::*;
use sautikit_api::calls::{Call, CallEvent};
use serde_json::Value;

/// A callback that takes longer is worth a word, in milliseconds: half of a caller's patience with silence.
const SLOW_MS: i64 = 2_000;

/// What is to be said.
#[derive(Debug, PartialEq)]
struct Diagnosis {
    is_bad: bool,
    title: String,
    text: String,
    /// Code of the error catalogue, which has a page of its own.
    code: Option<String>,
}

/// The notice above a call's figures.
pub(super) fn call_diagnosis(call: &Call, events: &[CallEvent], lang: Lang) -> Option<AnyView> {
    let Diagnosis { is_bad, title, text, code } = diagnose(call, events, lang)?;
    let class = if is_bad { "notice notice--bad" } else { "notice notice--warn" };
    let about = lang.text().diagnosis.error_page;
    let foot = code.map(|code| {
        let page = format!("/docs/errors/{code}");
        view! { <div class="notice__foot"><code>{code}</code><a href=page>{about}</a></div> }
    });
    Some(
        view! {
            <div class=class role="status" data-diagnosis>
                <Icon glyph=Glyph::Alert/>
                <div><div class="notice__title">{title}</div><p>{text}</p>{foot}</div>
            </div>
        }
        .into_any(),
    )
}

/// How a call that did not come about is put beside its status, where a list has room for a word: the network's status, or
/// the code of what refused it.
pub(super) fn cause_in_short(call: &Call) -> Option<String> {
    let cause = call.hangup_cause.as_deref().filter(|_| call.status.as_str() == "failed")?;
    Some(cause.strip_prefix("sip.").map_or_else(|| cause.to_owned(), |status| format!("SIP {status}")))
}

fn diagnose(call: &Call, events: &[CallEvent], lang: Lang) -> Option<Diagnosis> {
    let story = Story { call, events, lang };
    story
        .server_failed()
        .or_else(|| story.ended_by_us())
        .or_else(|| story.party_failed())
        .or_else(|| story.one_way())
        .or_else(|| story.server_was_slow())
        .or_else(|| story.left_out())
}

/// A call with what happened to it.
struct Story<'a> {
    call: &'a Call,
    events: &'a [CallEvent],
    lang: Lang,
}

impl Story<'_> {
    fn bad(title: String, text: impl Into<String>) -> Diagnosis {
        Diagnosis { is_bad: true, title, text: text.into(), code: None }
    }

    fn minor(title: String, text: impl Into<String>) -> Diagnosis {
        Diagnosis { is_bad: false, title, text: text.into(), code: None }
    }

    fn last(&self, kind: &str) -> Option<&CallEvent> {
        self.events.iter().rev().find(|event| event.kind == kind)
    }

    /// The customer's server was asked in vain.
    fn server_failed(&self) -> Option<Diagnosis> {
        let words = &self.lang.text().diagnosis;
        // What is told once the call is over steers nothing.
        let is_final = |event: &&CallEvent| event.data.get("final").and_then(Value::as_bool) == Some(true);
        let over = self.events.iter().filter(|event| event.kind == "callback.sent").find(is_final);
        let over = over.map_or(i64::MAX, |event| event.sequence);
        // Nor does what was not waited for any more say anything of the server.
        let of_server = |event: &&CallEvent| !matches!(text_of(&event.data, "code"), "" | "calls.not_live");
        let all = || self.events.iter().rev().filter(|event| event.kind == "callback.failed").filter(of_server);
        let failed = all().find(|event| event.sequence < over).or_else(|| all().next())?;
        let code = text_of(&failed.data, "code");
        let status = failed.data.get("status").and_then(Value::as_i64).filter(|status| !(200..300).contains(status));
        let title = match (code, status) {
            ("call.callback_timeout", _) => words.server_slow.to_owned(),
            ("actions.invalid", _) => words.server_invalid.to_owned(),
            (_, Some(status)) if status > 0 => fill(words.server_status, &status.to_string()),
            _ => words.server_away.to_owned(),
        };
        let is_late = failed.sequence > over;
        let after_it = |event: &CallEvent| (failed.sequence..over).contains(&event.sequence);
        let recovered = self.events.iter().any(|event| event.kind == "callback.answered" && after_it(event));
        let outcome = match (is_late, recovered) {
            (true, _) => words.only_end,
            (false, true) => words.fallback,
            (false, false) => words.apology,
        };
        let reason = Some(text_of(&failed.data, "reason")).filter(|reason| !reason.is_empty() && status.is_none());
        let reason = reason.map(|reason| fill(words.reason, &capitalised(reason)));
        let text = reason.iter().map(String::as_str).chain([outcome, words.mend]).collect::<Vec<_>>().join(" ");
        let code = Some(code.to_owned()).filter(|code| !code.is_empty());
        Some(Diagnosis { is_bad: !recovered && !is_late, title, text, code })
    }

    /// This server ended the call or did not begin it.
    fn ended_by_us(&self) -> Option<Diagnosis> {
        let words = &self.lang.text().diagnosis;
        let cause = self.call.hangup_cause.as_deref()?;
        let of = |title: &str, text: &str| Some(Self::bad(title.to_owned(), text));
        match cause {
            "actions.limit" => of(words.limit, words.limit_text),
            "insufficient_funds" => of(words.money, words.money_text),
            "media.timeout" => {
                let party = self.last("media.timeout").and_then(|event| self.party(&event.data));
                Some(Self::bad(fill(words.silent, party.unwrap_or(words.party)), words.silent_text))
            }
            "media.not_secured" => of(words.not_secured, words.not_secured_text),
            "max_duration" => Some(Self::minor(words.too_long.to_owned(), words.too_long_text)),
            "service.draining" | "node_lost" => of(words.stopped, words.stopped_text),
            "connection_lost" => of(words.lost, words.lost_text),
            "trunk.unreachable" => of(words.unreachable, words.unreachable_text),
            // A caller who was not answered before gets what became of the one that its call was to lead to.
            code if is_refusal(code) => {
                let ended = self.events.iter().rev().filter(|event| event.kind == "leg.ended");
                let party = ended
                    .filter(|event| text_of(&event.data, "cause") == code)
                    .find_map(|event| self.dialled(&event.data));
                Some(self.refused(code, party.unwrap_or(&self.call.to)))
            }
            _ => None,
        }
    }

    /// A call to this party was refused with this code before the network was asked.
    fn refused(&self, code: &str, party: &str) -> Diagnosis {
        let words = &self.lang.text().diagnosis;
        let of_code = fill(words.refused_text, code);
        let (title, text) = match code {
            "calls.destination_blocked" => (words.blocked, words.blocked_text),
            "calls.emergency_blocked" => (words.emergency, words.emergency_text),
            "calls.no_route" => (words.no_route, words.no_route_text),
            "calls.frozen" => (words.frozen, words.frozen_text),
            "wallet.insufficient_funds" => (words.no_money, words.money_text),
            "spend_limit.reached" => (words.spent, words.spent_text),
            "calls.limit_exceeded" => (words.too_many, words.too_many_text),
            _ => (words.refused, of_code.as_str()),
        };
        Diagnosis { code: Some(code.to_owned()), ..Self::bad(fill(title, party), text) }
    }

    /// Sound went one way only for a while.
    fn one_way(&self) -> Option<Diagnosis> {
        let words = &self.lang.text().diagnosis;
        let silent = self.last("call.media_silent")?;
        let party = self.party(&silent.data).unwrap_or(words.party);
        let (title, text) = match (text_of(&silent.data, "direction"), text_of(&silent.data, "reason")) {
            ("sent", _) => (words.unheard_by, words.unheard_by_text),
            (_, "nobody_heard") => (words.silent, words.muted_text),
            _ => (words.silent, words.one_way_text),
        };
        Some(Self::minor(fill(title, party), text))
    }

    /// The last party that was called and did not come.
    fn party_failed(&self) -> Option<Diagnosis> {
        let words = &self.lang.text().diagnosis;
        let (event, party) = self.events.iter().rev().find_map(|event| {
            let is_end = event.kind == "leg.ended" && !self.answered(&event.data);
            is_end.then(|| Some((event, self.dialled(&event.data)?))).flatten()
        })?;
        let sip = event.data.get("sip").and_then(Value::as_i64).unwrap_or_default();
        let of = |title: &str, text: &str| Some(Self::minor(fill(title, party), text));
        match text_of(&event.data, "cause") {
            "sip.488" | "sip.606" => Some(Self::bad(fill(words.codec, party), words.codec_text)),
            "busy" => of(words.busy, words.busy_text),
            "no_answer" => of(words.no_answer, words.no_answer_text),
            "rejected" => of(words.rejected, words.rejected_text),
            "not_found" => of(words.not_found, words.not_found_text),
            cause if cause == "failed" || cause.starts_with("sip.") => {
                let status = cause.strip_prefix("sip.").map_or_else(|| sip.to_string(), ToOwned::to_owned);
                let text = match status.as_str() {
                    "401" | "402" | "403" | "405" | "407" | "603" | "607" | "608" => words.carrier_forbids,
                    "400" | "410" | "414" | "416" | "484" | "485" => words.carrier_incomplete,
                    "500" | "502" | "503" | "504" | "580" => words.carrier_busy,
                    _ => words.carrier_other,
                };
                Some(Self::bad(fill(words.carrier, party), fill(text, &status)))
            }
            "trunk.unreachable" => Some(Self::bad(words.unreachable.to_owned(), words.unreachable_text)),
            "media.not_secured" => Some(Self::bad(words.not_secured.to_owned(), words.not_secured_text)),
            code if is_refusal(code) => Some(self.refused(code, party)),
            _ => None,
        }
    }

    /// The customer's server answered late.
    fn server_was_slow(&self) -> Option<Diagnosis> {
        let words = &self.lang.text().diagnosis;
        if let Some(retried) = self.last("callback.retried") {
            let text = fill(words.retried_text, text_of(&retried.data, "reason"));
            return Some(Self::minor(words.retried.to_owned(), text));
        }
        let answers = self.events.iter().filter(|event| event.kind == "callback.answered");
        let slowest_ms = answers.filter_map(|event| event.data.get("ms")?.as_i64()).max()?;
        let seconds = format!("{:.1} s", slowest_ms as f64 / 1_000.0);
        (slowest_ms >= SLOW_MS).then(|| Self::minor(fill(words.slow, &seconds), words.slow_text))
    }

    /// Something small that the caller missed.
    fn left_out(&self) -> Option<Diagnosis> {
        let words = &self.lang.text().diagnosis;
        let kinds = [
            ("actions.warning", words.skipped, "message"),
            ("speech.failed", words.speech, "reason"),
            ("recording.failed", words.recording, "reason"),
        ];
        kinds.iter().find_map(|(kind, title, member)| {
            let event = self.last(kind)?;
            let text = fill(words.reason, &capitalised(text_of(&event.data, member)));
            Some(Self::minor((*title).to_owned(), text))
        })
    }

    /// Whether the leg of this entry had been answered.
    fn answered(&self, data: &Value) -> bool {
        self.events.iter().any(|event| event.kind == "leg.answered" && event.data.get("leg") == data.get("leg"))
    }

    /// Whom the leg of this entry called; none for one that called us.
    fn dialled(&self, data: &Value) -> Option<&str> {
        let same = |event: &&CallEvent| event.kind == "leg.dialing" && event.data.get("leg") == data.get("leg");
        let target = self.events.iter().find(same)?.data.get("target")?.as_str()?;
        Some(target)
    }

    /// Whoever the leg of this entry is.
    fn party(&self, data: &Value) -> Option<&str> {
        let of_leg = self.events.iter().filter(|event| event.data.get("leg") == data.get("leg"));
        of_leg
            .filter_map(|event| ["target", "from", "identity"].iter().find_map(|key| event.data.get(key)?.as_str()))
            .next()
    }
}

/// Whether a cause is a code of the error catalogue: what the network or a party says has other names.
fn is_refusal(cause: &str) -> bool {
    const OTHERS: [&str; 2] = ["service.draining", "media.timeout"];
    cause.contains('.') && !cause.starts_with("sip.") && !OTHERS.contains(&cause)
}

fn text_of<'a>(data: &'a Value, member: &str) -> &'a str {
    data.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// As a sentence begins, without the full stop that follows it.
fn capitalised(words: &str) -> String {
    let mut letters = words.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
#[path = "call_diagnosis_test.rs"]
mod tests;
