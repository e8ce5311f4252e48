//! What the network said in a call and how it sounded, beside what the call's timeline tells: each SIP message is an arrow between
//! the gateway and its party, and the opinion score of every five seconds a band below the party's states. Their details open in the
//! inspector: a message's text, a party's figures piece by piece.

use super::call_axis::{Axis, CALLER, Lane, Look, Mark, Role};
use crate::{
    components::{CodeBlock, Head::End, Moment, cell, heads},
    format,
    i18n::{AxisText, Lang, fill},
};
use leptos::prelude::*;
use sautikit_api::{
    call_traces::{CallQuality, LegQuality, QualitySample, SipLadder, SipMessage},
    calls::Call,
    ids::LegRecordId,
};

/// Messages that a page shows: a call of some hours that refreshes its session stays below it.
const MOST_MESSAGES: usize = 300;
/// Legs that a call dials at most, as far as their ids are looked for.
const MOST_LEGS: u32 = 64;
/// Opinion scores: below these many are dissatisfied, nearly all are.
const FAIR: f64 = 3.6;
const POOR: f64 = 3.1;

/// A call's trace.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub(super) messages: Vec<SipMessage>,
    /// Further messages that the page has no room for.
    pub(super) left_out: usize,
    pub(super) quality: Vec<LegQuality>,
}

impl Signals {
    /// As the API gives them.
    pub(super) fn new(ladder: SipLadder, quality: CallQuality) -> Self {
        let SipLadder { mut data, left_out } = ladder;
        let beyond = data.len().saturating_sub(MOST_MESSAGES);
        data.truncate(MOST_MESSAGES);
        Self { messages: data, left_out: beyond + left_out as usize, quality: quality.data }
    }

    /// Moments that an axis has to have room for, in microseconds UTC.
    pub(super) fn moments_us(&self) -> impl Iterator<Item = i64> + '_ {
        self.messages.iter().map(|message| message.at_ms.saturating_mul(1_000))
    }
}

/// The number of each leg within the call, by its record.
fn numbers(call: &Call, lanes: &[Lane]) -> Vec<(LegRecordId, i64)> {
    let mut numbers: Vec<(LegRecordId, i64)> = Vec::new();
    for leg in &call.legs {
        let dialled = (0..MOST_LEGS).find(|number| LegRecordId::dialled(call.id, *number) == leg.id).map(i64::from);
        let is_free = |lane: &&Lane| lane.leg.is_some_and(|number| !numbers.iter().any(|(_, taken)| *taken == number));
        let of_target =
            || lanes.iter().filter(is_free).find(|lane| lane.party.ends_with(&leg.target)).and_then(|lane| lane.leg);
        let number = match (dialled, leg.direction.as_str()) {
            (Some(number), _) => Some(number),
            (None, "inbound") => Some(CALLER),
            (None, _) => of_target(),
        };
        numbers.extend(number.map(|number| (leg.id, number)));
    }
    numbers
}

/// Puts arrows and bands into the lanes of an axis.
pub(super) fn add(axis: &mut Axis, call: &Call, signals: &Signals, lang: Lang) {
    let text = &lang.text().axis;
    let began_us = axis.window.from_us();
    let numbers = numbers(call, &axis.lanes);
    for (place, message) in signals.messages.iter().enumerate() {
        let Some(lane) = lane_of(&mut axis.lanes, &numbers, message.leg_id) else { continue };
        let at_us = message.at_ms.saturating_mul(1_000);
        let says = [
            title(message, text),
            lane.party.clone(),
            format::offset(at_us - began_us),
            if message.is_retransmission { text.again.to_owned() } else { String::new() },
        ];
        let says = says.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        let look = Look::Arrow {
            forwards: forwards(lane.role, &message.direction),
            is_bad: message.status.is_some_and(|status| status >= 400),
        };
        lane.marks.push(Mark {
            from_us: at_us,
            to_us: at_us,
            look,
            words: short(message),
            says,
            anchor: format!("sip-{place}"),
        });
    }
    for (place, leg) in signals.quality.iter().enumerate() {
        let Some(lane) = lane_of(&mut axis.lanes, &numbers, leg.leg_id) else { continue };
        for band in bands(&leg.samples) {
            let words = band.mos().map_or_else(|| text.no_packets.to_owned(), |mos| format!("MOS {mos:.1}"));
            let says = format!("{}, {words}, {}", text.sound, format::offset(band.from_us - began_us));
            let Band { from_us, to_us, tone, .. } = band;
            lane.marks.push(Mark {
                from_us,
                to_us,
                look: Look::Bar(tone),
                words,
                says,
                anchor: format!("quality-{place}"),
            });
        }
    }
}

