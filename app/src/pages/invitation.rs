//! `/invitation?token=…`: where the mail of an invitation leads. Opening it accepts nothing; its button does.

use super::{failure::failure_title, sign_in::ways_in};
use crate::{
    api_client::{ApiFailure, escape},
    components::{EntryCard, FailureNotice, SignedInAs, hidden},
    forms,
    i18n::fill,
    visit::Visit,
};
use leptos::prelude::*;
use leptos_meta::Title;
use sautikit_api::{accounts::Me, members::InvitationOffer};

/// The offer with two buttons. Whoever is not signed in as the invited can do so here, and comes back.
#[component]
pub(crate) fn InvitationPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let title = format!("{} · Sautikit", visit.text().invitation.title);
    let page = Suspend::new(async move {
        if visit.query.get("done") == Some("declined") {
            return declined(visit);
        }
        let token = visit.query.get("token").unwrap_or_default().to_owned();
        let me = visit.api.get::<Me>("/v1/auth/me").await.ok();
        let failure = visit.failure_of(forms::ANSWER_INVITATION).cloned();
        let offer = visit.api.get::<InvitationOffer>(format!("/v1/invitations/{}", escape(&token))).await;
        match (failure, offer, me) {
            (None, Ok(offer), Some(me)) => offered(visit, offer, token, me),
            (Some(failure), _, me) | (None, Err(failure), me) => refused(visit, failure, me),
            // Signed out between the two questions.
            (None, Ok(_), None) => {
                visit.reply.redirect(visit.address());
                ().into_any()
            }
        }
    });
    view! { <Title text=title/><Suspense>{page}</Suspense> }.into_any()
}

fn offered(visit: Visit, offer: InvitationOffer, token: String, me: Me) -> AnyView {
    let text = &visit.text().invitation;
    let what = text.offer.replacen("{}", &offer.invited_by, 1).replacen("{}", visit.text().rights.role(offer.role), 1);
    view! {
        <EntryCard visit=visit.clone() title=offer.workspace_name text=what>
            <form class="form" method="post" action=forms::ANSWER_INVITATION>
                {hidden("token", token)}
                <button class="button button--primary button--wide" name="answer" value="accept">{text.accept}</button>
                <button class="button button--wide" name="answer" value="decline">{text.decline}</button>
            </form>
            <SignedInAs visit email=me.email/>
        </EntryCard>
    }
    .into_any()
}

/// An open invitation whose addressee is somebody else than the visitor, or nobody yet, asks to sign in; any other is over.
fn refused(visit: Visit, failure: ApiFailure, me: Option<Me>) -> AnyView {
    visit.reply.status(failure.status());
    let text = &visit.text().invitation;
    match (failure.detail("email").map(str::to_owned), failure.code()) {
        (Some(invited), _) => sign_in_first(visit, fill(text.sign_in_first, &invited), invited, me),
        (None, Some("auth.invite_email_mismatch")) => {
            sign_in_first(visit, text.for_another.to_owned(), String::new(), me)
        }
        _ => over(visit, failure, me),
    }
}

fn sign_in_first(visit: Visit, words: String, invited: String, me: Option<Me>) -> AnyView {
    let text = &visit.text().invitation;
    view! {
        <EntryCard visit=visit.clone() title=text.title.to_owned() text=words>
            {ways_in(&visit, invited, &visit.address())}
            {me.map(|me| view! { <SignedInAs visit email=me.email/> })}
        </EntryCard>
    }
    .into_any()
}

fn over(visit: Visit, failure: ApiFailure, me: Option<Me>) -> AnyView {
    let text = visit.text();
    let lang = visit.lang;
    let is_over = failure.is_signed_out() || failure.status() == 404;
    let (title, words) = match is_over {
        true => (text.invitation.over, text.invitation.over_text),
        false => (failure_title(&failure, text), ""),
    };
    let (way, href) = match me {
        Some(_) => (text.common.open_console, "/home"),
        None => (text.entry.sign_in_short, "/signin"),
    };
    view! {
        <EntryCard visit title=title.to_owned() text=words.to_owned()>
            {(!is_over).then(|| view! { <FailureNotice failure lang/> })}
            <a class="button button--wide" href=href>{way}</a>
        </EntryCard>
    }
    .into_any()
}

fn declined(visit: Visit) -> AnyView {
    let text = visit.text();
    let (title, words) = (text.invitation.declined.to_owned(), text.invitation.declined_text.to_owned());
    view! {
        <EntryCard visit title=title text=words>
            <a class="button button--wide" href="/home">{text.common.open_console}</a>
        </EntryCard>
    }
    .into_any()
}
