//! What all signed-in pages share: who is it, the frame, and what happens when the API refuses.

use super::failure::failure_title;
use crate::{
    access::may,
    api_client::{Api, ApiFailure},
    components::{FailureNotice, Frame, PageHead, Window},
    i18n::Text,
    visit::Visit,
};
use leptos::prelude::*;
use leptos_meta::Title;
use sautikit_api::{
    accounts::{Me, Workspace},
    rights::Scope,
    wallet::Balance,
};
use std::future::Future;

/// A signed-in visitor with a workspace.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) visit: Visit,
    pub(crate) me: Me,
    pub(crate) balance: Option<Balance>,
}

impl Member {
    pub(crate) fn api(&self) -> &Api {
        &self.visit.api
    }

    pub(crate) fn text(&self) -> &'static Text {
        self.visit.text()
    }

    /// Whether the visitor may do this here; what they may not is not offered.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        may(&self.me, scope)
    }

    /// The workspace that the visitor works in. There is one: without, no page of the console is shown.
    pub(crate) fn workspace(&self) -> Option<&Workspace> {
        self.me.workspace.as_ref()
    }

    /// ISO 4217 of the workspace.
    pub(crate) fn currency(&self) -> String {
        self.me.workspace.as_ref().map(|workspace| workspace.currency.clone()).unwrap_or_default()
    }
}

/// What stands around a page's content.
#[derive(Clone, Copy)]
enum Surround {
    /// Side bar and navigation.
    Console,
    /// Next to nothing: the page has a small window of its own.
    Window,
}

/// Renders `body` inside the frame. Signed out → `/signin`; without workspace → `/onboarding`; a failure of `body` is
/// shown in its place, with the failure's status.
pub(crate) fn member_page<Body, Rendering>(title: fn(&'static Text) -> &'static str, body: Body) -> AnyView
where
    Body: FnOnce(Member) -> Rendering + Send + 'static,
    Rendering: Future<Output = Result<AnyView, ApiFailure>> + Send + 'static,
{
    page(Surround::Console, title, body)
}

/// [`member_page`] for a small window: nothing in it leads away.
pub(crate) fn member_window<Body, Rendering>(title: fn(&'static Text) -> &'static str, body: Body) -> AnyView
where
    Body: FnOnce(Member) -> Rendering + Send + 'static,
    Rendering: Future<Output = Result<AnyView, ApiFailure>> + Send + 'static,
{
    page(Surround::Window, title, body)
}

fn page<Body, Rendering>(surround: Surround, title: fn(&'static Text) -> &'static str, body: Body) -> AnyView
where
    Body: FnOnce(Member) -> Rendering + Send + 'static,
    Rendering: Future<Output = Result<AnyView, ApiFailure>> + Send + 'static,
{
    // Absent while the routes are listed.
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let heading = format!("{} · Sautikit", title(visit.text()));
    let page = Suspend::new(async move {
        let member = match identify(&visit).await {
            Ok(Some(member)) => member,
            Ok(None) => return ().into_any(),
            Err(failure) => return fail(&visit, failure),
        };
        let content = match body(member.clone()).await {
            Ok(content) => content,
            Err(failure) => fail(&visit, failure),
        };
        let Member { visit, me, balance } = member;
        match surround {
            Surround::Console => view! { <Frame visit me balance>{content}</Frame> }.into_any(),
            Surround::Window => view! { <Window visit me>{content}</Window> }.into_any(),
        }
    });
    view! { <Title text=heading/><Suspense>{page}</Suspense> }.into_any()
}

/// `None` when the visitor was sent elsewhere.
async fn identify(visit: &Visit) -> Result<Option<Member>, ApiFailure> {
    let me: Me = match visit.api.get("/v1/auth/me").await {
        Ok(me) => me,
        Err(failure) if failure.is_signed_out() => {
            visit.reply.redirect("/signin");
            return Ok(None);
        }
        Err(failure) => return Err(failure),
    };
    if me.workspace.is_none() {
        visit.reply.redirect("/onboarding");
        return Ok(None);
    }
    // The frame shows the balance as a courtesy; a role that may not read it still gets its page.
    let balance = visit.api.get("/v1/wallet/balance").await.ok();
    Ok(Some(Member { visit: visit.clone(), me, balance }))
}

fn fail(visit: &Visit, failure: ApiFailure) -> AnyView {
    visit.reply.status(failure.status());
    let title = failure_title(&failure, visit.text());
    view! { <PageHead title=title.to_owned()/><FailureNotice failure lang=visit.lang/> }.into_any()
}