/// The lane of a leg; the gateway's for one that nobody knows.
fn lane_of<'a>(lanes: &'a mut [Lane], numbers: &[(LegRecordId, i64)], leg: LegRecordId) -> Option<&'a mut Lane> {
    let number = numbers.iter().find(|(id, _)| *id == leg).map(|(_, number)| *number);
    let place = number.and_then(|number| lanes.iter().position(|lane| lane.leg == Some(number)));
    let place = place.or_else(|| lanes.iter().position(|lane| lane.role == Role::Gateway))?;
    lanes.get_mut(place)
}

/// Whether an arrow points to the lanes that follow: the caller stands before the gateway, all others behind it.
fn forwards(role: Role, direction: &str) -> bool {
    (direction == "sent") != (role == Role::Caller)
}

/// `INVITE`, or a response's status.
fn short(message: &SipMessage) -> String {
    message.status.map_or_else(|| message.method.clone(), |status| status.to_string())
}

/// `INVITE sent`, `200 OK received`.
fn title(message: &SipMessage, text: &'static AxisText) -> String {
    let line = match message.status {
        Some(_) => message.start_line.strip_prefix("SIP/2.0 ").unwrap_or(&message.start_line),
        None => message.method.as_str(),
    };
    fill(if message.direction == "sent" { text.sent } else { text.received }, line)
}

/// Pieces that follow each other and sounded alike.
#[derive(Debug, PartialEq)]
struct Band {
    from_us: i64,
    to_us: i64,
    tone: &'static str,
    scores: Vec<f64>,
}

impl Band {
    /// The mean of its scores.
    fn mos(&self) -> Option<f64> {
        (!self.scores.is_empty()).then(|| self.scores.iter().sum::<f64>() / self.scores.len() as f64)
    }
}

fn bands(samples: &[QualitySample]) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for sample in samples {
        let Some(to_us) = format::micros(&sample.at) else { continue };
        let from_us = to_us.saturating_sub(sample.span_ms.saturating_mul(1_000));
        let tone = match sample.mos {
            None => "asked",
            Some(mos) if mos < POOR => "bad",
            Some(mos) if mos < FAIR => "slow",
            Some(_) => "good",
        };
        match bands.last_mut().filter(|band| band.tone == tone) {
            Some(band) => {
                band.to_us = to_us;
                band.scores.extend(sample.mos);
            }
            None => bands.push(Band { from_us, to_us, tone, scores: sample.mos.into_iter().collect() }),
        }
    }
    bands
}

/// The inspector's items of all messages and parties; `began_us` is when the call began.
pub(super) fn items(call: &Call, axis: &Axis, signals: &Signals, began_us: i64, lang: Lang) -> AnyView {
    let numbers = numbers(call, &axis.lanes);
    let party = |leg: LegRecordId| {
        let number = numbers.iter().find(|(id, _)| *id == leg).map(|(_, number)| *number);
        axis.lanes
            .iter()
            .find(|lane| lane.leg.is_some() && lane.leg == number)
            .map(|lane| lane.party.clone())
            .unwrap_or_default()
    };
    let messages = signals.messages.iter().enumerate();
    let messages = messages.map(|(place, message)| message_item(place, message, party(message.leg_id), began_us, lang));
    let legs = signals.quality.iter().enumerate().map(|(place, leg)| quality_item(place, leg, party(leg.leg_id), lang));
    view! { {messages.collect_view()}{legs.collect_view()} }.into_any()
}

/// A panel of the inspector.
fn item(anchor: String, heading: String, close: &'static str, body: AnyView) -> AnyView {
    let titled = format!("{anchor}-title");
    let named_by = titled.clone();
    view! {
        <section class="inspector__item panel" id=anchor aria-labelledby=named_by>
            <div class="panel__head">
                <h2 id=titled tabindex="-1">{heading}</h2>
                <a class="button button--small" href=format!("#{}", super::call_inspector::AXIS) data-inspector-close>{close}</a>
            </div>
            <div class="panel__body stack">{body}</div>
        </section>
    }
    .into_any()
}

