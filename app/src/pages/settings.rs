//! `/workspace/settings`: the workspace's name and country, its fixed facts, its end.

use super::{
    member::{Member, member_page},
    place::countries,
    settings_privacy,
};
use crate::{
    access::is_suspended,
    api_client::ApiFailure,
    components::{Copied, Field, PageHead, Select, Tone, badge, of_workspace, outcome},
    forms,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::{accounts::Workspace, rights::Scope};

/// Settings.
#[component]
pub(crate) fn SettingsPage() -> impl IntoView {
    member_page(|text| text.workspace.settings, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().workspace;
    let workspace: Workspace = member.api().get("/v1/workspace").await?;
    Ok(view! {
        <PageHead title=text.settings.to_owned() text=text.settings_text/>
        {outcome(&member.visit, &[("saved", text.saved, "")])}
        <div class="stack-lg narrow">
            {member.may(Scope::WorkspaceWrite).then(|| general(&member, &workspace))}
            {facts(&member, &workspace)}
            {settings_privacy::privacy(&member)}
            {member.may(Scope::WorkspaceDelete).then(|| danger(&member, &workspace))}
        </div>
    }
    .into_any())
}

fn general(member: &Member, workspace: &Workspace) -> AnyView {
    const FORM: &str = forms::UPDATE_WORKSPACE;
    let text = member.text();
    let visit = member.visit.clone();
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.workspace.general}</h2></div>
            <form class="form panel__body" method="post" action=FORM>
                {of_workspace(&visit)}
                <Field visit=visit.clone() form=FORM name="name" label=text.workspace.name autocomplete="organization" maxlength=120 value=workspace.name.clone()/>
                <Select visit form=FORM name="country" label=text.workspace.country hint=text.workspace.country_hint options=countries(&workspace.country) value=workspace.country.clone()/>
                <div class="form__actions"><button class="button button--primary">{text.common.save}</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn facts(member: &Member, workspace: &Workspace) -> AnyView {
    let text = &member.text().workspace;
    let status = if is_suspended(workspace) {
        badge(Tone::Warn, text.suspended).into_any()
    } else {
        badge(Tone::Good, text.active).into_any()
    };
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{member.text().calls.facts}</h2></div>
            <dl class="facts panel__body">
                <dt>{text.status}</dt><dd>{status}</dd>
                <dt>{text.your_role}</dt><dd>{member.text().rights.role(workspace.role)}</dd>
                <dt>{text.country}</dt><dd>{workspace.country.clone()}</dd>
                <dt>{text.currency}</dt><dd>{workspace.currency.clone()}</dd>
                <dt>{text.id}</dt><dd><Copied id="workspace-id" value=workspace.id.to_string() lang=member.visit.lang/></dd>
            </dl>
        </section>
    }
    .into_any()
}

fn danger(member: &Member, workspace: &Workspace) -> AnyView {
    const FORM: &str = forms::DELETE_WORKSPACE;
    let text = &member.text().workspace;
    let visit = member.visit.clone();
    let label = fill(member.text().common.confirm_label, &workspace.name);
    view! {
        <section class="panel panel--danger">
            <div class="panel__head"><h2>{text.danger}</h2></div>
            <div class="panel__body stack">
                <div><h3>{text.delete}</h3><p class="muted">{text.delete_text}</p></div>
                <form class="form" method="post" action=FORM>
                    {of_workspace(&visit)}
                    <div class="field">
                        <label class="field__label breakable" for="confirm_name">{label}</label>
                        <input class="field__input" id="confirm_name" name="confirm_name" required autocomplete="off" autocapitalize="off" spellcheck="false" maxlength=120
                            value=visit.typed(FORM, "confirm_name")/>
                    </div>
                    <div class="form__actions"><button class="button button--danger-solid">{text.delete_button}</button></div>
                </form>
            </div>
        </section>
    }
    .into_any()
}
