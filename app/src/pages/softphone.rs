//! `/softphone`: the dial pad, in a small window of its own, so that a call outlives the console's page loads. The markup
//! and every word of it are here; `app/js/softphone.js` gives it life with our own SDK. The script finds elements by
//! `data-phone` and words by `data-words`.

use super::member::{Member, member_window};
use crate::{
    api_client::ApiFailure,
    components::{Empty, Glyph, Icon, Notice, Tone},
    i18n::Text,
};
use leptos::prelude::*;
use sautikit_api::{members::Member as Person, numbers::Number, rights::Scope};

/// Keys of the pad with the letters below them (ITU-T E.161).
const KEYS: [(&str, &str); 12] = [
    ("1", ""),
    ("2", "ABC"),
    ("3", "DEF"),
    ("4", "GHI"),
    ("5", "JKL"),
    ("6", "MNO"),
    ("7", "PQRS"),
    ("8", "TUV"),
    ("9", "WXYZ"),
    ("*", ""),
    ("0", "+"),
    ("#", ""),
];

/// Softphone.
#[component]
pub(crate) fn SoftphonePage() -> impl IntoView {
    member_window(|text| text.common.softphone, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = member.text();
    let mut numbers: Vec<Number> = member.api().list("/v1/numbers").await?;
    numbers.retain(|number| number.status == "active");
    let body = if numbers.is_empty() {
        view! {
            <section class="panel">
                <Empty glyph=Glyph::Softphone title=text.softphone.no_number text=text.softphone.no_number_text step=(text.softphone.claim, "/numbers")/>
            </section>
        }
        .into_any()
    } else {
        let names = names(&member).await;
        view! { {phone(&member, numbers, names)}{beside(&member)} }.into_any()
    };
    Ok(view! { <h1 class="visually-hidden">{text.softphone.title}</h1>{body} }.into_any())
}

/// Who calls from another softphone of the workspace: names of members by their phone's identity, as JSON.
async fn names(member: &Member) -> String {
    let members: Vec<Person> = match member.may(Scope::MembersRead) {
        true => member.api().list("/v1/workspace/members").await.unwrap_or_default(),
        false => Vec::new(),
    };
    let name = |person: Person| {
        let name = if person.name.is_empty() { person.email } else { person.name };
        (format!("console-{}", person.user_id), serde_json::Value::String(name))
    };
    serde_json::Value::Object(members.into_iter().map(name).collect()).to_string()
}

fn phone(member: &Member, numbers: Vec<Number>, names: String) -> AnyView {
    let text = &member.text().softphone;
    let chosen = member.visit.query.get("from").unwrap_or_default().to_owned();
    let to = member.visit.query.get("to").unwrap_or_default().to_owned();
    let options = numbers
        .into_iter()
        .map(|number| view! { <option value=number.e164.clone() selected=number.e164 == chosen>{number.e164.clone()}</option> })
        .collect_view();
    let keys = KEYS.map(|(digit, letters)| {
        view! { <button class="dialpad__key" type="button" data-digit=digit>{digit}<small aria-hidden="true">{letters}</small></button> }
    });
    let choices = |name: &'static str, label: &'static str| {
        view! { <label class="field"><span class="field__label">{label}</span><select class="field__input" data-phone=name></select></label> }
    };
    let level = |name: &'static str, label: &'static str| {
        view! { <label class="phone__level"><span>{label}</span><meter data-phone=name min="0" max="1" low="0.02" value="0"></meter></label> }
    };
    view! {
        <div class="stack">
            <noscript><Notice tone=Tone::Warn title=text.no_script.to_owned()/></noscript>
            <section class="phone" data-phone="root" data-words=words(member.text()) data-names=names data-identity=format!("console-{}", member.me.id) data-workspace=member.visit.workspace.clone()>
                <div class="phone__status">
                    <span class="badge" data-phone="connection" role="status">{text.offline}</span>
                    <span class="muted small" data-phone="quality" role="status"></span>
                </div>
                <div class="phone__line" data-phone="line" aria-live="polite" tabindex="-1">
                    <span class="phone__party" data-phone="party"></span>
                    <span class="phone__state" data-phone="state">{text.idle}</span>
                </div>
                <div class="phone__timer figure" data-phone="timer" hidden></div>
                <div class="phone__waiting" data-phone="waiting" role="alert" hidden>
                    <p><span class="strong" data-phone="waiting-party"></span>" "<span class="muted" data-phone="waiting-state"></span></p>
                    <div class="phone__buttons">
                        <button class="button" type="button" data-phone="waiting-reject">{text.reject}</button>
                        <button class="button button--primary" type="button" data-phone="waiting-accept">{text.hold_and_accept}</button>
                        <button class="button" type="button" data-phone="switch" hidden>{text.switch_calls}</button>
                    </div>
                </div>
                <div class="notice notice--bad" data-phone="problem" role="alert" hidden><Icon glyph=Glyph::Alert/><div><p data-phone="problem-text"></p><div class="notice__foot"><a data-phone="problem-code" target="sautikit-console"></a></div></div></div>
                <div class="phone__levels" data-phone="levels" hidden>{level("level-input", text.microphone)}{level("level-output", text.loudspeaker)}</div>
                <form class="form" data-phone="dial">
                    <div class="form" data-phone="fields">
                        <label class="field"><span class="field__label">{text.call_from}</span><select class="field__input" data-phone="from">{options}</select></label>
                        <label class="visually-hidden" for="phone-to">{text.to}</label>
                        <input class="field__input phone__number" id="phone-to" data-phone="to" type="tel" inputmode="tel" autocomplete="off" placeholder="+254 722 000 042" value=to autofocus/>
                    </div>
                    <div class="dialpad" data-phone="pad" role="group" aria-label=text.keys>{keys.into_iter().collect_view()}</div>
                    <div class="phone__buttons" data-phone="when-idle"><button class="button button--primary button--large" data-phone="call"><Icon glyph=Glyph::Calls/>{text.call}</button></div>
                </form>
                <form class="form form--row" data-phone="transfer-form" hidden>
                    <label class="field"><span class="field__label">{text.transfer_to}</span><input class="field__input" data-phone="transfer-to" autocomplete="off" maxlength=200/></label>
                    <button class="button">{text.transfer_send}</button>
                </form>
                <div class="phone__buttons" data-phone="when-incoming" hidden>
                    <button class="button button--large button--danger-solid" type="button" data-phone="reject">{text.reject}</button>
                    <button class="button button--large button--primary" type="button" data-phone="accept">{text.accept}</button>
                </div>
                <div class="phone__busy" data-phone="when-busy" hidden>
                    <button class="button" type="button" data-phone="mute" aria-pressed="false">{text.mute}</button>
                    <button class="button" type="button" data-phone="hold" aria-pressed="false">{text.hold}</button>
                    <button class="button" type="button" data-phone="keypad" aria-pressed="false">{text.keypad}</button>
                    <button class="button" type="button" data-phone="transfer" aria-pressed="false">{text.transfer}</button>
                    <button class="button button--large button--danger-solid phone__hangup" type="button" data-phone="hangup">{text.hangup}</button>
                </div>
                <details class="disclosure" data-phone="devices">
                    <summary>{text.devices}</summary>
                    <div class="form">{choices("input", text.microphone)}{choices("output", text.loudspeaker)}</div>
                </details>
            </section>
            <script type="module" src=format!("{}/softphone.js", member.visit.assets)></script>
        </div>
    }
    .into_any()
}

fn beside(member: &Member) -> AnyView {
    let text = &member.text().softphone;
    let sandbox = member.visit.development.then(|| view! { <p>{text.sandbox}</p> });
    view! {
        <div class="stack">
            <section class="panel">
                <div class="panel__head"><h2>{text.recent}</h2><a class="small" href="/calls" target="sautikit-console">{member.text().home.all_calls}</a></div>
                <ul class="phone__log" data-phone="log" data-empty=text.recent_none></ul>
            </section>
            <section class="panel">
                <div class="panel__head"><h2>{text.tips}</h2></div>
                <div class="panel__body stack small muted">{sandbox}<p>{text.tip_mic}</p><p>{text.tip_stay}</p><p>{text.tip_emergency}</p></div>
            </section>
        </div>
    }
    .into_any()
}

/// The words that the script shows, as JSON: catalogue keys, so that strings stay in one place.
fn words(text: &'static Text) -> String {
    let text = &text.softphone;
    serde_json::json!({
        "offline": text.offline, "connecting": text.connecting, "ready": text.ready, "reconnecting": text.reconnecting,
        "idle": text.idle, "calling": text.calling, "ringing": text.ringing, "incoming": text.incoming,
        "inCall": text.in_call, "ended": text.ended, "failed": text.failed, "mute": text.mute, "unmute": text.unmute,
        "hold": text.hold, "resume": text.resume, "held": text.held, "colleague": text.colleague, "redial": text.redial,
        "waits": text.waits, "onHold": text.on_hold, "transferring": text.transferring, "transferFailed": text.transfer_failed,
        "system": text.system_choice, "levels": [text.quality_good, text.quality_fair, text.quality_poor],
        "warnings": { "silence": text.warning_silence, "low-level": text.warning_low, "one-way-audio": text.warning_one_way },
        "openCall": text.open_call, "otherWorkspace": text.other_workspace, "signedOut": text.signed_out,
        "reasons": {
            "localHangup": text.reason_local_hangup, "remoteHangup": text.reason_remote_hangup, "busy": text.reason_busy,
            "noAnswer": text.reason_no_answer, "rejected": text.reason_rejected, "canceled": text.reason_canceled,
            "failed": text.reason_failed, "networkLost": text.reason_network_lost,
            "insufficientFunds": text.reason_insufficient_funds,
        },
        "problems": {
            "calls.emergency_blocked": text.tip_emergency, "calls.destination_blocked": text.problem_destination,
            "calls.no_route": text.problem_no_route, "validation.bad_request": text.problem_number,
        },
    })
    .to_string()
}
