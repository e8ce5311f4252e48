//! A leg that we call: one target, its attempts one after the other, then the talk.
//!
//! ```text
//!  Calling ── 3xx of a trunk whose redirections are followed ──► what it names
//!     │    ── no provisional in 4 s, 500/502–504 before ringing ──► next attempt, or Ended
//!     │ 18x ──► Ringing/EarlyMedia       │ 2xx ──► talk (`talk.rs`) ──► Ended
//!     └─ hang-up ──► CANCEL; a 200 that crosses it, unheard of, is acknowledged and ended by the user agent
//! ```

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use sip::message::{HeaderName, Headers, Response, StatusCode, Uri};
use sip::ua::{Body, EndCause, Event, Failure, Invite};
use tokio::sync::mpsc;
use voice::{Cause, CauseKind, LegCommand, LegEvent};

use super::media_end::{MediaEnd, MediaEndError};
use super::redirect::{self, MOST_REDIRECTIONS};
use super::report::{LegEnd, Reports};
use super::session_timer::SessionTimer;
use super::talk::{Talk, reason_headers, seldom, warning_of};
use super::way::Way;
use super::{LegOrder, cause};
use crate::gateway::figures::{self, TrunkFigures};
use crate::gateway::sip::{Signal, SipHandle, SipLeg};
use crate::gateway::trunks::route::fails_over;
use crate::gateway::trunks::terms::Terms;

/// A trunk that has not even said 100 by now is tried no longer when there is another (gateway.md, "Calls").
const FIRST_ANSWER: Duration = Duration::from_secs(4);

/// How one attempt ended.
enum Attempted {
    /// The leg is over.
    Ended(LegEnd),
    /// The trunk failed before anything rang.
    TryNext(Cause),
    /// The trunk sends the call elsewhere, to one of these.
    Elsewhere(Vec<Uri>, Cause),
}

/// Runs the leg to its end; the last thing reported is `Ended`. `ways` are tried one after the other, on their terms.
pub async fn run(
    sip: SipHandle,
    mut end: Box<dyn MediaEnd>,
    ways: Vec<(Way, Terms)>,
    mut orders: mpsc::Receiver<LegOrder>,
    reports: Reports,
) {
    let mut last: LegEnd = CauseKind::TrunkUnreachable.into();
    let mut ways = VecDeque::from(ways);
    let mut redirections = 0;
    while let Some((way, terms)) = ways.pop_front() {
        // In a box, so that a leg that talks no longer has room for it.
        let way = Box::new(way);
        let is_last = ways.is_empty();
        // Held to the end of the attempt, or of the call that it leads to.
        let Ok(_place) = terms.enter() else { continue };
        if !terms.may_begin(reports.clock.monotonic()) {
            continue;
        }
        if let Some(codecs) = terms.codecs() {
            end.allow(codecs.to_vec());
        }
        end.secure(way.srtp);
        let Ok(offer) = end.offer().await else {
            last = CauseKind::Failed.into();
            break;
        };
        let follows = terms.follows_redirects() && redirections < MOST_REDIRECTIONS;
        let kept = follows.then(|| way.clone());
        let attempt = Attempt { sip: &sip, reports: &reports, offer, is_last, follows, figures: terms.figures() };
        match attempt.run(way, end, &mut orders).await {
            (Attempted::Ended(end), _) => {
                last = end;
                break;
            }
            (Attempted::TryNext(cause) | Attempted::Elsewhere(_, cause), None) => {
                last = cause.into();
                break;
            }
            (Attempted::TryNext(cause), Some(unused)) => {
                last = cause.into();
                end = unused;
            }
            (Attempted::Elsewhere(targets, cause), Some(unused)) => {
                last = cause.into();
                end = unused;
                redirections += 1;
                if let Some(way) = kept {
                    let elsewhere = seldom(redirect::ways_to(&way, targets)).await;
                    elsewhere.into_iter().rev().for_each(|way| ways.push_front((way, terms.clone())));
                }
            }
        }
    }
    reports.ended(last).await;
}

