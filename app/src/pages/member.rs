//! What all signed-in pages share: who is it, the frame, and what happens when the API refuses.

use super::failure::failure_title;
use crate::{
    access::may,
    api_client::{Api, ApiFailure},
    components::{FailureNotice, Frame, PageHead, Window},
    gate::{self, by_way_of},
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

/// A signed-in visitor; on the pages of [`person_page`] perhaps of no workspace yet.
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

    /// The workspace that the visitor works in.
    pub(crate) fn workspace(&self) -> Option<&Workspace> {
        self.me.workspace.as_ref()
    }

    /// ISO 4217 of the workspace.
    pub(crate) fn currency(&self) -> String {
        self.me.workspace.as_ref().map(|workspace| workspace.currency.clone()).unwrap_or_default()
    }
}

/// Which page it is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// About a workspace, with side bar and navigation around it.
    Console,
    /// The same for whoever has no workspace.
    Person,
    /// About a workspace, with next to nothing around it: the page has a small window of its own.
    Window,
}

/// Where operators work.
const OPERATOR_HOME: &str = "/operator/workspaces";

/// Renders `body` inside the frame. Signed out → `/signin`; without workspace → `/onboarding`, operators to their own
/// pages; a failure of `body` is shown in its place, with the failure's status.
pub(crate) fn member_page<Body, Rendering>(title: fn(&'static Text) -> &'static str, body: Body) -> AnyView
where
    Body: FnOnce(Member) -> Rendering + Send + 'static,
    Rendering: Future<Output = Result<AnyView, ApiFailure>> + Send + 'static,
{
    page(Kind::Console, title, body)
}

/// [`member_page`] for what a person has or may without a workspace.
pub(crate) fn person_page<Body, Rendering>(title: fn(&'static Text) -> &'static str, body: Body) -> AnyView
where
    Body: FnOnce(Member) -> Rendering + Send + 'static,
    Rendering: Future<Output = Result<AnyView, ApiFailure>> + Send + 'static,
{
    page(Kind::Person, title, body)
}

/// [`member_page`] for a small window: nothing in it leads away.
pub(crate) fn member_window<Body, Rendering>(title: fn(&'static Text) -> &'static str, body: Body) -> AnyView
where
    Body: FnOnce(Member) -> Rendering + Send + 'static,
    Rendering: Future<Output = Result<AnyView, ApiFailure>> + Send + 'static,
{
    page(Kind::Window, title, body)
}

fn page<Body, Rendering>(kind: Kind, title: fn(&'static Text) -> &'static str, body: Body) -> AnyView
where
    Body: FnOnce(Member) -> Rendering + Send + 'static,
    Rendering: Future<Output = Result<AnyView, ApiFailure>> + Send + 'static,
{
    // Absent while the routes are listed.
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let heading = format!("{} · Sautikit", title(visit.text()));
    let page = Suspend::new(async move {
        let member = match identify(&visit, kind).await {
            Ok(Some(member)) => member,
            Ok(None) => return ().into_any(),
            Err(failure) => return fail(&visit, failure, false),
        };
        let content = match body(member.clone()).await {
            Ok(content) => content,
            Err(failure) => fail(&visit, failure, member.me.is_operator),
        };
        let Member { visit, me, balance } = member;
        match kind {
            Kind::Console | Kind::Person => view! { <Frame visit me balance>{content}</Frame> }.into_any(),
            Kind::Window => view! { <Window visit me>{content}</Window> }.into_any(),
        }
    });
    view! { <Title text=heading/><Suspense>{page}</Suspense> }.into_any()
}

/// `None` when the visitor was sent elsewhere.
async fn identify(visit: &Visit, kind: Kind) -> Result<Option<Member>, ApiFailure> {
    let me: Me = match visit.api.get("/v1/auth/me").await {
        Ok(me) => me,
        Err(failure) if failure.is_signed_out() => {
            visit.reply.redirect(by_way_of(gate::SIGN_IN, &visit.address()));
            return Ok(None);
        }
        Err(failure) => return Err(failure),
    };
    if me.workspace.is_none() && kind != Kind::Person {
        visit.reply.redirect(if me.is_operator {
            OPERATOR_HOME.to_owned()
        } else {
            by_way_of(gate::ONBOARDING, &visit.address())
        });
        return Ok(None);
    }
    let visit = Visit { workspace: me.workspace.as_ref().map(|workspace| workspace.id.to_string()), ..visit.clone() };
    // The frame shows the balance as a courtesy; a role that may not read it still gets its page.
    let balance = match me.workspace {
        Some(_) => visit.api.get("/v1/wallet/balance").await.ok(),
        None => None,
    };
    Ok(Some(Member { visit, me, balance }))
}

fn fail(visit: &Visit, failure: ApiFailure, is_operator: bool) -> AnyView {
    visit.reply.status(failure.status());
    let title = failure_title(&failure, visit.text());
    // An operator whom the API does not take for one signed in too long ago.
    let stale = is_operator && failure.code() == Some("auth.admin_required");
    let sign_in = stale.then(|| {
        let href = by_way_of(gate::SIGN_IN, &visit.address());
        view! { <a class="button button--primary" href=href>{visit.text().entry.sign_in_again}</a> }
    });
    view! { <PageHead title=title.to_owned()/><FailureNotice failure lang=visit.lang/>{sign_in} }.into_any()
}
