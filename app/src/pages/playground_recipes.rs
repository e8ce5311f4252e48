//! Documents to begin with in the playground: a link each, so that they work without script and can be passed on.

use super::playground::PAGE;
use crate::{api_client::with_query, i18n::Lang};
use leptos::prelude::*;

/// What a document does, and the document.
fn recipes(lang: Lang) -> [(&'static str, &'static str); 7] {
    let text = &lang.text().playground;
    [
        (
            text.recipe_menu,
            r#"{
  "actions": [
    { "getDigits": {
        "numDigits": 1,
        "attempts": 2,
        "prompt": { "say": { "text": "Press 1 for sales, 2 for support." } },
        "invalidPrompt": { "say": { "text": "We did not hear a key." } },
        "action": "/menu"
    } },
    { "say": { "text": "Goodbye." } }
  ]
}"#,
        ),
        (
            text.recipe_ring,
            r#"{
  "actions": [
    { "dial": { "to": ["client:front-desk", "+254722000042"], "timeout": 20, "sequential": true } },
    { "say": { "text": "Nobody is there. Please call again." } }
  ]
}"#,
        ),
        (
            text.recipe_message,
            r##"{
  "actions": [
    { "say": { "text": "Leave a message after the beep, and press hash." } },
    { "record": { "maxLength": 120, "finishOnKey": "#", "action": "/message" } }
  ]
}"##,
        ),
        (
            text.recipe_queue,
            r#"{
  "actions": [
    { "say": { "text": "All of us are talking. You are in the queue." } },
    { "enqueue": { "name": "support", "timeout": 600 } },
    { "say": { "text": "Nobody came. We call you back." } }
  ]
}"#,
        ),
        (
            text.recipe_conference,
            r#"{
  "actions": [
    { "conference": { "name": "stand-up", "beep": "onEnter", "maxParticipants": 10 } }
  ]
}"#,
        ),
        (
            text.recipe_agent,
            r#"{
  "actions": [
    { "stream": { "url": "wss://agent.example/audio", "parameters": { "customer": "A-1042" } } }
  ]
}"#,
        ),
        (
            text.recipe_twiml,
            r#"<Response>
  <Gather numDigits="1" action="/menu">
    <Say>Press 1 for sales.</Say>
  </Gather>
  <Say>Goodbye.</Say>
</Response>"#,
        ),
    ]
}

/// A chip for each.
pub(super) fn links(lang: Lang) -> AnyView {
    let label = lang.text().playground.recipes;
    let chips = recipes(lang).map(|(name, document)| {
        let href = with_query(PAGE, &[("document", document)]);
        view! { <li><a class="chip" href=href>{name}</a></li> }
    });
    view! { <nav aria-label=label><ul class="chips">{chips.into_iter().collect_view()}</ul></nav> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sautikit_api::actions::{Asked, parse_answer};
    use sautikit_api::numbers::Compat;

    #[test]
    fn every_recipe_is_read_without_a_warning() {
        for (name, document) in recipes(Lang::English) {
            let asked = Asked { url: "https://shop.example/voice", room: "room", compat: Compat::Sautikit };
            let read = parse_answer("", document.as_bytes(), &asked).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!read.actions.is_empty() && read.warnings.is_empty(), "{name}: {:?}", read.warnings);
        }
    }
}