fn message_item(place: usize, message: &SipMessage, party: String, began_us: i64, lang: Lang) -> AnyView {
    let text = &lang.text().axis;
    let (from, to) = match message.direction.as_str() {
        "sent" => (&message.local, &message.remote),
        _ => (&message.remote, &message.local),
    };
    let way = format!("{from} → {to} ({})", message.transport);
    let again = message.is_retransmission.then(|| view! { <dt>{text.copy}</dt><dd>{text.again}</dd> });
    let party = (!party.is_empty()).then(|| view! { <dt>{text.party}</dt><dd>{party}</dd> });
    let body = view! {
        <dl class="facts">
            <dt>{text.when}</dt><dd><Moment at=message.at.clone() lang exact=true/></dd>
            <dt>{text.offset}</dt><dd class="figure">{format::offset(message.at_ms.saturating_mul(1_000) - began_us)}</dd>
            {party}
            <dt>{text.way}</dt><dd class="breakable"><code>{way}</code></dd>
            {again}
        </dl>
        <CodeBlock id=format!("sip-{place}-text") label=text.message code=message.text.replace("\r\n", "\n") lang/>
    };
    item(format!("sip-{place}"), title(message, text), text.close, body.into_any())
}

fn quality_item(place: usize, leg: &LegQuality, party: String, lang: Lang) -> AnyView {
    let text = &lang.text().axis;
    let figure =
        |value: Option<f64>, unit: &str| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}{unit}"));
    let secured = leg.media_security.clone().map(|method| {
        let suite = leg.srtp_suite.as_ref().map(|suite| format!(" ({suite})")).unwrap_or_default();
        view! { <dt>{text.secured}</dt><dd class="breakable"><code>{method}{suite}</code></dd> }
    });
    let rows = leg.samples.iter().map(|sample| {
        view! {
            <tr>
                {cell(text.when, "", view! { <Moment at=sample.at.clone() lang clock=true/> })}
                {cell(text.score, "end", figure(sample.mos, ""))}
                {cell(text.loss, "end", figure(Some(sample.loss_percent), " %"))}
                {cell(text.jitter, "end", figure(Some(sample.jitter_ms), " ms"))}
                {cell(text.round_trip, "end", figure(sample.rtt_ms, " ms"))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([End(text.when), End(text.score), End(text.loss), End(text.jitter), End(text.round_trip)]);
    let body = view! {
        <dl class="facts">
            <dt>{text.score}</dt><dd class="figure">{figure(leg.mos, "")}</dd>
            <dt>{text.loss}</dt><dd class="figure">{figure(Some(leg.loss_percent), " %")}</dd>
            <dt>{text.jitter}</dt><dd class="figure">{figure(leg.jitter_ms, " ms")}</dd>
            <dt>{text.round_trip}</dt><dd class="figure">{figure(leg.rtt_ms, " ms")}</dd>
            {secured}
        </dl>
        <div class="table-box" tabindex="0" role="region" aria-label=text.sound><table class="table table--narrow">{headings}<tbody>{rows}</tbody></table></div>
    };
    let heading = if party.is_empty() { text.sound.to_owned() } else { format!("{}, {party}", text.sound) };
    item(format!("quality-{place}"), heading, text.close, body.into_any())
}

/// Below the drawing: what it has no room for, and all messages as a file.
pub(super) fn foot(call: &Call, signals: &Signals, lang: Lang) -> Option<AnyView> {
    if signals.messages.is_empty() {
        return None;
    }
    let text = &lang.text().axis;
    let left_out =
        (signals.left_out > 0).then(|| view! { <span>{fill(text.left_out, &signals.left_out.to_string())}</span> });
    let file = format!("/v1/calls/{}/sip.txt", call.id);
    Some(view! { <p class="panel__body row small muted"><a href=file>{text.as_text}</a>{left_out}</p> }.into_any())
}

#[cfg(test)]
#[path = "call_signals_test.rs"]
mod tests;
