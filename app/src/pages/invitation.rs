//! `/invitation?token=…`: where the mail of an invitation leads. Opening it accepts nothing; its button does.

use crate::{
    api_client::{ApiFailure, escape},
    components::{EntryCard, FailureNotice, hidden},
    forms,
    visit::Visit,
};
use leptos::prelude::*;
use leptos_meta::Title;
use sautikit_api::members::InvitationOffer;

/// The offer with two buttons; people who are not signed in are told with which address to do so.
#[component]
pub(crate) fn InvitationPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let title = format!("{} · Sautikit", visit.text().invitation.title);
    let page = Suspend::new(async move {
        let token = visit.query.get("token").unwrap_or_default().to_owned();
        let failure = visit.failure_of(forms::ANSWER_INVITATION).cloned();
        match visit.api.get::<InvitationOffer>(format!("/v1/invitations/{}", escape(&token))).await {
            _ if failure.is_some() => refused(visit, failure),
            Ok(offer) => offered(visit, offer, token),
            Err(failure) => refused(visit, Some(failure)),
        }
    });
    view! { <Title text=title/><Suspense>{page}</Suspense> }.into_any()
}

fn offered(visit: Visit, offer: InvitationOffer, token: String) -> AnyView {
    let text = &visit.text().invitation;
    let what = text.offer.replacen("{}", &offer.invited_by, 1).replacen("{}", visit.text().rights.role(offer.role), 1);
    view! {
        <EntryCard visit title=offer.workspace_name text=what>
            <form class="form" method="post" action=forms::ANSWER_INVITATION>
                {hidden("token", token)}
                <button class="button button--primary button--wide" name="answer" value="accept">{text.accept}</button>
                <button class="button button--wide" name="answer" value="decline">{text.decline}</button>
            </form>
        </EntryCard>
    }
    .into_any()
}

fn refused(visit: Visit, failure: Option<ApiFailure>) -> AnyView {
    let text = &visit.text().invitation;
    let lang = visit.lang;
    let signed_out = failure.as_ref().is_some_and(ApiFailure::is_signed_out);
    visit.reply.status(failure.as_ref().map_or(404, ApiFailure::status));
    let explained = if signed_out { text.sign_in_first } else { "" };
    view! {
        <EntryCard visit title=text.title.to_owned() text=explained.to_owned()>
            {failure.filter(|_| !signed_out).map(|failure| view! { <FailureNotice failure lang/> })}
            <a class="button button--primary button--wide" href="/signin">{text.sign_in}</a>
        </EntryCard>
    }
    .into_any()
}
