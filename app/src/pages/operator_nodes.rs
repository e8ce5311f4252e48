//! `/operator/nodes`: the servers of the installation.

use super::member::{Member, person_page};
use crate::{
    api_client::ApiFailure,
    components::{
        Empty, Glyph,
        Head::{End, Start},
        Moment, PageHead, Tone, badge, cell, heads,
    },
};
use leptos::prelude::*;
use sautikit_api::operator::AdminNode;

/// Seconds between two looks (`app/js/live.js`) while no stream tells of changes: as often as nodes renew their leases.
const LOOK_SECONDS: &str = "5";

/// Nodes of the installation.
#[component]
pub(crate) fn OperatorNodesPage() -> impl IntoView {
    person_page(|text| text.operator.nodes, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().operator;
    let nodes: Vec<AdminNode> = member.api().get("/v1/admin/nodes").await?;
    let list = if nodes.is_empty() {
        view! { <Empty glyph=Glyph::Log title=text.no_nodes text=text.no_nodes_text/> }.into_any()
    } else {
        table(&member, nodes)
    };
    Ok(view! {
        <PageHead title=text.nodes.to_owned() text=text.nodes_text/>
        <section class="panel" data-live="operator-nodes" data-live-seconds=LOOK_SECONDS data-live-changes="installation">{list}</section>
    }
    .into_any())
}

fn table(member: &Member, nodes: Vec<AdminNode>) -> AnyView {
    let text = &member.text().operator;
    let lang = member.visit.lang;
    let moment = |at: Option<String>| at.map(|at| view! { <Moment at lang/> });
    let rows = nodes.into_iter().map(|node| {
        let address = node.address.clone().unwrap_or_else(|| text.node_alone.to_owned());
        let own = node.is_this.then(|| view! { " "<span class="muted small">{text.this_node}</span> });
        let id = view! {
            <span class="who"><span><code class="strong breakable">{node.id.clone()}</code>{own}</span><span class="muted small breakable">{address}</span></span>
        };
        // Of a node that lives the lease is renewed every few seconds: that is its status, and no moment that anybody reads.
        let lapsed = node.lease_until.clone().filter(|_| node.state == "lost");
        let draining = node.draining_since.clone().map(|at| view! { <br/><span class="muted small"><Moment at lang/></span> });
        view! {
            <tr>
                {cell(text.node, "", id)}
                {cell(text.status, "", view! { {state(member, &node)}{draining} })}
                {cell(text.running, "end", node.current_calls)}
                {cell(text.version, "", view! { <code>{node.version.clone()}</code> })}
                {cell(text.started, "muted", moment(node.started_at.clone()))}
                {cell(text.lease, "muted", lapsed.map(|at| view! { <Moment at lang clock=true/> }))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.node),
        Start(text.status),
        End(text.running),
        Start(text.version),
        Start(text.started),
        Start(text.lease),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn state(member: &Member, node: &AdminNode) -> AnyView {
    let text = &member.text().operator;
    match node.state.as_str() {
        "serving" => badge(Tone::Good, text.serving).into_any(),
        "draining" => badge(Tone::Warn, text.draining).into_any(),
        _ => badge(Tone::Bad, text.lost).into_any(),
    }
}