/// How an attempt began.
enum Begun {
    /// The INVITE is on its way.
    Leg(SipLeg, mpsc::Receiver<Signal>),
    /// The connection that it goes by can't be opened.
    Nobody,
    /// The call does not want it any more.
    HungUp(Cause),
}

struct Attempt<'a> {
    sip: &'a SipHandle,
    reports: &'a Reports,
    offer: Bytes,
    is_last: bool,
    /// Whether a 3xx is followed.
    follows: bool,
    /// Of the trunk that it goes by.
    figures: Option<&'a TrunkFigures>,
}

impl Attempt<'_> {
    /// Gives the media end back for the next attempt when this one came to nothing.
    async fn run(
        self,
        way: Box<Way>,
        end: Box<dyn MediaEnd>,
        orders: &mut mpsc::Receiver<LegOrder>,
    ) -> (Attempted, Option<Box<dyn MediaEnd>>) {
        let (leg, mut signals) = match seldom(self.begin(&way, orders)).await {
            Begun::Leg(leg, signals) => (leg, signals),
            Begun::HungUp(cause) => return (Attempted::Ended(cause.into()), None),
            Begun::Nobody => {
                self.count(figures::Attempt::Failed);
                return (Attempted::TryNext(CauseKind::TrunkUnreachable.into()), Some(end));
            }
        };
        let reports = Reports { rights: way.rights.clone(), ..self.reports.clone() };
        drop(way);
        let mut talk = Talk::new(self.sip.clone(), leg, end, reports);
        let mut calling = Calling { began: self.reports.clock.monotonic(), ..Calling::default() };
        let mut dropped = false;
        loop {
            let is_waiting = !calling.heard && !self.is_last && !calling.cancelled;
            tokio::select! {
                biased;
                signal = signals.recv() => {
                    let Some(event) = signal else {
                        return (Attempted::Ended(CauseKind::ConnectionLost.into()), None);
                    };
                    match *event {
                        Event::SessionEnded { cause: end, .. } if !calling.answered => {
                            return self.unanswered(&end, &calling, talk.end);
                        }
                        event => if let Some(LegEnd { cause, at }) = seldom(self.progress(event, &mut calling, &mut talk)).await {
                            let cause = calling.unusable.map_or(cause, |cause| *cause);
                            return (Attempted::Ended(LegEnd { cause, at }), None);
                        },
                    }
                }
                order = orders.recv(), if !dropped => {
                    dropped = order.is_none();
                    // A call that is gone lets go of its legs.
                    let at = order.as_ref().and_then(|order| order.at.as_deref().copied());
                    let cause = match order.map(|order| order.command) {
                        Some(LegCommand::Hangup(cause)) => cause,
                        Some(LegCommand::Transfer(event)) => {
                            seldom(talk.tell_transfer(event)).await;
                            continue;
                        }
                        Some(_) => continue,
                        None if calling.cancelled => continue,
                        None => CauseKind::NormalClearing.into(),
                    };
                    calling.cancelled = true;
                    if calling.answered {
                        seldom(talk.obey_hangup(&cause, at)).await;
                    } else {
                        seldom(self.sip.cancel(leg, reason_headers(&cause))).await;
                    }
                    if orders.is_closed() && orders.is_empty() {
                        return (seldom(self.see_off(signals, calling.answered)).await, None);
                    }
                }
                () = talk.timer_due() => seldom(talk.on_timer()).await,
                () = self.reports.clock.until(calling.began + FIRST_ANSWER), if is_waiting => {
                    seldom(self.sip.cancel(leg, Headers::new())).await;
                    self.count(figures::Attempt::Failed);
                    return (Attempted::TryNext(CauseKind::TrunkUnreachable.into()), Some(talk.end));
                }
            }
        }
    }

    /// Sends the INVITE, by a connection that is opened if it goes by one. A hang-up meanwhile ends the leg.
    async fn begin(&self, way: &Way, orders: &mut mpsc::Receiver<LegOrder>) -> Begun {
        let mut invite = way.invite(Body::sdp(self.offer.clone()));
        let by = match (&way.borrowing, way.connection_for(&invite)) {
            (Some(borrowing), _) => Err(borrowing),
            (None, Some(by)) => Ok(by),
            (None, None) => return self.send(invite).await,
        };
        let could_do_without = matches!(by, Ok((_, true)));
        let mut connection = pin!(async {
            match by {
                Ok((hop, could_do_without)) => self.sip.connect(hop, could_do_without).await,
                Err(borrowing) => borrowing.open(self.sip).await,
            }
        });
        let path = loop {
            tokio::select! {
                path = &mut connection => break path,
                order = orders.recv() => match order.map(|order| order.command) {
                    Some(LegCommand::Hangup(cause)) => return Begun::HungUp(cause),
                    Some(_) => {}
                    None => return Begun::HungUp(CauseKind::Canceled.into()),
                },
            }
        };
        match path {
            Some(path) => invite.path = path,
            None if could_do_without => {}
            None => return Begun::Nobody,
        }
        self.send(invite).await
    }

    async fn send(&self, invite: Invite) -> Begun {
        let (trace, keeper) = (self.reports.trace.clone(), self.reports.keeper.clone());
        let (leg, signals) = self.sip.invite(invite, trace, keeper).await;
        Begun::Leg(leg, signals)
    }

    /// The call is gone; only the end of the session is awaited.
    async fn see_off(&self, mut signals: mpsc::Receiver<Signal>, answered: bool) -> Attempted {
        while let Some(event) = signals.recv().await {
            if let Event::SessionEnded { cause: end, .. } = *event {
                return Attempted::Ended(cause::of_end(&end).into());
            }
        }
        Attempted::Ended(if answered { CauseKind::NormalClearing } else { CauseKind::Canceled }.into())
    }

    fn since(&self, calling: &Calling) -> Duration {
        self.reports.clock.monotonic().saturating_sub(calling.began)
    }

    fn count(&self, attempt: figures::Attempt) {
        if let Some(figures) = self.figures {
            figures.count(attempt);
        }
    }

    fn unanswered(
        &self,
        end: &EndCause,
        calling: &Calling,
        media: Box<dyn MediaEnd>,
    ) -> (Attempted, Option<Box<dyn MediaEnd>>) {
        let cause = cause::of_end(end);
        let theirs = match end {
            EndCause::Failed(failure @ Failure::Response(_)) => fails_over(failure.status(), calling.rang),
            EndCause::Failed(_) => !calling.rang,
            _ => false,
        };
        if let EndCause::Failed(Failure::Response(response)) = end
            && response.status.is_redirection()
            && self.follows
            && !calling.cancelled
            && !calling.rang
        {
            let targets = redirect::targets_of(response);
            if !targets.is_empty() {
                return (Attempted::Elsewhere(targets, cause), Some(media));
            }
        }
        // What the network knows about the callee it would say again by another way.
        if theirs && !calling.cancelled && !cause.is_of_callee() {
            self.count(figures::Attempt::Failed);
            (Attempted::TryNext(cause), Some(media))
        } else {
            self.count(figures::Attempt::Ended);
            (Attempted::Ended(cause.into()), None)
        }
    }

    async fn progress(&self, event: Event, calling: &mut Calling, talk: &mut Talk) -> Option<LegEnd> {
        match event {
            Event::Provisional { response, .. } => {
                calling.heard = true;
                if response.status.code() >= 180 {
                    if !std::mem::replace(&mut calling.rang, true)
                        && let Some(figures) = self.figures
                    {
                        figures.rang(self.since(calling));
                    }
                    self.ringing(&response, calling, talk).await;
                }
                None
            }
            Event::Answered { response, .. } => {
                calling.heard = true;
                calling.answered = true;
                if let Some(figures) = self.figures {
                    figures.answered(self.since(calling));
                }
                // First: the callee has our ACK, and would be billed on whatever becomes of this process. Nothing is left to hold
                // back until it is written.
                talk.keep_dialog().await;
                talk.count().await;
                if let Err(error) = self.conclude(&response, calling, talk).await {
                    calling.unusable = Some(Box::new(unusable(error.as_ref())));
                    talk.hang_up(error.as_ref().map(warning_of).unwrap_or_default()).await;
                    return None;
                }
                if calling.cancelled {
                    talk.hang_up(Headers::new()).await;
                    return None;
                }
                talk.learn(&response.headers);
                talk.time(SessionTimer::of_answer(&response.headers));
                self.reports.tell(LegEvent::Answered).await;
                if let Some(held) = talk.held() {
                    self.reports.tell(held).await;
                }
                None
            }
            event => talk.handle(event).await,
        }
    }

    async fn ringing(&self, response: &Response, calling: &mut Calling, talk: &mut Talk) {
        if response.body.is_empty() {
            self.reports.tell(LegEvent::Ringing).await;
        } else if self.agree(response, talk).await.is_ok() {
            // Of several that ring it is the last one to speak that is heard.
            calling.media_of = Some(tag_of(response));
            // Said for certain, and perhaps changed since by an UPDATE: what its 2xx repeats is of the past (RFC 3261 §13.2.1).
            calling.is_settled = response.headers.contains(&HeaderName::RSeq);
            self.reports.tell(LegEvent::EarlyMedia).await;
        }
    }

    /// The 2xx has the answer, whatever a 18x has said before (RFC 3261 §13.2.2.4): it is of another dialog when it has
    /// another tag. Only the dialog whose 18x had an answer may leave it out here.
    ///
    /// # Errors
    /// There is none that we can use, and why where there is one.
    async fn conclude(
        &self,
        response: &Response,
        calling: &mut Calling,
        talk: &mut Talk,
    ) -> Result<(), Option<MediaEndError>> {
        let tag = tag_of(response);
        let is_known = calling.media_of.as_ref() == Some(&tag);
        if response.body.is_empty() || is_known && calling.is_settled {
            return if is_known { Ok(()) } else { Err(None) };
        }
        calling.media_of = Some(tag);
        self.agree(response, talk).await.map_err(Some)
    }

    /// Applies the SDP answer.
    async fn agree(&self, response: &Response, talk: &mut Talk) -> Result<(), MediaEndError> {
        talk.end.apply(&response.body).await?;
        if let Some(codec) = talk.end.codec() {
            self.reports.agreed(talk.end.port(), codec).await;
        }
        Ok(())
    }
}

/// Why a leg ends whose answer we can't use: it had none, or this is wrong with it.
fn unusable(error: Option<&MediaEndError>) -> Cause {
    match error {
        Some(MediaEndError::Unsecured) => CauseKind::MediaNotSecured.into(),
        // What its peer would have been told of an offer like it.
        _ => Cause::from_network(StatusCode::NOT_ACCEPTABLE_HERE.code(), None),
    }
}

fn tag_of(response: &Response) -> String {
    response.to().ok().and_then(|to| to.tag().map(str::to_owned)).unwrap_or_default()
}

/// What an attempt has come to.
#[derive(Default)]
struct Calling {
    /// When its INVITE went out, on the monotonic clock.
    began: Duration,
    /// Anything at all came back.
    heard: bool,
    /// 180 or later.
    rang: bool,
    /// To tag of the response whose SDP answer is applied.
    media_of: Option<String>,
    /// That response was sent reliably.
    is_settled: bool,
    answered: bool,
    cancelled: bool,
    /// Why the answer is none that we can use.
    unusable: Option<Box<Cause>>,
}
