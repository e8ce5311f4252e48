//! `/workspace/members`: who belongs here, who is invited.

use super::member::{Member, member_page};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        CsvLink, Empty, Field, Glyph,
        Head::{Start, Unseen},
        Icon, Moment, PageHead, Pager, Select, Tone, TypedConfirm, badge, cell, heads, hidden, of_workspace, outcome,
    },
    forms,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::{
    accounts::Role,
    members::{Invitation, Member as Person},
    rights::Scope,
};

/// Members.
#[component]
pub(crate) fn MembersPage() -> impl IntoView {
    member_page(|text| text.members.title, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (member.text(), member.visit.lang);
    let cursor = member.visit.query.get("cursor").unwrap_or_default();
    let answer = member.api().fetch(with_query("/v1/workspace/members", &[("cursor", cursor)])).await?;
    let people: Vec<Person> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| with_query("/workspace/members", &[("cursor", cursor)]));
    let invitations: Vec<Invitation> = member.api().list("/v1/workspace/invitations").await?;
    let may_invite = member.may(Scope::MembersWrite);
    let done = [
        ("role_changed", text.members.role_changed, text.members.role_changed_text),
        ("removed", text.members.removed, text.members.removed_text),
        ("invited", text.members.invited, text.members.invited_text),
        ("withdrawn", text.members.withdrawn, text.members.withdrawn_text),
    ];
    let csv = view! { <CsvLink visit=member.visit.clone() list="members"/> };
    Ok(view! {
        <PageHead title=text.members.title.to_owned() text=text.members.text>
            {csv}
            <a class="button" href="/workspace/roles"><Icon glyph=Glyph::Shield/>{text.members.what_roles_may}</a>
        </PageHead>
        {outcome(&member.visit, &done)}
        <div class="stack-lg">
            {may_invite.then(|| invite_form(&member))}
            <section class="panel">
                {people_table(&member, people)}
                <Pager lang label=text.members.title next/>
            </section>
            <section class="panel">
                <div class="panel__head"><h2>{text.members.invitations}</h2></div>
                {invitation_table(&member, invitations)}
            </section>
        </div>
    }
    .into_any())
}

