//! `/operator/trunks`: the ways to carriers: how each stands, set up, change, disable, delete.

use super::{
    member::{Member, person_page},
    place::countries,
};
use crate::{
    api_client::{ApiFailure, escape},
    components::{
        Ask, CsvLink, Empty, FailureNotice, Field, Glyph,
        Head::{End, Start, Unseen},
        Moment, PageHead, Select, Tone, TypedConfirm, badge, cell, heads, hidden, outcome,
    },
    format, forms,
    i18n::fill,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use sautikit_api::trunks::{InvitePreview, Trunk, TrunkFigures};

const PAGE: &str = "/operator/trunks";
/// Seconds between two looks (`app/js/live.js`) while no stream tells of changes: as often as a trunk can be asked whether it is there.
const LOOK_SECONDS: &str = "5";

/// Trunks of the installation.
#[component]
pub(crate) fn OperatorTrunksPage() -> impl IntoView {
    person_page(|text| text.trunks.title, content)
}

/// One of them, to be changed.
#[component]
pub(crate) fn OperatorTrunkPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    person_page(|text| text.trunks.title, move |member| change(member, id))
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().trunks;
    let lang = member.visit.lang;
    let trunks: Vec<Trunk> = member.api().get("/v1/admin/trunks").await?;
    let list = if trunks.is_empty() {
        view! { <Empty glyph=Glyph::Trunk title=text.none text=text.none_text step=(text.set_up, "#set-up")/> }
            .into_any()
    } else {
        table(&member, trunks)
    };
    let done = [
        ("created", text.created, text.within_seconds),
        ("saved", text.saved, text.within_seconds),
        ("enabled", text.enabled, ""),
        ("disabled", text.disabled, text.disabled_text),
        ("deleted", text.deleted, text.disabled_text),
    ];
    let failure =
        [forms::SWITCH_TRUNK, forms::DELETE_TRUNK].iter().find_map(|form| member.visit.failure_of(form).cloned());
    let csv = view! { <CsvLink visit=member.visit.clone() list="trunks"/> };
    Ok(view! {
        <PageHead title=text.title.to_owned() text=text.text>{csv}</PageHead>
        {outcome(&member.visit, &done)}
        {failure.map(|failure| view! { <FailureNotice failure lang/> })}
        <div class="stack-lg">
            <section class="panel" data-live="trunks" data-live-seconds=LOOK_SECONDS data-live-changes="trunks">{list}<p class="panel__body muted small">{text.figures_text}</p></section>
            <section class="panel narrow" id="set-up">
                <div class="panel__head"><h2>{text.set_up}</h2><p>{text.set_up_text}</p></div>
                {form(&member, forms::CREATE_TRUNK, forms::CREATE_TRUNK.to_owned(), None)}
            </section>
        </div>
    }
    .into_any())
}

async fn change(member: Member, id: String) -> Result<AnyView, ApiFailure> {
    let text = &member.text().trunks;
    let trunk: Trunk = member.api().get(format!("/v1/admin/trunks/{}", escape(&id))).await?;
    let action = format!("{PAGE_OF_FORMS}/{}", escape(&id));
    // One that takes no calls has none.
    let preview = member.api().get::<InvitePreview>(format!("/v1/admin/trunks/{}/invite", escape(&id))).await.ok();
    let preview = preview.map(|preview| {
        let goes = fill(text.preview_text, &format!("{} ({})", preview.address, preview.transport));
        view! {
            <section class="panel" id="invite">
                <div class="panel__head"><h2>{text.preview}</h2><p>{goes}</p></div>
                <div class="panel__body"><pre class="codeblock__lines" tabindex="0" role="region" aria-label=text.preview><code>{preview.text}</code></pre></div>
            </section>
        }
    });
    let (name, visit) = (trunk.name.clone(), member.visit.clone());
    let figures = figures_panel(&member, &trunk);
    Ok(view! {
        <PageHead title=name.clone() parent=(text.title, PAGE)/>
        <div class="stack" data-live="trunk" data-live-seconds=LOOK_SECONDS data-live-changes="trunks">{figures}</div>
        <div class="stack-lg narrow">
            <section class="panel">
                <div class="panel__head"><h2>{text.change}</h2><p>{text.within_seconds}</p></div>
                {form(&member, forms::UPDATE_TRUNK, action.clone(), Some(trunk))}
            </section>
            {preview}
            <section class="panel panel--danger">
                <div class="panel__head"><h2>{text.delete}</h2><p>{text.disabled_text}</p></div>
                <div class="panel__body">
                    <TypedConfirm visit opens=text.delete label=fill(text.delete_label, &name)
                        action=format!("{action}/delete") name ask=text.delete_ask.to_owned() sure=text.delete_sure/>
                </div>
            </section>
        </div>
    }
    .into_any())
}

