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
) -> impl IntoView {
    let words = if clock { format::clock(&at) } else { format::moment(&at, lang) };
    let style = if clock { "clock" } else { "moment" };
    view! { <time datetime=at.clone() title=at data-style=style class="nowrap">{words}</time> }
}
