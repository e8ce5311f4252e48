//! `/workspace/roles`: the table of rights, as the API checks it.

use super::member::{Member, member_page};
use crate::{
    api_client::ApiFailure,
    components::{Glyph, Icon, PageHead},
};
use leptos::prelude::*;
use sautikit_api::{
    accounts::Role,
    rights::{RIGHTS, Right},
};

/// Roles.
#[component]
pub(crate) fn RolesPage() -> impl IntoView {
    member_page(|text| text.rights.title, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().rights;
    let mine = member.workspace().map(|workspace| workspace.role);
    let heads = Role::ALL.iter().map(|role| {
        let you = (mine == Some(*role)).then(|| view! { <span class="grid__you">{text.you}</span> });
        view! { <th scope="col" class="grid__mark">{text.role(*role)}{you}</th> }
    });
    let heads = heads.collect_view();
    let cards = Role::ALL.iter().map(|role| {
        let you = (mine == Some(*role)).then(|| view! { <span class="grid__you">{text.you}</span> });
        view! { <li class="stat"><p class="strong">{text.role(*role)}{you}</p><p class="muted small">{text.role_text(*role)}</p></li> }
    });
    let cards = cards.collect_view();
    let rows = RIGHTS.iter().map(|right| row(&member, right)).collect_view();
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text/>
        <div class="stack-lg">
            <ul class="stats">{cards}</ul>
            <section class="panel">
                <div class="grid" tabindex="0" role="region" aria-label=text.title>
                    <table class="grid__table">
                        <thead><tr><th scope="col">{text.right}</th>{heads}<th scope="col" class="grid__mark">{text.keys}</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
            <p class="muted small">{text.keys_text}</p>
        </div>
    }
    .into_any())
}

fn row(member: &Member, right: &'static Right) -> AnyView {
    let text = &member.text().rights;
    let mark = |has: bool| {
        let words = if has { text.yes } else { text.no };
        view! {
            <td class="grid__mark">
                {has.then(|| view! { <Icon glyph=Glyph::Check/> })}
                <span class="visually-hidden">{words}</span>
            </td>
        }
    };
    let marks = Role::ALL.iter().map(|role| mark(right.roles.contains(role))).collect_view();
    view! {
        <tr>
            <th scope="row"><span>{text.what(right.scope)}</span><code>{right.name}</code></th>
            {marks}
            {mark(right.for_keys)}
        </tr>
    }
    .into_any()
}