const PAGE_OF_FORMS: &str = forms::CREATE_TRUNK;

fn table(member: &Member, trunks: Vec<Trunk>) -> AnyView {
    let text = &member.text().trunks;
    let rows = trunks.into_iter().map(|trunk| {
        let resolved = trunk.resolved_address.clone().filter(|resolved| *resolved != trunk.address);
        let address = resolved.map_or_else(|| trunk.address.clone(), |resolved| format!("{} → {resolved}", trunk.address));
        let name = view! { <span class="who"><span class="strong">{trunk.name.clone()}</span><code class="muted small breakable">{address}</code></span> };
        let calls = match trunk.max_calls {
            Some(most) => format!("{} / {most}", trunk.current_calls),
            None => trunk.current_calls.to_string(),
        };
        let figures = trunk.figures.as_ref();
        view! {
            <tr>
                {cell(text.name, "", name)}
                {cell(text.prefixes, "", trunk.prefixes.join(", "))}
                {cell(text.priority, "end", trunk.priority)}
                {cell(text.calls, "end", calls)}
                {cell(text.answered, "end nowrap", figures.and_then(answer_rate).unwrap_or_else(|| "–".to_owned()))}
                {cell(text.post_dial, "end nowrap", figures.and_then(post_dial).unwrap_or_else(|| "–".to_owned()))}
                {cell(text.status, "", view! { {status(member, &trunk)}{heard(member, &trunk)} })}
                {cell("", "end", actions(member, &trunk))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.name),
        Start(text.prefixes),
        End(text.priority),
        End(text.calls),
        End(text.answered),
        End(text.post_dial),
        Start(text.status),
        Unseen(member.text().common.action),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

fn status(member: &Member, trunk: &Trunk) -> AnyView {
    let text = &member.text().trunks;
    let is_refused = trunk.registration.as_ref().is_some_and(|registration| registration.status == "failed");
    match (trunk.is_enabled, trunk.resolved_address.is_some()) {
        (true, true) if is_refused => badge(Tone::Warn, text.not_registered).into_any(),
        (true, true) if trunk.is_reachable == Some(false) => badge(Tone::Warn, text.unreachable).into_any(),
        (false, _) => badge(Tone::Neutral, text.off).into_any(),
        (true, false) => badge(Tone::Warn, text.unresolved).into_any(),
        (true, true) => badge(Tone::Good, text.takes_calls).into_any(),
    }
}

/// `87% of 475` attempts; none where nothing was tried yet.
fn answer_rate(figures: &TrunkFigures) -> Option<String> {
    let all = figures.answered + figures.ended + figures.failed;
    // Rounded to the nearest.
    (all > 0).then(|| format!("{}% / {all}", (figures.answered * 200 + all) / (2 * all)))
}

/// The mean, and what 95 in a hundred are not above.
fn post_dial(figures: &TrunkFigures) -> Option<String> {
    let seconds = |ms: u32| format::span(i64::from(ms) * 1_000);
    let mean = figures.post_dial_mean_ms.map(seconds)?;
    Some(match figures.post_dial_p95_ms.map(seconds) {
        Some(p95) => format!("{mean} · p95 {p95}"),
        None => mean,
    })
}

/// What was last heard of it: the answer to OPTIONS, and how long the registration holds or when it is tried again.
fn heard(member: &Member, trunk: &Trunk) -> Vec<AnyView> {
    let text = &member.text().trunks;
    let lang = member.visit.lang;
    let line = |words: String, at: Option<String>| {
        let at = at.map(|at| view! { " "<Moment at lang clock=true/> });
        view! { <br/><span class="muted small">{words}{at}</span> }.into_any()
    };
    let options = trunk.last_options.clone().map(|options| {
        let answer = options.sip_status.map_or_else(|| text.silence.to_owned(), |status| status.to_string());
        line(format!("OPTIONS {answer}"), Some(options.at))
    });
    let registration = trunk.registration.clone().map(|registration| {
        let refused = registration.sip_status.map(|status| fill(text.refused_with, &status.to_string()));
        match (refused, registration.expires_at) {
            (Some(refused), _) => line(format!("{refused}; {}", text.again_at), registration.next_attempt_at),
            (None, Some(until)) => line(text.registered_until.to_owned(), Some(until)),
            (None, None) => line(text.registering.to_owned(), None),
        }
    });
    options.into_iter().chain(registration).collect()
}

/// What of a trunk is counted on the node that answers, since that was started.
fn figures_panel(member: &Member, trunk: &Trunk) -> Option<AnyView> {
    let text = &member.text().trunks;
    let figures = trunk.figures.as_ref()?;
    let stat = |label: &'static str, value: String, note: String| {
        let note = (!note.is_empty()).then(|| view! { <span class="stat__note">{note}</span> });
        view! { <div class="stat"><span class="stat__label">{label}</span><span class="stat__value">{value}</span>{note}</div> }
    };
    let calls = match trunk.max_calls {
        Some(most) => format!("{} / {most}", trunk.current_calls),
        None => trunk.current_calls.to_string(),
    };
    let none = || "–".to_owned();
    let seconds = |ms: Option<u32>| ms.map_or_else(none, |ms| format::span(i64::from(ms) * 1_000));
    Some(
        view! {
            <section class="stats" aria-label=text.figures>
                {stat(text.calls, calls, String::new())}
                {stat(text.answered, answer_rate(figures).unwrap_or_else(none), text.since_start.to_owned())}
                {stat(text.unanswered, figures.ended.to_string(), text.unanswered_text.to_owned())}
                {stat(text.failed, figures.failed.to_string(), text.failed_text.to_owned())}
                {stat(text.post_dial, seconds(figures.post_dial_mean_ms), fill(text.at_most, &seconds(figures.post_dial_p95_ms)))}
                <div class="stat"><span class="stat__label">{text.status}</span><span>{status(member, trunk)}{heard(member, trunk)}</span></div>
            </section>
        }
        .into_any(),
    )
}

/// What stands in the file is changed there.
fn actions(member: &Member, trunk: &Trunk) -> AnyView {
    let text = &member.text().trunks;
    let Some(id) = trunk.id else { return view! { <span class="muted small">{text.of_file}</span> }.into_any() };
    let name = trunk.name.clone();
    let (switch, switch_label, ask) = match trunk.is_enabled {
        true => (text.disable, fill(text.disable_label, &name), text.disable_ask),
        false => (text.enable, fill(text.enable_label, &name), text.enable_ask),
    };
    let fields = (!trunk.is_enabled).then(|| hidden("is_enabled", "1").into_any()).into_any();
    view! {
        <div class="row">
            <a class="button button--small" href=format!("{PAGE}/{id}") aria-label=fill(text.change_label, &name)>{text.change}</a>
            <Ask opens=switch label=switch_label action=format!("{PAGE_OF_FORMS}/{id}/switch") ask=ask.to_owned() fields/>
        </div>
    }
    .into_any()
}

/// The fields of a trunk, as they are or empty.
fn form(member: &Member, of: &'static str, action: String, trunk: Option<Trunk>) -> AnyView {
    let text = &member.text().trunks;
    let visit = member.visit.clone();
    let lang = visit.lang;
    let failure = visit.failure_of(of).filter(|failure| failure.field().is_none()).cloned();
    let is_new = trunk.is_none();
    let trunk = trunk.as_ref();
    let of_trunk = |read: fn(&Trunk) -> String, otherwise: &str| trunk.map_or_else(|| otherwise.to_owned(), read);
    let country = of_trunk(|trunk| trunk.country.clone().unwrap_or_default(), "");
    let mut options = vec![(String::new(), text.no_country.to_owned())];
    options.extend(countries(if country.is_empty() { "KE" } else { &country }));
    let is_registering = trunk.is_some_and(|trunk| trunk.register);
    let is_following = trunk.is_some_and(|trunk| trunk.follow_redirects);
    let calls_per_second =
        of_trunk(|trunk| trunk.calls_per_second.map(|calls| calls.to_string()).unwrap_or_default(), "");
    let options_every =
        of_trunk(|trunk| trunk.options_every_seconds.map(|seconds| seconds.to_string()).unwrap_or_default(), "");
    let named = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect()
    };
    let transports = named(&[("udp", "UDP"), ("tcp", "TCP"), ("tls", "TLS")]);
    let identities =
        named(&[("from", text.identity_from), ("pai", "P-Asserted-Identity"), ("rpid", "Remote-Party-ID")]);
    let formats = named(&[
        ("e164", "+254722000042"),
        ("e164_plain", "254722000042"),
        ("international", "00254722000042"),
        ("national", text.format_national),
    ]);
    let policies = named(&[
        ("off", text.srtp_off),
        ("accepted", text.srtp_accepted),
        ("preferred", text.srtp_preferred),
        ("required", text.srtp_required),
    ]);
    let max_calls = of_trunk(|trunk| trunk.max_calls.map(|calls| calls.to_string()).unwrap_or_default(), "");
    view! {
        <div class="panel__body">
            {failure.map(|failure| view! { <FailureNotice failure lang/> })}
            <form class="form" method="post" action=action>
                {is_new.then(|| view! { <Field visit=visit.clone() form=of name="name" label=text.name hint=text.name_hint autocomplete="off" maxlength=40/> })}
                <Field visit=visit.clone() form=of name="address" label=text.address hint=text.address_hint autocomplete="off" placeholder="sip.carrier.example:5060" maxlength=260 value=of_trunk(|trunk| trunk.address.clone(), "")/>
                <Select visit=visit.clone() form=of name="transport" label=text.transport hint=text.transport_hint options=transports value=of_trunk(|trunk| trunk.transport.clone(), "udp")/>
                <Field visit=visit.clone() form=of name="outbound_proxy" label=text.outbound_proxy hint=text.outbound_proxy_hint autocomplete="off" placeholder="sbc.carrier.example:5060" required=false maxlength=260 value=of_trunk(|trunk| trunk.outbound_proxy.clone().unwrap_or_default(), "")/>
                <Field visit=visit.clone() form=of name="prefixes" label=text.prefixes hint=text.prefixes_hint autocomplete="off" placeholder="+254, +255" maxlength=8000 value=of_trunk(|trunk| trunk.prefixes.join(", "), "")/>
                <Field visit=visit.clone() form=of name="sources" label=text.sources hint=text.sources_hint autocomplete="off" placeholder="192.0.2.0/28" required=false maxlength=24000 value=of_trunk(|trunk| trunk.sources.join(", "), "")/>
                <Select visit=visit.clone() form=of name="country" label=text.country hint=text.country_hint options value=country/>
                <Field visit=visit.clone() form=of name="username" label=text.username hint=text.username_hint autocomplete="off" required=false maxlength=128 value=of_trunk(|trunk| trunk.username.clone().unwrap_or_default(), "")/>
                <Field visit=visit.clone() form=of name="password" label=text.password hint=if is_new { "" } else { text.password_hint } kind="password" autocomplete="new-password" required=false maxlength=128/>
                <label class="choice"><input type="checkbox" name="register" value="1" checked=is_registering/>{text.register}</label>
                <Field visit=visit.clone() form=of name="certificate_name" label=text.certificate_name hint=text.certificate_name_hint autocomplete="off" required=false maxlength=253 value=of_trunk(|trunk| trunk.certificate_name.clone().unwrap_or_default(), "")/>
                <Field visit=visit.clone() form=of name="domain" label=text.domain hint=text.domain_hint autocomplete="off" placeholder="carrier.example" required=false maxlength=253 value=of_trunk(|trunk| trunk.domain.clone().unwrap_or_default(), "")/>
                <Field visit=visit.clone() form=of name="from_user" label=text.from_user hint=text.from_user_hint autocomplete="off" required=false maxlength=128 value=of_trunk(|trunk| trunk.from_user.clone().unwrap_or_default(), "")/>
                <Select visit=visit.clone() form=of name="identity" label=text.identity hint=text.identity_hint options=identities value=of_trunk(|trunk| trunk.identity.clone(), "from")/>
                <Select visit=visit.clone() form=of name="number_format" label=text.number_format hint=text.number_format_hint options=formats value=of_trunk(|trunk| trunk.number_format.clone(), "e164")/>
                <Field visit=visit.clone() form=of name="codecs" label=text.codecs hint=text.codecs_hint autocomplete="off" maxlength=80 value=of_trunk(|trunk| trunk.codecs.join(", "), "PCMA, PCMU")/>
                <Field visit=visit.clone() form=of name="priority" label=text.priority hint=text.priority_hint inputmode="numeric" maxlength=5 value=of_trunk(|trunk| trunk.priority.to_string(), "100")/>
                <Field visit=visit.clone() form=of name="calls_per_second" label=text.calls_per_second hint=text.max_calls_hint inputmode="numeric" required=false maxlength=5 value=calls_per_second/>
                <Field visit=visit.clone() form=of name="options_every_seconds" label=text.options_every hint=text.options_every_hint inputmode="numeric" required=false maxlength=4 value=options_every/>
                <Select visit=visit.clone() form=of name="srtp" label=text.srtp hint=text.srtp_hint options=policies value=of_trunk(|trunk| trunk.srtp.clone(), "accepted")/>
                <label class="choice"><input type="checkbox" name="follow_redirects" value="1" checked=is_following/>{text.follow_redirects}</label>
                <Field visit=visit.clone() form=of name="pass_headers" label=text.pass_headers hint=text.pass_headers_hint autocomplete="off" placeholder="X-Account, Identity" required=false maxlength=1400 value=of_trunk(|trunk| trunk.pass_headers.join(", "), "")/>
                <Field visit form=of name="max_calls" label=text.max_calls hint=text.max_calls_hint inputmode="numeric" required=false maxlength=7 value=max_calls/>
                <div class="form__actions"><button class="button button--primary">{if is_new { text.set_up } else { member.text().common.save }}</button></div>
            </form>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_rate_needs_attempts_and_a_delay_needs_ringing() {
        let mut figures =
            TrunkFigures { answered: 0, ended: 0, failed: 0, post_dial_mean_ms: None, post_dial_p95_ms: None };
        assert_eq!((answer_rate(&figures), post_dial(&figures)), (None, None));
        (figures.answered, figures.ended, figures.failed) = (2, 1, 0);
        (figures.post_dial_mean_ms, figures.post_dial_p95_ms) = (Some(1_240), Some(2_900));
        assert_eq!(answer_rate(&figures).as_deref(), Some("67% / 3"));
        assert_eq!(post_dial(&figures).as_deref(), Some("1.24 s · p95 2.90 s"));
    }
}
