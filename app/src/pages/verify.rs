//! `/auth/verify?token=…`: where the mailed link leads. Opening it spends nothing; its button does.

use crate::{
    components::{EntryCard, FailureNotice, Field, Notice, Tone, hidden},
    forms,
    visit::Visit,
};
use leptos::prelude::*;
use leptos_meta::Title;

/// One button, so that programs that follow links in mails don't use them up.
#[component]
pub(crate) fn VerifyPage() -> impl IntoView {
    let Some(visit) = use_context::<Visit>() else { return ().into_any() };
    let text = &visit.text().entry;
    let failure = visit.failure_of(forms::VERIFY).cloned();
    let lang = visit.lang;
    let script = format!("{}/mailed_link.js", visit.assets);
    let token = visit.query.get("token").filter(|token| !token.is_empty()).map(str::to_owned);
    let page = match (failure, token) {
        // A refused token stays refused: the way on is a new link.
        (Some(failure), _) => view! {
            <EntryCard visit title=text.verify.to_owned() text=String::new()>
                <FailureNotice failure lang/>
                <a class="button button--primary button--wide" href="/signin">{text.new_link}</a>
            </EntryCard>
        }
        .into_any(),
        (None, Some(token)) if visit.asked_here => view! {
            <EntryCard visit title=text.verify.to_owned() text=text.verify_text.to_owned()>
                <form class="form" method="post" action=forms::VERIFY>
                    {hidden("token", token)}
                    <button class="button button--primary button--wide" autofocus>{text.verify_button}</button>
                </form>
            </EntryCard>
        }
        .into_any(),
        // The mail's code tells a person from a program that presses the buttons in mails.
        (None, Some(token)) => {
            let wrong = visit.query.get("wrong").is_some();
            view! {
                <EntryCard visit=visit.clone() title=text.verify.to_owned() text=text.verify_elsewhere.to_owned()>
                    {wrong.then(|| view! { <Notice tone=Tone::Bad title=text.verify_wrong_code.to_owned()/> })}
                    <form class="form" method="post" action=forms::VERIFY>
                        {hidden("token", token)}
                        <Field visit form=forms::VERIFY name="code" label=text.verify_code placeholder="ABCD-2345" autocomplete="one-time-code" autofocus=true maxlength=20/>
                        <button class="button button--primary button--wide">{text.verify_elsewhere_button}</button>
                    </form>
                </EntryCard>
            }
            .into_any()
        }
        (None, None) => view! {
            <EntryCard visit title=text.verify_missing.to_owned() text=text.verify_missing_text.to_owned()>
                <a class="button button--primary button--wide" href="/signin">{text.new_link}</a>
            </EntryCard>
        }
        .into_any(),
    };
    view! { <Title text=format!("{} · Sautikit", text.verify)/>{page}<script type="module" src=script></script> }
        .into_any()
}
