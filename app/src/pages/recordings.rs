//! `/recordings`: the list with its players; the page of a call shows its own with [`players`].

use super::member::{Member, member_page};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        CsvButton, Empty, Glyph,
        Head::{End, Start, Unseen},
        Icon, Moment, PageHead, Pager, Tone, TypedConfirm, Waveform, badge, by_day, cell, chips, heads, outcome,
    },
    format,
    i18n::{RecordingsText, fill},
};
use leptos::prelude::*;
use sautikit_api::{
    recordings::{Recording, RecordingStatus},
    rights::Scope,
};

/// Query parameters that the list passes on to the API, named alike.
const FILTERS: [&str; 3] = ["status", "from_date", "to_date"];
/// Seconds between two looks at a list in which something is under way (`app/js/live.js`).
const LOOK_SECONDS: &str = "5";

/// Recordings.
#[component]
pub(crate) fn RecordingsPage() -> impl IntoView {
    member_page(|text| text.recordings.title, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().recordings, member.visit.lang);
    let query = &member.visit.query;
    let chosen = FILTERS.map(|name| (name, query.get(name).unwrap_or_default()));
    let cursor = query.get("cursor").unwrap_or_default();
    let mut asked = chosen.to_vec();
    asked.push(("cursor", cursor));
    let answer = member.api().fetch(with_query("/v1/recordings", &asked)).await?;
    let recordings: Vec<Recording> = answer.read()?;
    let filtered = chosen.iter().any(|(_, value)| !value.is_empty());
    let next = answer.header("x-next-cursor").map(|cursor| {
        let mut pairs = chosen.to_vec();
        pairs.push(("cursor", cursor));
        with_query("/recordings", &pairs)
    });
    let first = (!cursor.is_empty()).then(|| with_query("/recordings", &chosen));
    let under_way = recordings.iter().any(is_under_way);
    let list = match (recordings.is_empty(), filtered) {
        (false, _) => table(&member, recordings),
        (true, true) => {
            view! { <Empty glyph=Glyph::Recordings title=text.none_match text=text.none_match_text step=(text.clear, "/recordings")/> }.into_any()
        }
        (true, false) => view! { <Empty glyph=Glyph::Recordings title=text.none text=text.none_text/> }.into_any(),
    };
    let storage = member.may(Scope::StorageRead).then(|| {
        view! { <a class="button" href="/recordings/storage"><Icon glyph=Glyph::Settings/>{text.storage}</a> }
    });
    let csv = chosen.map(|(name, value)| (name, value.to_owned())).to_vec();
    let csv = view! { <CsvButton list="recordings" filters=csv lang/> };
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text>
            {csv}
            {storage}
        </PageHead>
        {outcome(&member.visit, &[("deleted", text.deleted, "")])}
        {filter_bar(text, chosen)}
        {chips("/recordings", &chosen, |name, value| shown_filter(text, name, value), lang)}
        <section class="panel" data-live="recordings" data-live-seconds=under_way.then_some(LOOK_SECONDS) data-live-calls=cursor.is_empty().then_some("*")>
            {list}
            <Pager lang label=text.title first next/>
        </section>
    }
    .into_any())
}

fn is_under_way(recording: &Recording) -> bool {
    recording.status.is_open() || recording.status == RecordingStatus::Processing
}

fn filter_bar(text: &'static RecordingsText, chosen: [(&str, &str); 3]) -> AnyView {
    let [(_, status), (_, from_date), (_, to_date)] = chosen;
    let statuses = RecordingStatus::ALL.iter().map(|each| {
        view! { <option value=each.as_str() selected=each.as_str() == status>{words(text, *each).1}</option> }
    });
    let input = |name: &'static str, label: &'static str, value: &str| {
        view! { <div class="field"><label class="field__label" for=name>{label}</label><input class="field__input" id=name name=name type="date" value=value.to_owned()/></div> }
    };
    view! {
        <form class="filters" method="get" action="/recordings" role="search">
            <div class="field">
                <label class="field__label" for="status">{text.status}</label>
                <select class="field__input" id="status" name="status"><option value="">{text.any}</option>{statuses.collect_view()}</select>
            </div>
            {input("from_date", text.from_date, from_date)}
            {input("to_date", text.to_date, to_date)}
            <button class="button">{text.filter}</button>
        </form>
    }
    .into_any()
}

/// What a filter and its value are called.
fn shown_filter(text: &'static RecordingsText, name: &str, value: &str) -> (&'static str, String) {
    let status = RecordingStatus::parse(value).filter(|_| name == "status");
    match (name, status) {
        (_, Some(status)) => (text.status, words(text, status).1.to_owned()),
        ("status", None) => (text.status, value.to_owned()),
        ("from_date", _) => (text.from_date, value.to_owned()),
        _ => (text.to_date, value.to_owned()),
    }
}

