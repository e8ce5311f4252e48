//! `/operator/workspaces/{id}`: one workspace for operators: its ceiling, what is used of it, and the way out of a freeze.

use super::{
    limits::{frozen, in_force, limits_form},
    member::{Member, person_page},
    place::countries,
};
use crate::{
    api_client::{ApiFailure, escape},
    components::{PageHead, Select, meant, outcome},
    forms,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use sautikit_api::{limits::Limits, operator::AdminWorkspace};

/// A workspace of the installation.
#[component]
pub(crate) fn OperatorWorkspacePage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    person_page(|text| text.limits.workspace_limits, move |member| content(member, id))
}

async fn content(member: Member, id: String) -> Result<AnyView, ApiFailure> {
    let text = &member.text().limits;
    let id = escape(&id);
    let workspace: AdminWorkspace = member.api().get(format!("/v1/admin/workspaces/{id}")).await?;
    let limits: Limits = member.api().get(format!("/v1/admin/workspaces/{id}/limits")).await?;
    let action = |what: &str| format!("/console/operator/workspaces/{id}/{what}");
    let heading = (text.ceiling, text.ceiling_text);
    let form =
        limits_form(&member, forms::SET_CEILING, action("limits"), heading, (&limits.operator, None), &limits.currency);
    let money = format!("/operator/workspaces/{}/money", workspace.id);
    let prices = format!("/operator/prices?workspace_id={}", workspace.id);
    let numbers = format!("/operator/numbers?workspace_id={}", workspace.id);
    let running = format!("/operator/calls?workspace_id={}", workspace.id);
    let registered = format!("/operator/registrations?workspace_id={}", workspace.id);
    let operators = &member.text().operator;
    let adjustments = operators.adjustments;
    let words = member.text();
    Ok(view! {
        <PageHead title=workspace.name.clone() text=text.workspace_limits parent=(operators.workspaces, "/operator/workspaces")>
            <a class="button" href=running>{operators.see_running}</a>
            <a class="button" href=registered>{operators.registrations}</a>
            <a class="button" href=prices>{words.supply.prices}</a>
            <a class="button" href=numbers>{words.common.numbers}</a>
            <a class="button" href=money>{adjustments}</a>
        </PageHead>
        {outcome(&member.visit, &[("saved", text.saved, ""), ("unfrozen", text.unfrozen, ""), ("moved", operators.moved, operators.moved_text)])}
        <div class="stack-lg">
            {limits.frozen.as_ref().map(|freeze| frozen(&member, freeze, Some(action("unfreeze"))))}
            <div class="columns columns--late">
                <div class="stack-lg">{form}{country(&member, &workspace, action("country"))}</div>
                {in_force(&member, &limits)}
            </div>
        </div>
    }
    .into_any())
}

/// Which country's tax it pays.
fn country(member: &Member, workspace: &AdminWorkspace, action: String) -> AnyView {
    let text = &member.text().operator;
    let (visit, options) = (member.visit.clone(), countries(&workspace.country));
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.country}</h2></div>
            <div class="panel__body">
                <form class="form" method="post" action=action>
                    <Select visit form=forms::SET_COUNTRY name="country" label=text.country hint=text.country_hint options value=workspace.country.clone()/>
                    {meant(text.meant_country)}
                    <div class="form__actions"><button class="button">{text.country_set}</button></div>
                </form>
            </div>
        </section>
    }
    .into_any()
}
