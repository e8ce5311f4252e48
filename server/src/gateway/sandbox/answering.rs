//! How the sandbox carrier takes a call.

use std::time::Duration;

use bytes::Bytes;
use sip::message::{HeaderName, Headers, StatusCode};
use sip::ua::{Body, Event, Reply};
use tokio::sync::mpsc;
use voice::{AssetId, LegId, Text};

use super::Sandbox;
use super::script::{Answered, RINGING, Script, script_for};
use crate::gateway::leg::{CodecPolicy, MediaEnd, RtpEnd};
use crate::gateway::media::{CallMedia, LegMediaEvent, MediaEvent};
use crate::gateway::sip::{IncomingCall, Signal};

/// What an answered call hears first.
pub(super) const LINE: &str =
    "Hello. This is the Sautikit sandbox. Nobody is really called. Say something and you will hear it again.";
/// Media events of one call that may wait.
const MEDIA_EVENTS: usize = 16;
/// Before the keys are pressed: the caller's side must be listening.
const BEFORE_KEYS: Duration = Duration::from_secs(1);
/// The one leg of a carrier's call.
pub(super) const LEG: LegId = LegId::FIRST;

/// Takes one call to its end.
pub(super) async fn answer(sandbox: Sandbox, mut call: IncomingCall) {
    let number = call.request.uri.decoded_user().unwrap_or_default().into_owned();
    match script_for(&number) {
        Script::Refuse { status, cause } => {
            let mut headers = Headers::new();
            headers.push(HeaderName::Reason, Bytes::from(format!("Q.850;cause={cause}")));
            let status = StatusCode::new(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            sandbox.parts.sip.respond(call.transaction, Reply { status, headers, body: None }).await;
        }
        Script::RingForEver => {
            sandbox.parts.sip.respond(call.transaction, Reply::new(StatusCode::RINGING)).await;
            until_end(&mut call.signals, None).await;
        }
        Script::Answer(answered) => ring_and_talk(&sandbox, call, &answered).await,
    }
}

async fn ring_and_talk(sandbox: &Sandbox, mut call: IncomingCall, answered: &Answered) {
    sandbox.parts.sip.respond(call.transaction, Reply::new(StatusCode::RINGING)).await;
    if until_end(&mut call.signals, Some(RINGING)).await {
        return;
    }
    let (events, mut media_events) = mpsc::channel(MEDIA_EVENTS);
    let media = sandbox.parts.media.open_call(events);
    let answer = match RtpEnd::open(&media, LEG, CodecPolicy::trunk()) {
        Ok(mut end) => {
            if *answered == Answered::Silence {
                end.fall_silent();
            }
            end.answer(&call.request.body).await.map(|sdp| (end, sdp))
        }
        Err(error) => Err(error),
    };
    let Ok((end, sdp)) = answer else {
        return sandbox.parts.sip.respond(call.transaction, Reply::new(StatusCode::NOT_ACCEPTABLE_HERE)).await;
    };
    sandbox.parts.sip.respond(call.transaction, Reply::new(StatusCode::OK).body(Body::sdp(sdp))).await;
    match answered {
        Answered::SpeakAndEcho => {
            speak_then_echo(sandbox, &media, end.port(), &mut media_events, &mut call.signals).await;
        }
        Answered::HangUpAfter(after) => {
            if !until_end(&mut call.signals, Some(*after)).await {
                sandbox.parts.sip.bye(call.leg, Headers::new()).await;
                until_end(&mut call.signals, None).await;
            }
        }
        Answered::Press(keys) => {
            if !until_end(&mut call.signals, Some(BEFORE_KEYS)).await {
                media.send_digits(end.port(), keys);
                until_end(&mut call.signals, None).await;
            }
        }
        Answered::Silence => {
            until_end(&mut call.signals, None).await;
        }
    }
}

/// Plays the line, then sends back what comes, until the call ends.
pub(super) async fn speak_then_echo(
    sandbox: &Sandbox,
    media: &CallMedia,
    port: crate::gateway::media::PortId,
    media_events: &mut mpsc::Receiver<LegMediaEvent>,
    signals: &mut mpsc::Receiver<Signal>,
) {
    let text = Text {
        asset: AssetId(0),
        text: LINE.to_owned(),
        markup: None,
        voice: "default".to_owned(),
        language: "en".to_owned(),
        rate_percent: 100,
    };
    match sandbox.parts.speech.speak(&text).await {
        Ok(line) => media.play(port, line.audio, 1),
        Err(error) => {
            tracing::warn!(%error, "the sandbox can't speak; it only repeats");
            media.echo(port, true);
        }
    }
    loop {
        tokio::select! {
            signal = signals.recv() => if is_end(signal.as_ref()) { return },
            Some(event) = media_events.recv() => {
                if matches!(event.event, MediaEvent::PlayEnded { .. }) {
                    media.echo(port, true);
                }
            }
        }
    }
}

/// Waits for the end of the call, at most so long. True when it has ended.
pub(super) async fn until_end(signals: &mut mpsc::Receiver<Signal>, at_most: Option<Duration>) -> bool {
    let ended = async { while !is_end(signals.recv().await.as_ref()) {} };
    match at_most {
        Some(limit) => tokio::time::timeout(limit, ended).await.is_ok(),
        None => {
            ended.await;
            true
        }
    }
}

fn is_end(signal: Option<&Signal>) -> bool {
    signal.is_none_or(|event| matches!(**event, Event::SessionEnded { .. }))
}
