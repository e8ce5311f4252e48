//! `Output::Judge`: somebody listens whether a person or a machine has answered.

use std::time::Duration;

use media::answering::{FRAME_LEN, Judge, Judgement};
use media::decoder::Decoder;
use media::{Codec, Side};
use tokio::sync::oneshot;
use tokio::time::timeout;
use voice::{Input, JudgeCommand, Judged};

use crate::gateway::call_task::{Arrival, Running};
use crate::gateway::media::{Tap, TapPacket};

/// So long without a packet is silence: telephones that send none in pauses are heard so.
const SILENT_AFTER: Duration = Duration::from_millis(100);
/// Longest pause that is filled in one go; a longer one was an interruption of the network.
const FILLED_UP_TO: Duration = Duration::from_secs(2);
const FRAME: Duration = Duration::from_millis(20);

/// Somebody who listens, until this is dropped.
pub(in crate::gateway) struct Listening(#[expect(dead_code, reason = "its end is what counts")] oneshot::Sender<()>);

impl Running {
    pub(in crate::gateway) fn judge(&mut self, command: JudgeCommand) {
        match command {
            JudgeCommand::Start { leg, awaits_end } => {
                // Of a leg that is gone the end has been told already.
                let Some(seat) = self.legs.get(&leg) else { return };
                let (tap, inbox) = (self.media.tap(seat.port), self.inbox.clone());
                let (listening, stopped) = oneshot::channel();
                tokio::spawn(async move {
                    let judgement = tokio::select! {
                        judgement = listen(tap, Judge::new(awaits_end)) => judgement,
                        _ = stopped => return,
                    };
                    if let Some(Judgement { answered_by, confidence_percent, heard }) = judgement {
                        let heard_ms = u64::try_from(heard.as_millis()).unwrap_or(u64::MAX);
                        let judged = Judged { answered_by: answered_by.as_str(), confidence_percent, heard_ms };
                        let _ = inbox.send(Arrival::Voice(Input::Judged(leg, judged))).await;
                    }
                });
                self.seldom.judges.push((leg, Listening(listening)));
            }
            JudgeCommand::Stop(leg) => self.seldom.judges.retain(|(judged, _)| *judged != leg),
        }
    }
}

/// What a leg is, once that is clear; none when it is gone before.
async fn listen(mut tap: Tap, judge: Judge) -> Option<Judgement> {
    let mut ear = Ear { judge, decoder: None, samples: Vec::new(), at: Duration::ZERO };
    loop {
        let judgement = match timeout(SILENT_AFTER, tap.next()).await {
            Ok(Some(packet)) if packet.side == Side::Said => ear.hear(&packet),
            // What it hears itself tells nothing, and comes all the time.
            Ok(Some(packet)) => ear.is_silent_until(packet.at.saturating_sub(SILENT_AFTER)),
            Ok(None) => return None,
            Err(_) => {
                let until = ear.at + SILENT_AFTER;
                ear.is_silent_until(until)
            }
        };
        if judgement.is_some() {
            return judgement;
        }
    }
}

struct Ear {
    judge: Judge,
    decoder: Option<(Codec, Decoder)>,
    samples: Vec<i16>,
    /// How far it has heard.
    at: Duration,
}

impl Ear {
    fn hear(&mut self, packet: &TapPacket) -> Option<Judgement> {
        let judgement = self.is_silent_until(packet.at);
        if judgement.is_some() {
            return judgement;
        }
        if self.decoder.as_ref().is_none_or(|(codec, _)| *codec != packet.codec) {
            self.decoder = Some((packet.codec, Decoder::new(packet.codec)));
        }
        if let Some((_, decoder)) = &mut self.decoder {
            // A packet that can't be read is a pause.
            let _ = decoder.decode(&packet.payload, &mut self.samples);
        }
        self.judge_samples()
    }

    /// Nothing came up to this moment.
    fn is_silent_until(&mut self, until: Duration) -> Option<Judgement> {
        let gap = until.saturating_sub(self.at);
        if gap > FILLED_UP_TO {
            self.at = until;
        } else if gap >= FRAME {
            let frames = usize::try_from(gap.as_millis() / FRAME.as_millis()).unwrap_or(0);
            self.samples.resize(self.samples.len() + frames * FRAME_LEN, 0);
        }
        self.judge_samples()
    }

    fn judge_samples(&mut self) -> Option<Judgement> {
        let whole = self.samples.len() / FRAME_LEN;
        let frames: Vec<i16> = self.samples.drain(..whole * FRAME_LEN).collect();
        self.at += FRAME * u32::try_from(whole).unwrap_or(0);
        frames.as_chunks::<FRAME_LEN>().0.iter().find_map(|frame| self.judge.hear(frame))
    }
}
