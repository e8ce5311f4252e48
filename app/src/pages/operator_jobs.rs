//! `/operator/jobs`: background work that failed for two days and waits for people, and what waits or runs.

use super::member::{Member, person_page};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        Ask, CsvLink, Empty, Glyph,
        Head::{End, Start, Unseen},
        Moment, PageHead, Pager, Tabs, cell, heads, outcome,
    },
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::operator::AdminJob;

const PAGE: &str = "/operator/jobs";
const STATES: [&str; 3] = ["dead", "queued", "running"];

/// Background work of the installation.
#[component]
pub(crate) fn OperatorJobsPage() -> impl IntoView {
    person_page(|text| text.operator.jobs, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().operator, member.visit.lang);
    let query = &member.visit.query;
    let asked = query.get("state").unwrap_or_default();
    let state = STATES.into_iter().find(|state| *state == asked).unwrap_or(STATES[0]);
    let cursor = query.get("cursor").unwrap_or_default();
    let answer = member.api().fetch(with_query("/v1/admin/jobs", &[("state", state), ("cursor", cursor)])).await?;
    let jobs: Vec<AdminJob> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| with_query(PAGE, &[("state", state), ("cursor", cursor)]));
    let words = |state: &str| match state {
        "queued" => text.jobs_queued,
        "running" => text.jobs_running,
        _ => text.jobs_dead,
    };
    let tabs = STATES.map(|each| (with_query(PAGE, &[("state", each)]), words(each), each == state)).to_vec();
    let list = if jobs.is_empty() {
        view! { <Empty glyph=Glyph::Check title=text.no_jobs text=text.no_jobs_text/> }.into_any()
    } else {
        table(&member, jobs)
    };
    let csv = view! { <CsvLink visit=member.visit.clone() list="jobs" by=&["state"]/> };
    Ok(view! {
        <PageHead title=text.jobs.to_owned() text=text.jobs_text>{csv}</PageHead>
        {outcome(&member.visit, &[("retried", text.job_retried, text.job_retried_text)])}
        <Tabs label=text.jobs tabs/>
        <section class="panel">
            {list}
            <Pager lang label=text.jobs next/>
        </section>
    }
    .into_any())
}

fn table(member: &Member, jobs: Vec<AdminJob>) -> AnyView {
    let text = &member.text().operator;
    let lang = member.visit.lang;
    let rows = jobs.into_iter().map(|job| {
        let what = view! { <span class="who"><code class="strong">{job.kind.clone()}</code><code class="muted small breakable">{job.subject.clone()}</code></span> };
        let retry = job.can_retry.then(|| {
            view! { <Ask opens=text.job_retry label=fill(text.job_retry_label, &job.kind) action=format!("/console/operator/jobs/{}/retry", job.id) ask=text.job_retry_ask.to_owned()/> }
        });
        view! {
            <tr>
                {cell(text.job_kind, "", what)}
                {cell(text.job_error, "breakable", job.last_error.clone().unwrap_or_default())}
                {cell(text.job_attempts, "end", job.attempts)}
                {cell(text.job_due, "muted", view! { <Moment at=job.due_at.clone() lang clock=true/> })}
                {cell(text.created, "muted", view! { <Moment at=job.created_at.clone() lang/> })}
                {cell("", "end", retry)}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.job_kind),
        Start(text.job_error),
        End(text.job_attempts),
        Start(text.job_due),
        Start(text.created),
        Unseen(member.text().common.action),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}
