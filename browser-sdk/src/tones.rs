//! Digits that wait for the browser to send them, and who is told when the last of theirs has gone.
//!
//! The browser plays one buffer of tones and says which begins (`tonechange`); an empty one says that all have gone.

/// The buffer's tones and those who wait; `W` is told once.
pub(crate) struct Tones<W> {
    /// Tones handed to the browser so far.
    given: usize,
    /// Of them, those that have begun.
    begun: usize,
    /// By the number of the last tone of theirs.
    waiting: Vec<(usize, W)>,
}

impl<W> Default for Tones<W> {
    fn default() -> Self {
        Self { given: 0, begun: 0, waiting: Vec::new() }
    }
}

impl<W> Tones<W> {
    /// `digits` go behind those that wait.
    pub(crate) fn add(&mut self, digits: &str, who: W) {
        self.given += digits.chars().count();
        self.waiting.push((self.given, who));
    }

    /// `tone` begins, or with an empty one the buffer has run dry. Gives those whose digits have all gone by now.
    pub(crate) fn changed(&mut self, tone: &str) -> Vec<W> {
        let gone = if tone.is_empty() {
            self.begun = self.given;
            self.begun
        } else {
            self.begun += 1;
            self.begun - 1
        };
        let (done, waiting) = core::mem::take(&mut self.waiting).into_iter().partition(|(last, _)| *last <= gone);
        self.waiting = waiting;
        Vec::into_iter(done).map(|(_, who)| who).collect()
    }

    /// Everybody who waits; their digits will never go.
    pub(crate) fn give_up(&mut self) -> Vec<W> {
        core::mem::take(&mut self.waiting).into_iter().map(|(_, who)| who).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_told_when_their_own_tone_has_gone() {
        let mut tones = Tones::default();
        tones.add("12", 'a');
        tones.add("3", 'b');
        assert!(tones.changed("1").is_empty());
        assert!(tones.changed("2").is_empty());
        assert_eq!(tones.changed("3"), ['a']);
        tones.add(",5", 'c');
        assert_eq!(tones.changed(","), ['b']);
        assert!(tones.changed("5").is_empty());
        assert_eq!(tones.changed(""), ['c']);
    }

    #[test]
    fn a_buffer_that_runs_dry_between_two_orders_counts_for_the_first_only() {
        let mut tones = Tones::default();
        tones.add("1", 'a');
        tones.changed("1");
        assert_eq!(tones.changed(""), ['a']);
        tones.add("2", 'b');
        assert!(tones.changed("2").is_empty());
        assert_eq!(tones.changed(""), ['b']);
    }

    #[test]
    fn an_ended_call_leaves_nobody_waiting() {
        let mut tones = Tones::default();
        tones.add("12", 'a');
        assert_eq!(tones.give_up(), ['a']);
        assert!(tones.changed("").is_empty());
    }
}
