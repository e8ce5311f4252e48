//! `/search`: pages, numbers, calls and documentation by words; anything that has an id by its id, which leads there at once.
//! The palette (`app/js/palette.js`) shows what this page finds while somebody types.

use super::{
    member::{Member, member_page},
    search_query::{Asked, read},
};
use crate::{
    api_client::{ApiFailure, escape, with_query},
    components::{Empty, Glyph, Icon, PHONE, PHONE_WINDOW, PageHead, nav_links},
    format,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::{
    ErrorCode,
    calls::Call,
    keys::ApiKey,
    numbers::Number,
    recordings::Recording,
    requests::LoggedRequest,
    rights::Scope,
    wallet::{LedgerEntry, TopUp},
    webhooks::{Delivery, Event, Webhook},
};

/// Things of one kind that are shown.
const EACH: usize = 6;

/// The search.
#[component]
pub(crate) fn SearchPage() -> impl IntoView {
    member_page(|text| text.search.title, content)
}

/// Something that was found.
struct Found {
    glyph: Glyph,
    title: String,
    detail: String,
    href: String,
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().search;
    let typed = member.visit.query.get("q").unwrap_or_default().to_owned();
    let asked = read(&typed);
    if let Some(place) = place_of(&member, &asked).await? {
        member.visit.reply.redirect(place);
        return Ok(().into_any());
    }
    let found = match &asked {
        Asked::Nothing => pages(&member, ""),
        Asked::Words(words) => by_words(&member, words).await?,
        Asked::Telephone(number) => calls(&member, number).await?,
        // It only looked like the name of something.
        Asked::Receipt(words) | Asked::Error(words) => by_words(&member, &words.to_lowercase()).await?,
        Asked::Call(_) | Asked::Id(_) | Asked::Event(_) | Asked::Request(_) => Vec::new(),
    };
    let list = match found.is_empty() {
        true => view! { <Empty glyph=Glyph::Search title=text.none text=text.none_text/> }.into_any(),
        false => listed(found),
    };
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text/>
        <form class="form form--row search" method="get" action="/search" role="search">
            <div class="field">
                <label class="field__label" for="q">{text.label}</label>
                <input class="field__input" id="q" name="q" type="search" autocomplete="off" maxlength=200 value=typed autofocus/>
            </div>
            <button class="button button--primary">{text.find}</button>
        </form>
        <section class="panel search__found" aria-label=text.found>{list}</section>
    }
    .into_any())
}

fn listed(found: Vec<Found>) -> AnyView {
    let lines = found.into_iter().map(|Found { glyph, title, detail, href }| {
        // The softphone has a window of its own.
        let target = (href == PHONE).then_some(PHONE_WINDOW);
        view! { <li><a class="found" href=href target=target><Icon glyph/><span class="found__title">{title}</span><span class="found__detail">{detail}</span></a></li> }
    });
    view! { <ul data-found>{lines.collect_view()}</ul> }.into_any()
}

/// Where the one thing is that was asked for by its name; none where there is none, or where words were asked for.
async fn place_of(member: &Member, asked: &Asked) -> Result<Option<String>, ApiFailure> {
    let api = member.api();
    let place = match asked {
        Asked::Call(id) | Asked::Id(id) => {
            let id = escape(id);
            if let Ok(call) = api.get::<Call>(format!("/v1/calls/{id}")).await {
                Some(format!("/calls/{}", call.id))
            } else if let Ok(number) = api.get::<Number>(format!("/v1/numbers/{id}")).await {
                Some(format!("/numbers/{}", number.id))
            } else if let Ok(recording) = api.get::<Recording>(format!("/v1/recordings/{id}")).await {
                Some(format!("/calls/{}", recording.call_id))
            } else if let Ok(endpoint) = api.get::<Webhook>(format!("/v1/webhooks/{id}")).await {
                Some(format!("/developers/webhooks/{}", endpoint.id))
            } else if let Ok(delivery) = api.get::<Delivery>(format!("/v1/webhooks/deliveries/{id}")).await {
                Some(format!("/developers/deliveries/{}", delivery.id))
            } else if let Ok(top_up) = api.get::<TopUp>(format!("/v1/wallet/top-ups/{id}")).await {
                Some(top_up_page(&top_up.id.to_string()))
            } else if is_key(member, &id).await {
                Some("/developers/keys".to_owned())
            } else {
                entry(member, |entry| entry.id.to_string() == *id).await
            }
        }
        Asked::Event(id) => {
            let event: Option<Event> = api.get(format!("/v1/events/{}", escape(id))).await.ok();
            event.map(|event| match event.data.get("call_id").and_then(|call| call.as_str()) {
                Some(call) => format!("/calls/{}", escape(call)),
                None => with_query("/developers/deliveries", &[("event_id", id)]),
            })
        }
        Asked::Request(id) => {
            let found: Vec<LoggedRequest> =
                api.get(with_query("/v1/requests", &[("request_id", id)])).await.unwrap_or_default();
            (!found.is_empty()).then(|| with_query("/developers/requests", &[("request_id", id)]))
        }
        Asked::Telephone(number) => {
            let own: Vec<Number> = api.list("/v1/numbers").await?;
            own.iter().find(|own| own.e164 == *number).map(|own| format!("/numbers/{}", own.id))
        }
        Asked::Receipt(receipt) => match top_up(member, receipt).await {
            Some(top_up) => Some(top_up),
            None => entry(member, |entry| entry.reference.contains(receipt.as_str())).await,
        },
        Asked::Error(code) => ErrorCode::parse(code).map(|code| format!("/docs/errors/{}", code.as_str())),
        Asked::Words(_) | Asked::Nothing => None,
    };
    Ok(place)
}