fn people_table(member: &Member, people: Vec<Person>) -> AnyView {
    let text = &member.text().members;
    let lang = member.visit.lang;
    let rows = people.into_iter().map(|person| {
        let you = (person.user_id == member.me.id).then(|| view! { <span class="grid__you">{member.text().rights.you}</span> });
        let named = !person.name.is_empty();
        let first = if named { person.name.clone() } else { person.email.clone() };
        let who = view! {
            <span class="who"><span class="strong">{first}{you}</span>{named.then(|| view! { <span class="muted small breakable">{person.email.clone()}</span> })}</span>
        };
        view! {
            <tr>
                {cell(text.person, "", who)}
                {cell(text.role, "", member.text().rights.role(person.role))}
                {cell(text.joined, "muted", view! { <Moment at=person.joined_at.clone() lang/> })}
                {cell("", "end", actions(member, &person))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <div class="table-box"><table class="table">{heads([Start(text.person), Start(text.role), Start(text.joined), Unseen(member.text().common.action)])}<tbody>{rows}</tbody></table></div> }.into_any()
}

/// What the visitor may do about this person: owners are touched by owners only, and everyone may leave.
fn actions(member: &Member, person: &Person) -> AnyView {
    let text = &member.text().members;
    let (visit, id) = (&member.visit, person.user_id);
    let is_self = id == member.me.id;
    let may_change = member.may(if person.role == Role::Owner { Scope::OwnersWrite } else { Scope::MembersWrite });
    let remove = (may_change && !is_self).then(|| {
        view! { <TypedConfirm visit=visit.clone() opens=text.remove label=format!("{} {}", text.remove, person.email)
            action=format!("/console/members/{id}/remove") name=person.email.clone() ask=fill(text.remove_ask, &person.email) sure=text.remove_sure/> }
    });
    let leave = (is_self && member.may(Scope::MembersLeave)).then(|| {
        let workspace = member.workspace().map(|workspace| workspace.name.clone()).unwrap_or_default();
        view! { <TypedConfirm visit=visit.clone() opens=text.leave action=format!("/console/members/{id}/leave") name=workspace.clone() ask=fill(text.leave_ask, &workspace) sure=text.leave_sure/> }
    });
    view! { <div class="actions">{may_change.then(|| role_form(member, person))}{remove}{leave}</div> }.into_any()
}

fn role_form(member: &Member, person: &Person) -> AnyView {
    let text = &member.text().members;
    let options = roles(member)
        .into_iter()
        .map(|(value, words)| view! { <option value=value.clone() selected=value == person.role.as_str()>{words}</option> })
        .collect_view();
    view! {
        <details class="confirm">
            <summary class="button button--small" aria-label=fill(text.change_label, &person.email)>{text.change}</summary>
            <form class="confirm__ask" method="post" action=format!("/console/members/{}/role", person.user_id)>
                {of_workspace(&member.visit)}
                <label class="field"><span class="field__label">{text.role}</span><select class="field__input" name="role">{options}</select></label>
                <button class="button button--small button--primary">{text.change_role}</button>
            </form>
        </details>
    }
    .into_any()
}

/// The roles that the visitor may give.
fn roles(member: &Member) -> Vec<(String, String)> {
    let text = &member.text().rights;
    let given = Role::ALL.iter().filter(|role| **role != Role::Owner || member.may(Scope::OwnersWrite));
    given.map(|role| (role.as_str().to_owned(), text.role(*role).to_owned())).collect()
}

fn invitation_table(member: &Member, invitations: Vec<Invitation>) -> AnyView {
    let text = &member.text().members;
    let lang = member.visit.lang;
    if invitations.is_empty() {
        return view! { <Empty glyph=Glyph::Mail title=text.no_invitations text=text.no_invitations_text/> }.into_any();
    }
    let may_withdraw = member.may(Scope::MembersWrite);
    let rows = invitations.into_iter().map(|open| {
        let expiry = if open.expired {
            badge(Tone::Warn, text.expired).into_any()
        } else {
            view! { <Moment at=open.expires_at lang/> }.into_any()
        };
        let withdraw = may_withdraw.then(|| {
            view! {
                <form method="post" action=format!("/console/invitations/{}/withdraw", open.id)>
                    {of_workspace(&member.visit)}
                    <button class="button button--small" aria-label=fill(text.withdraw_label, &open.email)>{text.withdraw}</button>
                </form>
            }
        });
        view! {
            <tr>
                {cell(text.address, "", view! { <span class="strong breakable">{open.email.clone()}</span> })}
                {cell(text.role, "", member.text().rights.role(open.role))}
                {cell(text.sent, "muted", view! { <Moment at=open.created_at lang/> })}
                {cell(text.expires, "muted", expiry)}
                {cell("", "end", withdraw)}
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <div class="table-box"><table class="table">{heads([Start(text.address), Start(text.role), Start(text.sent), Start(text.expires), Unseen(member.text().common.action)])}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn invite_form(member: &Member) -> AnyView {
    const FORM: &str = forms::INVITE;
    let text = &member.text().members;
    let visit = member.visit.clone();
    view! {
        <section class="panel" id="invite">
            <div class="panel__head"><h2>{text.invite}</h2><p>{text.invite_text}</p></div>
            <form class="form form--row panel__body" method="post" action=FORM>
                {of_workspace(&visit)}
                {hidden("form_token", visit.form_token.clone())}
                <Field visit=visit.clone() form=FORM name="email" label=text.address kind="email" autocomplete="off" placeholder="amina@example.co.ke"/>
                <Select visit form=FORM name="role" label=text.role options=roles(member) value=Role::Developer.as_str().to_owned()/>
                <button class="button button--primary"><Icon glyph=Glyph::Mail/>{text.invite_button}</button>
            </form>
        </section>
    }
    .into_any()
}
