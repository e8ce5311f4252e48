//! A moment: UTC in the HTML and on hover, the viewer's zone once the page's script has run.

use crate::{format, i18n::Lang};
use leptos::prelude::*;

/// A date and time.
#[component]
pub(crate) fn Moment(
    /// RFC 3339, UTC.
    at: String,
    lang: Lang,
    /// Only the time of day, to the second.
    #[prop(optional)]
    clock: bool,
    /// Only the time of day, to the millisecond.
    #[prop(optional)]
    exact: bool,
) -> impl IntoView {
    let (words, style) = match (exact, clock) {
        (true, _) => (format::exact(&at), "exact"),
        (false, true) => (format::clock(&at), "clock"),
        (false, false) => (format::moment(&at, lang), "moment"),
    };
    view! { <time datetime=at.clone() title=at data-style=style class="nowrap">{words}</time> }
}
