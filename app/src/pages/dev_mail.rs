//! `/dev/mail`: what a development server would have sent, newest first. Elsewhere the API knows no such thing, and the
//! page says so.

use crate::{
    api_client::ApiFailure,
    components::{DevBanner, Empty, FailureNotice, Glyph, Icon, Moment},
    visit::Visit,
};
use leptos::prelude::*;
use leptos_meta::Title;
use serde::Deserialize;

/// Seconds between two looks (`app/js/live.js`): mails appear while one waits for them.
const LOOK_SECONDS: &str = "2";

/// One of `/dev/mail.json`.
#[derive(Deserialize)]
struct Mail {
    to: String,
    subject: String,
    text: String,
    links: Vec<String>,
    sent_at: String,
}

/// Sent mail.
#[component]
pub(crate) fn DevMailPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let title = format!("{} · Sautikit", visit.text().entry.mails);
    let page = Suspend::new(async move {
        let mails = visit.api.get::<Vec<Mail>>("/dev/mail.json").await;
        content(visit, mails)
    });
    view! { <Title text=title/><Suspense>{page}</Suspense> }.into_any()
}

fn content(visit: Visit, mails: Result<Vec<Mail>, ApiFailure>) -> AnyView {
    let text = &visit.text().entry;
    let list = match mails {
        Err(failure) => {
            visit.reply.status(failure.status());
            view! { <FailureNotice failure lang=visit.lang/> }.into_any()
        }
        Ok(mails) if mails.is_empty() => view! {
            <section class="panel"><Empty glyph=Glyph::Mail title=text.mails_none text=text.mails_none_text step=(text.sign_in_short, "/signin")/></section>
        }
        .into_any(),
        Ok(mails) => mails.into_iter().map(|mail| article(&visit, mail)).collect_view().into_any(),
    };
    view! {
        <DevBanner visit=visit.clone()/>
        <header class="landing__bar"><a class="brand" href="/"><Icon glyph=Glyph::Brand/>"Sautikit"</a></header>
        <main class="letters" id="content">
            <div class="page-head"><div><h1>{text.mails}</h1><p>{text.mails_text}</p></div></div>
            <div class="stack" data-live="mails" data-live-seconds=LOOK_SECONDS>{list}</div>
        </main>
    }
    .into_any()
}

fn article(visit: &Visit, mail: Mail) -> AnyView {
    let open = visit.text().entry.mails_open;
    // The first link is what the mail is about: its button saves finding it in the text.
    let button =
        mail.links.into_iter().next().map(|link| view! { <a class="button button--primary" href=link>{open}</a> });
    view! {
        <article class="panel">
            <div class="panel__head">
                <h2>{mail.subject}</h2>
                <span class="small muted"><Moment at=mail.sent_at lang=visit.lang/></span>
                <p>{mail.to}</p>
            </div>
            <div class="panel__body stack"><p class="letter">{mail.text}</p>{button.map(|button| view! { <div>{button}</div> })}</div>
        </article>
    }
    .into_any()
}