fn words(text: &'static RecordingsText, status: RecordingStatus) -> (Tone, &'static str) {
    match status {
        RecordingStatus::Recording => (Tone::Live, text.recording),
        RecordingStatus::Paused => (Tone::Warn, text.paused),
        RecordingStatus::Processing => (Tone::Live, text.processing),
        RecordingStatus::Ready => (Tone::Good, text.ready),
        RecordingStatus::Failed => (Tone::Bad, text.failed),
        RecordingStatus::Expired => (Tone::Neutral, text.expired),
    }
}

fn table(member: &Member, recordings: Vec<Recording>) -> AnyView {
    let (text, lang) = (&member.text().recordings, member.visit.lang);
    let rows = recordings.into_iter().map(|recording| {
        let (tone, state) = words(text, recording.status);
        let length = recording.duration_ms.map_or_else(|| "–".to_owned(), |ms| format::duration((ms + 500) / 1_000));
        let until = match &recording.expires_at {
            Some(at) => view! { <Moment at=at.clone() lang/> }.into_any(),
            None if recording.status == RecordingStatus::Ready => text.kept_by_you.into_any(),
            None => "–".into_any(),
        };
        let started = view! { <a class="row-link" href=format!("/calls/{}", recording.call_id)><Moment at=recording.started_at.clone() lang clock=true/></a> };
        let audio = player(text, &recording, lang);
        let row = view! {
            <tr>
                {cell(text.started, "strong", started)}
                {cell(text.status, "", badge(tone, state))}
                {cell(text.audio, "", audio)}
                {cell(text.length, "end", length)}
                {cell(text.kept_until, "muted", until)}
                {cell("", "end", remove(member, &recording))}
            </tr>
        };
        (recording.started_at, row.into_any())
    });
    let rows = by_day(rows, 6, lang);
    let headings = heads([
        Start(text.started),
        Start(text.status),
        Start(text.audio),
        End(text.length),
        Start(text.kept_until),
        Unseen(member.text().common.action),
    ]);
    view! { <div class="table-box"><table class="table table--recordings">{headings}{rows}</table></div> }.into_any()
}

/// Player and picture of one that is ready; else why there is none.
fn player(text: &'static RecordingsText, recording: &Recording, lang: crate::i18n::Lang) -> Option<AnyView> {
    if recording.status != RecordingStatus::Ready {
        return recording.failure.clone().map(|reason| view! { <span class="muted small">{reason}</span> }.into_any());
    }
    let source = format!("/v1/recordings/{}/audio", recording.id);
    let when = format::moment(&recording.started_at, lang);
    let small = format!("{source}?format=ogg");
    let channels = if recording.channels == 2 { text.two_channels } else { text.one_channel };
    Some(
        view! {
            <div class="player">
                <Waveform parts=recording.waveform.clone()/>
                <audio controls preload="none" src=source.clone() aria-label=fill(text.play_label, &when)></audio>
                <div class="player__foot muted small">
                    <span>{channels}</span>
                    <span class="player__files">
                        <a href=source download=format!("{}.wav", recording.id) aria-label=fill(text.download_label, &when)>{text.download}</a>
                        <a href=small download=format!("{}.ogg", recording.id) aria-label=fill(text.download_small_label, &when)>{text.download_small}</a>
                    </span>
                </div>
            </div>
        }
        .into_any(),
    )
}

fn remove(member: &Member, recording: &Recording) -> Option<AnyView> {
    let text = &member.text().recordings;
    if !member.may(Scope::RecordingsWrite) || is_under_way(recording) {
        return None;
    }
    let when = format::moment(&recording.started_at, member.visit.lang);
    let name = recording.id.to_string().chars().rev().take(6).collect::<String>().chars().rev().collect::<String>();
    Some(
        view! {
            <TypedConfirm visit=member.visit.clone() opens=text.delete label=fill(text.delete_label, &when) action=format!("/console/recordings/{}/delete", recording.id) name ask=text.delete_ask.to_owned() sure=text.delete_sure/>
        }
        .into_any(),
    )
}

/// The recordings of one call, for its page; nothing where there are none.
pub(super) fn players(member: &Member, recordings: &[Recording]) -> Option<AnyView> {
    if recordings.is_empty() {
        return None;
    }
    let text = &member.text().recordings;
    let heading = if recordings.len() == 1 { text.of_call } else { text.of_calls };
    let each = recordings.iter().map(|recording| {
        let (tone, state) = words(text, recording.status);
        view! {
            <div class="panel__body stack">
                <div class="row">{badge(tone, state)}</div>
                {player(text, recording, member.visit.lang)}
            </div>
        }
    });
    Some(view! { <section class="panel"><div class="panel__head"><h2>{heading}</h2></div>{each.collect_view()}</section> }.into_any())
}
