//! A leg that we call in several places at once: all tabs and devices of an identity ring, the first to answer wins.
//!
//! ```text
//!  Ringing ── one answers ──► Talking (the others: CANCEL "completed elsewhere") ── it ends ──► Ended
//!     └─ all refuse, one declines for all (6xx), hang-up ──────────────────────────────────────► Ended
//! ```
//! Each place is a leg of its own ([`super::outbound`]); here only one of them is let through to the call.

use std::time::Duration;

use media::{Codec, PortId};
use tokio::sync::mpsc;
use tokio::time::timeout;
use voice::{Cause, CauseKind, LegCommand, LegEvent};

use super::LegOrder;
use super::media_end::MediaEnd;
use super::orders::ORDER_QUEUE;
use super::outbound;
use super::report::{LegEnd, Reports};
use super::transfer;
use super::way::Way;
use crate::gateway::call_task::Arrival;
use crate::gateway::sip::{OpenDialog, SipHandle};
use crate::gateway::trunks::terms::Terms;

/// Reports that may wait for the fork; a branch makes a handful.
const REPORT_QUEUE: usize = 64;
/// How long the other places may take to confirm that they have let go (64·T1, RFC 3261 §9.1).
const LETTING_GO: Duration = Duration::from_secs(33);

/// One place that rings.
struct Branch {
    orders: mpsc::Sender<LegOrder>,
    /// Where it is heard, once it has answered our offer.
    agreed: Option<(PortId, Codec)>,
    /// Of a place that has answered before anybody won.
    dialog: Option<Box<OpenDialog>>,
    over: bool,
}

struct Fork {
    branches: Vec<Branch>,
    /// The branch that answered.
    winner: Option<usize>,
    /// The most telling refusal so far.
    failure: Option<Cause>,
    reports: Reports,
}

/// Runs the leg to its end; the last thing reported is `Ended`.
pub async fn run(
    sip: SipHandle,
    places: Vec<(Way, Box<dyn MediaEnd>)>,
    mut orders: mpsc::Receiver<LegOrder>,
    reports: Reports,
) {
    let (inbox, mut arrivals) = mpsc::channel(REPORT_QUEUE);
    let mut branches = Vec::with_capacity(places.len());
    for (index, (way, end)) in places.into_iter().enumerate() {
        let (sender, receiver) = mpsc::channel(ORDER_QUEUE);
        let (own, mut told) = mpsc::channel(REPORT_QUEUE);
        let (inbox, branch) = (inbox.clone(), Reports { inbox: own, ..reports.clone() });
        tokio::spawn(outbound::run(sip.clone(), end, vec![(way, Terms::default())], receiver, branch));
        tokio::spawn(async move {
            while let Some(arrival) = told.recv().await {
                // The fork is over when nobody listens; the branch ends by itself.
                let _ = inbox.send((index, arrival)).await;
            }
        });
        branches.push(Branch { orders: sender, agreed: None, dialog: None, over: false });
    }
    drop(inbox);
    let mut fork = Fork { branches, winner: None, failure: None, reports: reports.clone() };
    let mut dropped = false;
    let end: LegEnd = loop {
        tokio::select! {
            biased;
            arrival = arrivals.recv() => {
                let Some((index, arrival)) = arrival else { break CauseKind::ConnectionLost.into() };
                if let Some(end) = fork.heard(index, arrival).await { break end }
            }
            order = orders.recv(), if !dropped => match order {
                Some(LegOrder { command: LegCommand::Hangup(cause), at, .. }) => fork.hang_up(cause, at.map(|at| *at), None).await,
                Some(order) => fork.pass_on(order).await,
                // A call that is gone lets go of its legs.
                None => {
                    dropped = true;
                    fork.hang_up(CauseKind::NormalClearing.into(), None, None).await;
                }
            },
        }
    };
    reports.ended(end).await;
    // Places that still ring have been told; their transactions end in the user agent, and with them the branches.
    let letting_go = async { while arrivals.recv().await.is_some() {} };
    let _ = timeout(LETTING_GO, letting_go).await;
}

