//! What legs are commanded before their codec is agreed. Pure.
//!
//! A call answers a leg and joins or plays to it in one breath, while the leg still negotiates in a task of its own: the
//! command arrives first. It takes effect at the agreement; a split or flush before that takes it back.

use std::collections::HashMap;

use media::{MixId, PortId};

use super::command::Command;

/// Commands kept for one leg. A call sends a leg a play, an echo switch, a detector and a few keys; more is a mistake.
const MOST: usize = 16;

/// Commands that wait for an agreement.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// To one leg, in the order in which they were given.
    commands: HashMap<PortId, Vec<Command>>,
    /// Joins, under both their legs.
    joins: HashMap<PortId, PortId>,
}

impl Waiting {
    /// Keeps a command that names a leg which still `negotiates`; gives back what can be done now.
    pub(super) fn postpone(&mut self, command: Command, negotiates: impl Fn(PortId) -> bool) -> Option<Command> {
        match command {
            Command::Join(a, b) => {
                self.part(a);
                self.part(b);
                if negotiates(a) || negotiates(b) {
                    self.joins.insert(a, b);
                    self.joins.insert(b, a);
                    return None;
                }
            }
            Command::Split(id) => self.part(id),
            Command::Unmix(id, mix) => self.unmix(id, mix),
            Command::Mix(id, ..) => {
                self.part(id);
                if negotiates(id) {
                    return self.keep(id, command);
                }
            }
            Command::Flush(id) => self.unplay(id),
            Command::Remove(id) => self.forget(id),
            Command::Play { id, .. }
            | Command::Tone(id, _)
            | Command::Beep(id, _)
            | Command::Feed(id, _)
            | Command::Digits(id, _)
            | Command::Echo(id, _)
            | Command::Detect(id, _)
            | Command::Tap(id, _)
                if negotiates(id) =>
            {
                return self.keep(id, command);
            }
            _ => {}
        }
        Some(command)
    }

    /// What waited for this leg's codec and waits for nothing else.
    pub(super) fn due(&mut self, id: PortId, negotiates: impl Fn(PortId) -> bool) -> Vec<Command> {
        let mut due = self.commands.remove(&id).unwrap_or_default();
        if let Some(other) = self.joins.get(&id).copied().filter(|other| !negotiates(*other)) {
            due.push(Command::Join(id, other));
        }
        due
    }

    /// A play or tone replaces the one before, as it would when heard. Gives back what finds no room.
    fn keep(&mut self, id: PortId, command: Command) -> Option<Command> {
        if is_heard(&command) {
            self.unplay(id);
        }
        let kept = self.commands.entry(id).or_default();
        if let (Some(Command::Digits(_, before)), Command::Digits(_, more)) = (kept.last_mut(), &command) {
            before.extend(more.iter().copied());
            return None;
        }
        if kept.len() >= MOST {
            return Some(command);
        }
        kept.push(command);
        None
    }

    fn unplay(&mut self, id: PortId) {
        if let Some(kept) = self.commands.get_mut(&id) {
            kept.retain(|command| !is_heard(command));
        }
    }

    /// Takes back that mix.
    fn unmix(&mut self, id: PortId, mix: MixId) {
        if let Some(kept) = self.commands.get_mut(&id) {
            kept.retain(|command| !matches!(command, Command::Mix(_, of, _) if *of == mix));
        }
    }

    /// Takes back a join or mix.
    fn part(&mut self, id: PortId) {
        if let Some(other) = self.joins.remove(&id) {
            self.joins.remove(&other);
        }
        if let Some(kept) = self.commands.get_mut(&id) {
            kept.retain(|command| !matches!(command, Command::Mix(..)));
        }
    }

    /// Takes out what waits for legs that go to another thread. A join with a leg that stays is taken back.
    pub(super) fn depart(&mut self, legs: &[PortId]) -> Self {
        let mut departing = Self::default();
        for id in legs {
            if let Some(other) = self.joins.get(id).copied() {
                self.part(*id);
                if legs.contains(&other) {
                    departing.joins.insert(*id, other);
                    departing.joins.insert(other, *id);
                }
            }
            departing.commands.extend(self.commands.remove_entry(id));
        }
        departing
    }

