//! Small coloured states.

use crate::i18n::Lang;
use leptos::prelude::*;
use sautikit_api::calls::CallStatus;

/// What a state means for the reader.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Tone {
    Neutral,
    Good,
    Bad,
    Warn,
    Live,
}

/// A state in words and colour.
pub(crate) fn badge(tone: Tone, words: impl Into<String>) -> impl IntoView {
    let class = match tone {
        Tone::Neutral => "badge",
        Tone::Good => "badge badge--good",
        Tone::Bad => "badge badge--bad",
        Tone::Warn => "badge badge--warn",
        Tone::Live => "badge badge--live",
    };
    view! { <span class=class>{words.into()}</span> }
}

/// Where a call stands.
#[component]
pub(crate) fn CallBadge(status: CallStatus, lang: Lang) -> impl IntoView {
    let text = &lang.text().calls;
    let (tone, words) = match status {
        CallStatus::Ringing => (Tone::Live, text.ringing),
        CallStatus::Answered => (Tone::Live, text.answered),
        CallStatus::Completed => (Tone::Good, text.completed),
        CallStatus::Failed => (Tone::Bad, text.failed),
        CallStatus::NoAnswer => (Tone::Warn, text.no_answer),
        CallStatus::Busy => (Tone::Warn, text.busy),
        CallStatus::Canceled => (Tone::Neutral, text.canceled),
    };
    badge(tone, words)
}
