//! `/calls/meetings`: conferences and queues as they are at this moment, and what can be done about them.

use super::member::{Member, member_page};
use crate::{
    api_client::ApiFailure,
    components::{
        Empty, FailureNotice, Glyph,
        Head::{End, Start, Unseen},
        Moment, PageHead, Tone, badge, cell, heads, hidden, of_workspace, outcome,
    },
    format, forms,
    i18n::MeetingsText,
};
use leptos::prelude::*;
use sautikit_api::{
    conferences::{ConferenceMember, LiveConference},
    queues::{Queue, QueueMember},
    rights::Scope,
};

/// Seconds between two looks while nobody tells of changes (`app/js/live.js`).
const LOOK_SECONDS: &str = "3";

/// Conferences and queues.
#[component]
pub(crate) fn MeetingsPage() -> impl IntoView {
    member_page(|text| text.meetings.title, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().meetings;
    let conferences: Vec<LiveConference> = member.api().get("/v1/conferences?limit=200").await?;
    let queues: Vec<Queue> = member.api().get("/v1/queues?limit=200").await?;
    let rooms = match conferences.is_empty() {
        true => view! {
            <section class="panel"><Empty glyph=Glyph::Members title=text.none text=text.none_text/></section>
        }
        .into_any(),
        false => conferences.into_iter().map(|conference| room(&member, conference)).collect_view().into_any(),
    };
    let lines = match queues.is_empty() {
        true => view! {
            <section class="panel"><Empty glyph=Glyph::Log title=text.no_queues text=text.no_queues_text/></section>
        }
        .into_any(),
        false => queues.into_iter().map(|queue| line(&member, queue)).collect_view().into_any(),
    };
    let lang = member.visit.lang;
    let forms = [forms::CHANGE_MEMBER, forms::TAKE_OUT, forms::END_CONFERENCE, forms::LEAVE_QUEUE];
    let failure = forms.into_iter().find_map(|form| member.visit.failure_of(form).cloned());
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text/>
        {outcome(&member.visit, &[("removed", text.removed, ""), ("ended", text.ended, "")])}
        {failure.map(|failure| view! { <FailureNotice failure lang/> })}
        <div class="stack" data-live="meetings" data-live-seconds=LOOK_SECONDS data-live-changes="calls">
            <h2>{text.conferences}</h2>
            {rooms}
            <h2>{text.queues}</h2>
            {lines}
        </div>
    }
    .into_any())
}

fn room(member: &Member, conference: LiveConference) -> AnyView {
    let text = &member.text().meetings;
    let may = member.may(Scope::CallsWrite);
    let state = if conference.begun { badge(Tone::Live, text.live) } else { badge(Tone::Neutral, text.waits) };
    let recorded = conference.recording_id.map(|_| badge(Tone::Warn, text.recorded));
    let id = conference.id.to_string();
    let rows = conference.members.into_iter().map(|one| member_row(member, &id, one));
    let rows = rows.collect_view();
    let end = may.then(|| {
        view! {
            <details class="confirm">
                <summary class="button button--small">{text.end}</summary>
                <form class="confirm__ask" method="post" action=format!("/console/conferences/{id}/end")>
                    <p>{text.end_ask}</p>
                    {of_workspace(&member.visit)}
                    <button class="button button--small button--danger">{text.end_sure}</button>
                </form>
            </details>
        }
    });
    let headings =
        heads([Start(text.party), Start(text.state), Start(text.entered), Unseen(member.text().common.action)]);
    view! {
        <section class="panel">
            <div class="panel__head"><h3>{conference.name}" "{state}" "{recorded}</h3>{end}</div>
            <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div>
        </section>
    }
    .into_any()
}

fn member_row(member: &Member, conference: &str, one: ConferenceMember) -> AnyView {
    let (text, lang) = (&member.text().meetings, member.visit.lang);
    let call = one.call_id.to_string();
    let label = one.label.clone().map(|label| view! { " "<span class="muted small">{label}</span> });
    let party = view! { <a href=format!("/calls/{call}")>{one.party.clone()}</a>{label} };
    let buttons = member.may(Scope::CallsWrite).then(|| {
        let change = format!("/console/conferences/{conference}/members/{call}/change");
        let flag = |name: &'static str, now: bool, words: [&'static str; 2]| {
            view! {
                <form method="post" action=change.clone()>
                    {of_workspace(&member.visit)}
                    {hidden(name, (!now).to_string())}
                    <button class="button button--small">{words[usize::from(now)]}</button>
                </form>
            }
        };
        view! {
            <div class="actions">
                {flag("muted", one.muted, [text.mute, text.unmute])}
                {flag("held", one.held, [text.hold, text.resume])}
                <form method="post" action=format!("/console/conferences/{conference}/members/{call}/remove")>
                    {of_workspace(&member.visit)}
                    <button class="button button--small">{text.remove}</button>
                </form>
            </div>
        }
    });
    view! {
        <tr>
            {cell(text.party, "strong", party)}
            {cell(text.state, "", state_of(text, &one))}
            {cell(text.entered, "muted", view! { <Moment at=one.entered_at.clone() lang/> })}
            {cell("", "end", buttons)}
        </tr>
    }
    .into_any()
}

fn state_of(text: &'static MeetingsText, one: &ConferenceMember) -> AnyView {
    let (tone, words) = match one {
        ConferenceMember { held: true, .. } => (Tone::Neutral, text.held),
        ConferenceMember { muted: true, .. } => (Tone::Warn, text.muted),
        ConferenceMember { coach: Some(_), .. } => (Tone::Live, text.coaches),
        _ => (Tone::Good, text.talks),
    };
    badge(tone, words).into_any()
}

fn line(member: &Member, queue: Queue) -> AnyView {
    let text = &member.text().meetings;
    let id = queue.id.to_string();
    let facts = [
        (text.talking, queue.talking.to_string()),
        (text.agents, queue.waiting_agents.to_string()),
        (text.average, format::duration(i64::try_from(queue.average_wait_seconds).unwrap_or(i64::MAX))),
    ];
    let facts = facts.map(|(words, value)| view! { <span class="muted">{words}": "{value}</span>" " }).collect_view();
    let rows = queue.members.into_iter().map(|one| waiting_row(member, &id, one));
    let rows = rows.collect_view();
    let headings =
        heads([Start(text.party), End(text.position), Start(text.entered), Unseen(member.text().common.action)]);
    view! {
        <section class="panel">
            <div class="panel__head"><h3>{queue.name}</h3><p>{facts}</p></div>
            <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div>
        </section>
    }
    .into_any()
}

fn waiting_row(member: &Member, queue: &str, one: QueueMember) -> AnyView {
    let (text, lang) = (&member.text().meetings, member.visit.lang);
    let call = one.call_id.to_string();
    let party = view! { <a href=format!("/calls/{call}")>{one.party.clone()}</a> };
    let remove = member.may(Scope::CallsWrite).then(|| {
        view! {
            <form method="post" action=format!("/console/queues/{queue}/members/{call}/remove")>
                {of_workspace(&member.visit)}
                <button class="button button--small">{text.remove}</button>
            </form>
        }
    });
    view! {
        <tr>
            {cell(text.party, "strong", party)}
            {cell(text.position, "end", one.position.to_string())}
            {cell(text.entered, "muted", view! { <Moment at=one.entered_at.clone() lang/> })}
            {cell("", "end", remove)}
        </tr>
    }
    .into_any()
}
