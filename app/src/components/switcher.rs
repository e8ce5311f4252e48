//! Which workspace this is, what it can spend, and the way to the others.

use super::{Glyph, Icon};
use crate::{forms, gate, visit::Visit};
use leptos::prelude::*;
use sautikit_api::accounts::{Me, Workspace};

/// A menu of the person's workspaces; each entry is a button of one form, so that it works without script. Whoever has none
/// is led to make one.
#[component]
pub(crate) fn Switcher(
    visit: Visit,
    me: Me,
    /// What the workspace can spend, in words.
    money: Option<String>,
) -> impl IntoView {
    let text = visit.text();
    let Some(workspace) = &me.workspace else {
        return view! { <a class="button button--wide" href=gate::ONBOARDING><Icon glyph=Glyph::Plus/>{text.workspace.create}</a> }
            .into_any();
    };
    let (current, name) = (workspace.id, workspace.name.clone());
    let entry = |workspace: Workspace| {
        let is_current = workspace.id == current;
        let role = text.rights.role(workspace.role);
        view! {
            <li>
                <button class="switcher__entry" name="id" value=workspace.id.to_string() aria-current=is_current.then_some("true")>
                    <span class="switcher__name">{workspace.name}</span><span class="switcher__role">{role}</span>
                    {is_current.then(|| view! { <Icon glyph=Glyph::Check/> })}
                </button>
            </li>
        }
    };
    let entries = me.workspaces.into_iter().map(entry).collect_view();
    view! {
        <details class="switcher">
            <summary class="workspace">
                <span class="visually-hidden">{text.workspace.switch}": "</span>
                <span class="workspace__name">{name}</span>
                <span class="workspace__money figure" data-live="balance">{money}</span>
                <Icon glyph=Glyph::Switch/>
            </summary>
            <div class="switcher__menu">
                <form method="post" action=forms::ENTER_WORKSPACE><ul>{entries}</ul></form>
                <a class="switcher__entry" href="/workspaces/new"><Icon glyph=Glyph::Plus/><span class="switcher__name">{text.workspace.create}</span></a>
            </div>
        </details>
    }
    .into_any()
}
