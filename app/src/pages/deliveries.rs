//! `/developers/deliveries`: what was sent to all endpoints of the workspace, and sending again what did not arrive.

use super::{
    member::{Member, member_page},
    webhook_deliveries::{Deliveries, On},
};
use crate::{
    api_client::ApiFailure,
    components::{CsvLink, Glyph, Icon, PageHead, outcome},
};
use leptos::prelude::*;
use sautikit_api::webhooks::{EventKindShown, Webhook};

/// All deliveries.
#[component]
pub(crate) fn DeliveriesPage() -> impl IntoView {
    member_page(|text| text.webhooks.deliveries, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().webhooks;
    let endpoints: Vec<Webhook> = member.api().get("/v1/webhooks?limit=200").await?;
    let kinds: Vec<EventKindShown> = member.api().get("/v1/webhooks/kinds").await?;
    let deliveries = Deliveries::of_all(&member).await?;
    let done =
        [("retried", text.retried, text.retried_text), ("retried_part", text.retried_part, text.retried_part_text)];
    let csv = view! { <CsvLink visit=member.visit.clone() list="deliveries" by=&["status", "event", "from", "to", "call_id", "event_id"]/> };
    Ok(view! {
        <PageHead title=text.deliveries.to_owned() text=text.all_deliveries_text>
            {csv}
            <a class="button" href="/developers/webhooks"><Icon glyph=Glyph::Bell/>{text.title}</a>
        </PageHead>
        {outcome(&member.visit, &done)}
        {deliveries.show(&member, On::All(&endpoints), &kinds)}
    }
    .into_any())
}