/// Whether one of the workspace's keys has this id.
async fn is_key(member: &Member, id: &str) -> bool {
    let keys: Vec<ApiKey> = member.api().list("/v1/api-keys").await.unwrap_or_default();
    keys.iter().any(|key| key.id.to_string() == *id)
}

/// The top-up that was paid with this receipt, however long ago.
async fn top_up(member: &Member, receipt: &str) -> Option<String> {
    let found: Vec<TopUp> = member.api().get(with_query("/v1/wallet/top-ups", &[("receipt", receipt)])).await.ok()?;
    Some(top_up_page(&found.first()?.id.to_string()))
}

fn top_up_page(id: &str) -> String {
    with_query("/wallet", &[("top_up", id)])
}

/// What the newest ledger entry that fits is about.
async fn entry(member: &Member, fits: impl Fn(&LedgerEntry) -> bool) -> Option<String> {
    let newest: Vec<LedgerEntry> = member.api().get("/v1/wallet/ledger?limit=200").await.ok()?;
    let entry = newest.iter().find(|entry| fits(entry))?;
    Some(match entry.cause.split_once(':') {
        Some(("call", call)) => format!("/calls/{}", escape(call)),
        Some(("topup", id)) => top_up_page(id),
        _ => "/wallet".to_owned(),
    })
}

async fn by_words(member: &Member, words: &str) -> Result<Vec<Found>, ApiFailure> {
    let mut found = pages(member, words);
    let numbers: Vec<Number> = member.api().list("/v1/numbers").await?;
    let digits: String = words.chars().filter(char::is_ascii_digit).collect();
    // A number is known by the end that people say, with or without its first zero.
    let part = digits.trim_start_matches('0');
    let fits = numbers.into_iter().filter(|number| part.len() >= 3 && number.e164.contains(part));
    found.extend(fits.take(EACH).map(|number| Found {
        glyph: Glyph::Numbers,
        title: format::telephone(&number.e164).join(" "),
        detail: number.voice_callback_url.unwrap_or_default(),
        href: format!("/numbers/{}", number.id),
    }));
    if part.len() >= 3 {
        found.extend(calls(member, part).await?);
    }
    let pages = member.visit.docs.iter().flat_map(|section| section.pages.iter().map(|page| (&section.title, page)));
    let fits = pages.filter(|(_, page)| page.title.to_lowercase().contains(words));
    found.extend(fits.take(EACH).map(|(section, page)| Found {
        glyph: Glyph::Book,
        title: page.title.clone(),
        detail: section.clone(),
        href: page.href.clone(),
    }));
    Ok(found)
}

/// The pages of the console whose names have the words in them.
fn pages(member: &Member, words: &str) -> Vec<Found> {
    let links = nav_links(&member.visit, &member.me).into_iter();
    let fits = links.filter(|(_, title, _)| title.to_lowercase().contains(words));
    let detail = member.text().search.page;
    fits.map(|(href, title, glyph)| Found {
        glyph,
        title: title.to_owned(),
        detail: detail.to_owned(),
        href: href.to_owned(),
    })
    .collect()
}

/// The newest calls with that number.
async fn calls(member: &Member, number: &str) -> Result<Vec<Found>, ApiFailure> {
    if !member.may(Scope::CallsRead) {
        return Ok(Vec::new());
    }
    let limit = EACH.to_string();
    let calls: Vec<Call> = member.api().get(with_query("/v1/calls", &[("remote", number), ("limit", &limit)])).await?;
    let text = member.text();
    let mut found: Vec<Found> = calls
        .iter()
        .map(|call| Found {
            glyph: Glyph::Calls,
            title: format!("{} → {}", call.from, call.to),
            detail: format::moment(&call.started_at, member.visit.lang),
            href: format!("/calls/{}", call.id),
        })
        .collect();
    if found.len() == EACH {
        found.push(Found {
            glyph: Glyph::Calls,
            title: fill(text.search.all_calls, number),
            detail: text.common.calls.to_owned(),
            href: with_query("/calls", &[("remote", number)]),
        });
    }
    Ok(found)
}
