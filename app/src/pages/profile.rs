//! `/profile`: the person's name, and where they are signed in.

use super::member::{Member, person_page};
use crate::{
    api_client::ApiFailure,
    components::{
        Field,
        Head::{Start, Unseen},
        Moment, PageHead, Tone, badge, cell, heads, outcome,
    },
    format, forms,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::accounts::Session;

/// Profile.
#[component]
pub(crate) fn ProfilePage() -> impl IntoView {
    person_page(|text| text.profile.title, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().profile;
    let sessions: Vec<Session> = member.api().get("/v1/auth/sessions").await?;
    let others = sessions.iter().any(|session| !session.current);
    let done = [
        ("saved", text.saved, ""),
        ("unlinked", text.was_unlinked, ""),
        ("ended", text.ended, text.ended_text),
        ("others_ended", text.others_ended, ""),
    ];
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text/>
        {outcome(&member.visit, &done)}
        <div class="stack-lg">
            <div class="stack narrow">{about(&member)}{google(&member)}</div>
            <section class="panel">
                <div class="panel__head">
                    <h2>{text.sessions}</h2>
                    {others.then(|| view! { <form method="post" action=forms::END_OTHER_SESSIONS><button class="button button--small button--danger">{text.end_others}</button></form> })}
                    <p>{text.sessions_text}</p>
                </div>
                {session_table(&member, sessions)}
            </section>
        </div>
    }
    .into_any())
}

fn about(member: &Member) -> AnyView {
    const FORM: &str = forms::UPDATE_PROFILE;
    let text = &member.text().profile;
    let visit = member.visit.clone();
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.about}</h2></div>
            <form class="form panel__body" method="post" action=FORM>
                <Field visit form=FORM name="name" label=text.name autocomplete="name" maxlength=120 value=member.me.name.clone()/>
                <div class="field"><p class="field__label">{text.email}</p><p class="breakable">{member.me.email.clone()}</p><p class="field__hint">{text.email_hint}</p></div>
                <div class="form__actions"><button class="button button--primary">{member.text().common.save}</button></div>
            </form>
        </section>
    }
    .into_any()
}

/// Linking and unlinking, where this installation has a Google client or the person is linked from when it had one.
fn google(member: &Member) -> Option<AnyView> {
    let text = &member.text().profile;
    let (state, action) = match (member.me.google_linked, member.visit.google_sign_in) {
        (true, _) => {
            let unlink = view! { <form method="post" action=forms::UNLINK_GOOGLE><button class="button button--small">{text.unlink_google}</button></form> };
            (text.google_linked, unlink.into_any())
        }
        (false, true) => {
            let link = view! { <a class="button button--small" href="/v1/auth/google/start?link=true&return_to=/profile" rel="external">{text.link_google}</a> };
            (text.google_unlinked, link.into_any())
        }
        (false, false) => return None,
    };
    Some(view! { <section class="panel"><div class="panel__head"><h2>{text.google}</h2>{action}<p>{state}</p></div></section> }.into_any())
}

fn session_table(member: &Member, sessions: Vec<Session>) -> AnyView {
    let text = &member.text().profile;
    let lang = member.visit.lang;
    let rows = sessions.into_iter().map(|session| {
        let name =
            session.user_agent.as_deref().and_then(format::browser).unwrap_or_else(|| text.unknown_browser.to_owned());
        let end = if session.current {
            badge(Tone::Good, text.here).into_any()
        } else {
            view! {
                <form method="post" action=format!("/console/sessions/{}/end", session.id)>
                    <button class="button button--small" aria-label=fill(text.end_label, &name)>{text.end}</button>
                </form>
            }
            .into_any()
        };
        view! {
            <tr>
                {cell(text.browser, "", view! { <span class="strong" title=session.user_agent>{name}</span> })}
                {cell(text.ip, "muted", view! { <code>{session.ip.unwrap_or_else(|| "–".to_owned())}</code> })}
                {cell(text.since, "muted", view! { <Moment at=session.created_at lang/> })}
                {cell(text.used, "muted", view! { <Moment at=session.last_used_at lang/> })}
                {cell("", "end", end)}
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <div class="table-box"><table class="table">{heads([Start(text.browser), Start(text.ip), Start(text.since), Start(text.used), Unseen(member.text().common.action)])}<tbody>{rows}</tbody></table></div> }.into_any()
}
