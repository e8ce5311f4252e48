//! What all lists share: a line above the first row of each day, rows that open as a whole, numbers in groups, filters that
//! are in force as chips, the list as a file.

use super::{Glyph, Icon};
use crate::{
    api_client::with_query,
    format,
    i18n::{Lang, fill},
    visit::Visit,
};
use leptos::prelude::*;

/// The rows of a list, newest first, each with its moment (RFC 3339): a line says the day above the first of each. Days are
/// those of UTC until the page's script knows the viewer's (`app/js/times.js`).
pub(crate) fn by_day(rows: impl IntoIterator<Item = (String, AnyView)>, columns: usize, lang: Lang) -> AnyView {
    let mut day = String::new();
    let rows = rows.into_iter().map(|(at, row)| {
        let date = at.split('T').next().unwrap_or_default();
        let line = (date != day).then(|| {
            day = date.to_owned();
            let words = format::date(&at, lang);
            view! { <tr class="table__day"><th colspan=columns scope="rowgroup"><time datetime=at.clone() data-style="day">{words}</time></th></tr> }
        });
        view! { {line}{row} }
    });
    let rows = rows.collect_view();
    view! { <tbody data-days>{rows}</tbody> }.into_any()
}

/// A telephone number in groups of digits, which are seen and not copied; what is none stays as it is.
pub(crate) fn telephone(number: &str) -> AnyView {
    let groups = format::telephone(number);
    if groups.len() < 2 {
        return number.to_owned().into_any();
    }
    let groups = groups.into_iter().map(|group| view! { <span>{group.to_owned()}</span> });
    view! { <span class="telephone">{groups.collect_view()}</span> }.into_any()
}

/// The filters that are in force, each a link to the list without it. `chosen` are all of the page's parameters, `shown`
/// what one is called and what its value is called.
pub(crate) fn chips(
    page: &'static str,
    chosen: &[(&'static str, &str)],
    shown: impl Fn(&str, &str) -> (&'static str, String),
    lang: Lang,
) -> Option<AnyView> {
    let text = &lang.text().common;
    let in_force: Vec<_> = chosen.iter().filter(|(_, value)| !value.is_empty()).collect();
    if in_force.is_empty() {
        return None;
    }
    let chips = in_force.into_iter().map(|(name, value)| {
        let rest: Vec<(&str, &str)> = chosen.iter().copied().filter(|(other, _)| other != name).collect();
        let (label, words) = shown(name, value);
        let says = fill(text.remove_filter, label);
        view! { <li><a class="chip" href=with_query(page, &rest)>{label}": "<b>{words}</b><span class="visually-hidden">{says}</span><span aria-hidden="true">"×"</span></a></li> }
    });
    Some(view! { <ul class="chips" aria-label=text.filters>{chips.collect_view()}</ul> }.into_any())
}

/// A list of a page as a file, narrowed as the page's address narrows it.
#[component]
pub(crate) fn CsvLink(
    visit: Visit,
    /// The list's name: `/exports/NAME.csv`.
    list: &'static str,
    /// Parameters of the page that narrow the API's list too, named alike.
    #[prop(optional)]
    by: &'static [&'static str],
) -> impl IntoView {
    let filters = by.iter().map(|name| (*name, visit.query.get(name).unwrap_or_default().trim().to_owned()));
    let (filters, lang) = (filters.collect(), visit.lang);
    view! { <CsvButton list filters lang/> }
}

/// The list that `filters` choose as a file for spreadsheets.
#[component]
pub(crate) fn CsvButton(
    /// The list's name: `/exports/NAME.csv`.
    list: &'static str,
    /// Parameters of the API's list, named alike.
    filters: Vec<(&'static str, String)>,
    lang: Lang,
) -> impl IntoView {
    let pairs: Vec<(&str, &str)> = filters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let href = with_query(&format!("/exports/{list}.csv"), &pairs);
    let label = lang.text().common.csv;
    view! { <a class="button" href=href download=format!("{list}.csv") aria-label=label title=label><Icon glyph=Glyph::Download/>"CSV"</a> }
}