impl Fork {
    /// Lets a branch's report through when it concerns the call. Gives the end when the leg is over.
    async fn heard(&mut self, index: usize, arrival: Arrival) -> Option<LegEnd> {
        match arrival {
            Arrival::Leg { at, event: LegEvent::Ended(cause), .. } => {
                return self.ended(index, cause).await.map(|cause| LegEnd { cause, at: Some(at) });
            }
            Arrival::Agreed { port, codec, .. } => {
                if let Some(branch) = self.branches.get_mut(index) {
                    branch.agreed = Some((port, codec));
                }
            }
            Arrival::Leg { event: LegEvent::Answered, .. } if self.winner.is_none() => self.win(index).await,
            // Several places: what one of them sends before its answer is not for the caller (gateway.md, "Early media").
            Arrival::Leg { event: LegEvent::EarlyMedia, .. } => self.reports.tell(LegEvent::Ringing).await,
            Arrival::Leg { event, .. } if self.winner.is_none() || self.winner == Some(index) => {
                self.reports.tell(event).await;
            }
            arrival if self.winner == Some(index) && transfer::is_of(self.reports.leg, &arrival) => {
                // A call that is gone transfers nobody.
                let _ = self.reports.inbox.send(arrival).await;
            }
            Arrival::Dialog(_, dialog) => match self.winner {
                // It stands before its place says that it has answered.
                None => {
                    if let Some(branch) = self.branches.get_mut(index) {
                        branch.dialog = Some(dialog);
                    }
                }
                Some(winner) if winner == index => self.hand_on(dialog).await,
                Some(_) => {}
            },
            _ => {}
        }
        None
    }

    /// What the call tells the place that answered.
    async fn pass_on(&self, order: LegOrder) {
        if let Some(branch) = self.winner.and_then(|winner| self.branches.get(winner)) {
            // A branch that has ended meanwhile takes no orders.
            let _ = branch.orders.send(order).await;
        }
    }

    /// The dialog is the leg's; its place has kept it beside the call already.
    async fn hand_on(&self, dialog: Box<OpenDialog>) {
        // A call that is gone has a record no more.
        let _ = self.reports.inbox.send(Arrival::Dialog(self.reports.leg, dialog)).await;
    }

    async fn win(&mut self, index: usize) {
        self.winner = Some(index);
        if let Some(dialog) = self.branches.get_mut(index).and_then(|branch| branch.dialog.take()) {
            self.hand_on(dialog).await;
        }
        self.hang_up(CauseKind::AnsweredElsewhere.into(), None, Some(index)).await;
        if let Some((port, codec)) = self.branches.get(index).and_then(|branch| branch.agreed) {
            self.reports.agreed(port, codec).await;
        }
        self.reports.tell(LegEvent::Answered).await;
    }

    async fn ended(&mut self, index: usize, cause: Cause) -> Option<Cause> {
        if let Some(branch) = self.branches.get_mut(index) {
            branch.over = true;
        }
        match self.winner {
            Some(winner) => (winner == index).then_some(cause),
            None => self.refused(index, cause).await,
        }
    }

    /// A place that answers no more: the others ring on, unless the callee declined for all of them (RFC 3261 §16.7).
    async fn refused(&mut self, index: usize, cause: Cause) -> Option<Cause> {
        let for_all = cause.sip.is_some_and(|status| status >= 600);
        if for_all {
            self.hang_up(CauseKind::Rejected.into(), None, Some(index)).await;
            return Some(cause);
        }
        let telling = match self.failure {
            Some(failure) if failure.weight() >= cause.weight() => failure,
            _ => cause,
        };
        self.failure = Some(telling);
        self.branches.iter().all(|branch| branch.over).then_some(telling)
    }

    /// Ends every branch but one; `at` is when the call wanted it.
    async fn hang_up(&mut self, cause: Cause, at: Option<Duration>, but: Option<usize>) {
        for (index, branch) in self.branches.iter().enumerate() {
            if Some(index) != but && !branch.over {
                let order = LegOrder { command: LegCommand::Hangup(cause), peer: None, at: at.map(Box::new) };
                // A branch that has ended meanwhile takes no orders.
                let _ = branch.orders.send(order).await;
            }
        }
    }
}
