//! Digits that wait for the browser to send them, counted.
//!
//! The browser plays one buffer of tones and says which begins (`tonechange`); an empty one says that all have gone.

/// The buffer's tones.
#[derive(Debug, Default)]
pub(crate) struct Tones {
    /// Tones handed to the browser so far.
    given: u32,
    /// Of them, those that have begun.
    begun: u32,
}

impl Tones {
    /// So many go behind those that wait; gives the number of the last of them.
    pub(crate) fn add(&mut self, digits: u32) -> u32 {
        self.given += digits;
        self.given
    }

    /// `tone` begins, or with an empty one the buffer has run dry. Gives how many have gone by now.
    pub(crate) fn changed(&mut self, tone: &str) -> u32 {
        if tone.is_empty() {
            self.begun = self.given;
            self.begun
        } else {
            self.begun += 1;
            self.begun - 1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_has_gone_when_the_next_one_begins() {
        let mut tones = Tones::default();
        assert_eq!((tones.add(2), tones.add(1)), (2, 3));
        assert_eq!((tones.changed("1"), tones.changed("2"), tones.changed("3")), (0, 1, 2));
        assert_eq!(tones.add(2), 5);
        assert_eq!((tones.changed(","), tones.changed("5"), tones.changed("")), (3, 4, 5));
    }

    #[test]
    fn a_buffer_that_runs_dry_between_two_orders_counts_for_the_first_only() {
        let mut tones = Tones::default();
        assert_eq!(tones.add(1), 1);
        assert_eq!((tones.changed("1"), tones.changed("")), (0, 1));
        assert_eq!(tones.add(1), 2);
        assert_eq!((tones.changed("2"), tones.changed("")), (1, 2));
    }
}
