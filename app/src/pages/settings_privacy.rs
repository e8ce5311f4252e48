//! Of the settings: everything as one archive, and a person's number erased.

use super::member::Member;
use crate::{
    components::{CodeBlock, FailureNotice, Field, Glyph, Icon, Notice, Tone, of_workspace},
    forms,
    i18n::fill,
    visit::Flash,
};
use leptos::prelude::*;
use sautikit_api::{privacy::ErasureReceipt, rights::Scope};

/// What may be done here, for those who may.
pub(super) fn privacy(member: &Member) -> Option<AnyView> {
    if !member.may(Scope::PrivacyRead) {
        return None;
    }
    let text = &member.text().privacy;
    let erased = match &member.visit.flash {
        Some(Flash::Erased(receipt)) => Some(receipt_of(member, receipt)),
        _ => None,
    };
    let erase = member.may(Scope::PrivacyWrite).then(|| erase(member));
    let section = view! {
        <section class="panel" id="privacy">
            <div class="panel__head">
                <h2>{text.title}</h2>
                <a class="button" href="/v1/privacy/export" download="workspace.tar"><Icon glyph=Glyph::Download/>{text.export}</a>
                <p>{text.export_text}</p>
            </div>
            <div class="panel__body stack">{erased}{erase}</div>
        </section>
    };
    Some(section.into_any())
}

fn erase(member: &Member) -> AnyView {
    const FORM: &str = forms::ERASE_NUMBER;
    let text = &member.text().privacy;
    let visit = member.visit.clone();
    let lang = visit.lang;
    let failure = visit.failure_of(FORM).filter(|failure| failure.field() != Some("number")).cloned();
    view! {
        <div><h3>{text.erase}</h3><p class="muted">{text.erase_text}</p></div>
        {failure.map(|failure| view! { <FailureNotice failure lang/> })}
        <form class="form" method="post" action=format!("{FORM}#privacy")>
            {of_workspace(&visit)}
            <Field visit=visit.clone() form=FORM name="number" label=text.number kind="tel" autocomplete="off" maxlength=20 placeholder="+254 722 000 001"/>
            <Field visit=visit.clone() form=FORM name="again" label=text.again kind="tel" autocomplete="off" maxlength=20/>
            <div class="form__actions"><button class="button button--danger-solid">{text.erase_button}</button></div>
        </form>
    }
    .into_any()
}

fn receipt_of(member: &Member, receipt: &ErasureReceipt) -> AnyView {
    let text = &member.text().privacy;
    let statement = &receipt.statement;
    let is_empty = statement.changed.is_empty() && statement.recordings.is_empty();
    let title = if is_empty { text.erased_nothing } else { text.erased };
    let words = fill(text.erased_text, &statement.recordings.len().to_string());
    let code = serde_json::to_string_pretty(receipt).unwrap_or_default();
    view! {
        <Notice tone=Tone::Good title=title.to_owned() text=words/>
        <CodeBlock id="receipt" label=text.receipt code lang=member.visit.lang/>
    }
    .into_any()
}
