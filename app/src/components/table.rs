//! Table parts that turn into labelled cards on phones.

use leptos::prelude::*;

/// A column's heading and whether it stands to the right, over figures.
#[derive(Clone, Copy)]
pub(crate) enum Head {
    Start(&'static str),
    End(&'static str),
    /// Over buttons: heard, not seen.
    Unseen(&'static str),
}

/// The head row.
pub(crate) fn heads<const N: usize>(columns: [Head; N]) -> impl IntoView {
    let cells = columns.map(|column| match column {
        Head::Start(heading) => view! { <th scope="col">{heading}</th> }.into_any(),
        Head::Unseen(heading) => {
            view! { <th scope="col"><span class="visually-hidden">{heading}</span></th> }.into_any()
        }
        Head::End(heading) => view! { <th scope="col" class="end">{heading}</th> }.into_any(),
    });
    view! { <thead><tr>{cells.into_iter().collect_view()}</tr></thead> }
}

/// A cell; `label` names it where the head row is not shown.
pub(crate) fn cell(label: &'static str, class: &'static str, content: impl IntoView + 'static) -> impl IntoView {
    view! { <td class=class data-label=label>{content.into_any()}</td> }
}
