//! `/recordings/storage`: how much is kept, for how long and where.

use super::member::{Member, member_page};
use crate::{
    api_client::ApiFailure,
    components::{
        Field,
        Head::{End, Start, Unseen},
        Moment, PageHead, Tone, badge, cell, heads, hidden, of_workspace, outcome,
    },
    format, forms,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::{
    rights::Scope,
    storage::{Storage, StorageTier},
};

/// Storage.
#[component]
pub(crate) fn StoragePage() -> impl IntoView {
    member_page(|text| text.recordings.storage, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().recordings;
    let storage: Storage = member.api().get("/v1/storage").await?;
    let tiers: Vec<StorageTier> = member.api().get("/v1/storage/tiers").await?;
    let done = [
        ("switched", text.switched, ""),
        ("bucket_set", text.bucket_set, ""),
        ("bucket_removed", text.bucket_removed, ""),
    ];
    let stat = |label: &'static str, value: String| view! { <div class="stat"><span class="stat__label">{label}</span><span class="stat__value">{value}</span></div> };
    Ok(view! {
        <PageHead title=text.storage.to_owned() text=text.storage_text parent=(text.title, "/recordings")/>
        {outcome(&member.visit, &done)}
        <div class="stack-lg">
            <section class="stats">
                {stat(text.used, format::bytes(storage.used_bytes))}
                {stat(text.room, format::bytes(storage.tier.capacity_bytes))}
                {stat(text.kept_for, fill(text.days, &storage.tier.retention_days.to_string()))}
                {stat(text.title, storage.recordings.to_string())}
            </section>
            {tier_table(&member, &storage, tiers)}
            {bucket(&member, &storage)}
        </div>
    }
    .into_any())
}

fn tier_table(member: &Member, storage: &Storage, tiers: Vec<StorageTier>) -> AnyView {
    let text = &member.text().recordings;
    let rows = tiers.into_iter().map(|tier| {
        let step = if tier.id == storage.tier.id {
            Some(badge(Tone::Good, text.tier_yours).into_any())
        } else {
            member.may(Scope::StorageWrite).then(|| {
                view! {
                    <form method="post" action=forms::SWITCH_TIER>
                        {of_workspace(&member.visit)}
                        {hidden("tier", tier.id.clone())}
                        <button class="button button--small" aria-label=fill(text.tier_switch_label, &tier.name)>{text.tier_switch}</button>
                    </form>
                }
                .into_any()
            })
        };
        let price = match tier.monthly_price_minor {
            0 => text.tier_free.to_owned(),
            minor => format::money(minor, &tier.currency),
        };
        view! {
            <tr>
                {cell(text.tier, "strong", tier.name)}
                {cell(text.room, "end nowrap", format::bytes(tier.capacity_bytes))}
                {cell(text.kept_for, "end nowrap", fill(text.days, &tier.retention_days.to_string()))}
                {cell(text.tier_price, "end nowrap", price)}
                {cell("", "end", step)}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let lang = member.visit.lang;
    let paid = storage.paid_until.clone().map(|at| {
        view! { <p class="panel__body muted">{text.tier_paid_until}" "<Moment at lang/></p> }
    });
    let headings = heads([
        Start(text.tier),
        End(text.room),
        End(text.kept_for),
        End(text.tier_price),
        Unseen(member.text().common.action),
    ]);
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.tier}</h2><p>{text.tier_text}</p></div>
            {paid}
            <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div>
        </section>
    }
    .into_any()
}

fn bucket(member: &Member, storage: &Storage) -> Option<AnyView> {
    const FORM: &str = forms::SET_BUCKET;
    let text = &member.text().recordings;
    let may_change = member.may(Scope::StorageWrite);
    let visit = member.visit.clone();
    let facts = storage.bucket.as_ref().map(|bucket| {
        view! {
            <dl class="facts panel__body">
                <dt>{text.endpoint}</dt><dd class="breakable">{bucket.endpoint.clone()}</dd>
                <dt>{text.region}</dt><dd>{bucket.region.clone()}</dd>
                <dt>{text.bucket_name}</dt><dd class="breakable">{bucket.bucket.clone()}</dd>
                <dt>{text.prefix}</dt><dd class="breakable">{if bucket.prefix.is_empty() { "–".to_owned() } else { bucket.prefix.clone() }}</dd>
                <dt>{text.access_key_id}</dt><dd class="breakable">{bucket.access_key_id.clone()}</dd>
            </dl>
        }
    });
    if !may_change && facts.is_none() {
        return None;
    }
    let remove = (may_change && storage.bucket.is_some()).then(|| {
        view! {
            <form class="panel__body" method="post" action=forms::REMOVE_BUCKET>
                {of_workspace(&visit)}
                <button class="button">{text.bucket_remove}</button>
            </form>
        }
    });
    let set = (may_change && storage.bucket.is_none()).then(|| {
        view! {
            <form class="form panel__body narrow" method="post" action=FORM>
                {of_workspace(&visit)}
                <Field visit=visit.clone() form=FORM name="endpoint" label=text.endpoint hint=text.endpoint_hint kind="url" autocomplete="off"/>
                <Field visit=visit.clone() form=FORM name="region" label=text.region hint=text.region_hint required=false autocomplete="off"/>
                <Field visit=visit.clone() form=FORM name="bucket" label=text.bucket_name autocomplete="off" maxlength=63/>
                <Field visit=visit.clone() form=FORM name="prefix" label=text.prefix required=false autocomplete="off" maxlength=500/>
                <Field visit=visit.clone() form=FORM name="access_key_id" label=text.access_key_id autocomplete="off"/>
                <Field visit=visit.clone() form=FORM name="secret_access_key" label=text.secret_access_key hint=text.secret_hint kind="password" autocomplete="off"/>
                <div class="form__actions"><button class="button button--primary">{member.text().common.save}</button></div>
            </form>
        }
    });
    Some(
        view! {
            <section class="panel">
                <div class="panel__head"><h2>{text.bucket}</h2><p>{text.bucket_text}</p></div>
                {facts}{remove}{set}
            </section>
        }
        .into_any(),
    )
}