    /// Puts in what [`Self::depart`] took out.
    pub(super) fn arrive(&mut self, arriving: Self) {
        self.commands.extend(arriving.commands);
        self.joins.extend(arriving.joins);
    }

    fn forget(&mut self, id: PortId) {
        self.part(id);
        self.commands.remove(&id);
    }
}

fn is_heard(command: &Command) -> bool {
    matches!(command, Command::Play { .. } | Command::Tone(..) | Command::Feed(..))
}

#[cfg(test)]
mod tests {
    use media::{MixId, ToneSpec};

    use super::*;

    const A: PortId = PortId(1);
    const B: PortId = PortId(2);

    fn tone() -> Command {
        Command::Tone(A, ToneSpec::beep())
    }

    #[test]
    fn only_the_last_play_is_kept_and_a_flush_takes_it_back() {
        let mut waiting = Waiting::default();
        for command in [tone(), Command::Echo(A, true), tone()] {
            assert!(waiting.postpone(command, |_| true).is_none());
        }
        assert!(waiting.postpone(Command::Flush(A), |_| true).is_some());
        assert!(matches!(waiting.due(A, |_| false)[..], [Command::Echo(..)]));
        assert!(waiting.due(A, |_| false).is_empty());
    }

    #[test]
    fn a_join_waits_for_both_legs() {
        let mut waiting = Waiting::default();
        assert!(waiting.postpone(Command::Join(A, B), |_| true).is_none());
        assert!(waiting.due(B, |id| id == A).is_empty());
        let due = waiting.due(A, |_| false);
        assert!(matches!(due[..], [Command::Join(A, B)]));
        // Obeyed, it waits no more.
        assert!(due.into_iter().all(|command| waiting.postpone(command, |_| false).is_some()));
        assert!(waiting.joins.is_empty());
    }

    #[test]
    fn a_split_or_removal_of_either_leg_takes_a_join_back() {
        for undoing in [Command::Split(A), Command::Split(B), Command::Remove(A), Command::Remove(B)] {
            let mut waiting = Waiting::default();
            assert!(waiting.postpone(Command::Join(A, B), |_| true).is_none());
            assert!(waiting.postpone(undoing, |_| true).is_some());
            assert!(waiting.due(A, |_| false).is_empty() && waiting.due(B, |_| false).is_empty());
        }
    }

    #[test]
    fn a_mix_waits_and_a_split_or_join_takes_it_back() {
        for undoing in [Command::Split(A), Command::Join(A, B), Command::Remove(A)] {
            let mut waiting = Waiting::default();
            assert!(waiting.postpone(Command::Mix(A, MixId(1), media::Voice::Heard), |_| true).is_none());
            waiting.postpone(undoing, |id| id == A);
            assert!(!waiting.due(A, |_| false).iter().any(|command| matches!(command, Command::Mix(..))));
        }
    }

    #[test]
    fn what_waits_moves_with_its_legs() {
        const C: PortId = PortId(3);
        let mut here = Waiting::default();
        for command in [Command::Join(A, B), Command::Echo(A, true), Command::Echo(C, true)] {
            assert!(here.postpone(command, |_| true).is_none());
        }
        let mut there = Waiting::default();
        there.arrive(here.depart(&[A, B]));
        assert!(matches!(there.due(A, |_| false)[..], [Command::Echo(..), Command::Join(A, B)]));
        assert!(here.due(A, |_| false).is_empty() && here.due(B, |_| false).is_empty());
        assert!(matches!(here.due(C, |_| false)[..], [Command::Echo(..)]));
    }

    #[test]
    fn a_flood_is_bounded() {
        let mut waiting = Waiting::default();
        let kept = (0..100).filter(|_| waiting.postpone(Command::Echo(A, true), |_| true).is_none()).count();
        assert_eq!(kept, MOST);
    }
}
