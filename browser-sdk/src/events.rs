//! Handlers of events, and the events that came before anybody asked.
//!
//! `ringing` may arrive before `await client.call(…)` has returned; the first handler of an event gets what it missed.

/// Most events kept for one object while nobody listens; a page that never asks must not grow for ever.
const MAX_BACKLOG: usize = 32;

struct Entry<H> {
    id: u64,
    event: String,
    handler: H,
    once: bool,
}

/// The handlers `H` of one object and the payloads `P` that wait for their first handler.
pub(crate) struct Events<H, P> {
    entries: Vec<Entry<H>>,
    backlog: Vec<(String, P)>,
    /// Events that have had a handler: from then on, what nobody hears is gone.
    asked: Vec<String>,
    last_id: u64,
}

impl<H, P> Default for Events<H, P> {
    fn default() -> Self {
        Self { entries: Vec::new(), backlog: Vec::new(), asked: Vec::new(), last_id: 0 }
    }
}

impl<H: Clone + PartialEq, P> Events<H, P> {
    /// Adds a handler; the payloads are what it missed, oldest first, to be delivered by the caller.
    pub(crate) fn add(&mut self, event: &str, handler: H, once: bool) -> (u64, Vec<P>) {
        self.last_id += 1;
        let id = self.last_id;
        let mut missed = Vec::new();
        if !self.asked.iter().any(|known| known == event) {
            self.asked.push(event.to_owned());
            let (mine, others) = core::mem::take(&mut self.backlog).into_iter().partition(|(name, _)| name == event);
            self.backlog = others;
            missed = Vec::from_iter(Vec::into_iter(mine).map(|(_, payload)| payload));
        }
        if once {
            missed.truncate(1);
        }
        if !once || missed.is_empty() {
            self.entries.push(Entry { id, event: event.to_owned(), handler, once });
        }
        (id, missed)
    }

    /// Whether anybody listens now.
    pub(crate) fn has(&self, event: &str) -> bool {
        self.entries.iter().any(|entry| entry.event == event)
    }

    /// Removes the handler with this id.
    pub(crate) fn remove(&mut self, id: u64) {
        self.entries.retain(|entry| entry.id != id);
    }

    /// Removes this handler of the event, or all of them.
    pub(crate) fn remove_handler(&mut self, event: &str, handler: Option<&H>) {
        self.entries.retain(|entry| entry.event != event || handler.is_some_and(|gone| entry.handler != *gone));
    }

    /// The handlers to call; with none so far, the payload waits for the first.
    pub(crate) fn emit(&mut self, event: &str, payload: P) -> Option<(Vec<H>, P)> {
        let heard: Vec<H> =
            self.entries.iter().filter(|entry| entry.event == event).map(|entry| entry.handler.clone()).collect();
        self.entries.retain(|entry| entry.event != event || !entry.once);
        if !heard.is_empty() {
            return Some((heard, payload));
        }
        if !self.asked.iter().any(|known| known == event) && self.backlog.len() < MAX_BACKLOG {
            self.backlog.push((event.to_owned(), payload));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_handler_gets_what_it_missed() {
        let mut events = Events::default();
        assert!(events.emit("ringing", 1).is_none());
        assert!(events.emit("ended", 2).is_none());
        assert_eq!(events.add("ringing", 'a', false).1, [1]);
        assert_eq!(events.add("ringing", 'b', false).1, Vec::<i32>::new());
        assert_eq!(events.emit("ringing", 3), Some((vec!['a', 'b'], 3)));
    }

    #[test]
    fn a_removed_handler_hears_nothing_and_nothing_is_kept_for_later() {
        let mut events = Events::default();
        let (id, _) = events.add("ended", 'a', false);
        events.remove(id);
        assert!(events.emit("ended", 1).is_none());
        assert!(events.add("ended", 'b', false).1.is_empty());
    }

    #[test]
    fn once_hears_one_event_even_when_it_was_missed() {
        let mut events = Events::default();
        events.emit("ringing", 1);
        assert_eq!(events.add("ringing", 'a', true).1, [1]);
        assert!(events.emit("ringing", 2).is_none());
        events.add("ended", 'b', true);
        assert!(events.emit("ended", 3).is_some());
        assert!(events.emit("ended", 4).is_none());
    }

    #[test]
    fn off_removes_one_handler_or_all() {
        let mut events = Events::<char, ()>::default();
        events.add("ended", 'a', false);
        events.add("ended", 'b', false);
        events.remove_handler("ended", Some(&'a'));
        assert_eq!(events.emit("ended", ()), Some((vec!['b'], ())));
        events.remove_handler("ended", None);
        assert!(events.emit("ended", ()).is_none());
    }

    #[test]
    fn it_is_known_whether_anybody_listens() {
        let mut events = Events::<char, ()>::default();
        assert!(!events.has("quality"));
        let (id, _) = events.add("quality", 'a', false);
        assert!(events.has("quality") && !events.has("audiolevel"));
        events.remove(id);
        assert!(!events.has("quality"));
    }

    #[test]
    fn the_backlog_is_bounded() {
        let mut events = Events::<char, usize>::default();
        for number in 0..MAX_BACKLOG * 2 {
            events.emit("error", number);
        }
        assert_eq!(events.add("error", 'a', false).1.len(), MAX_BACKLOG);
    }
}
