//! What a leg hears while it waits for others: music, or what a URL of the customer's says, which is asked again whenever that
//! is over.
//!
//! The URL may be a file's or a document's, as with Twilio: one that ends like an audio file is played over and over; any other
//! is asked, and is played where what it answers is no document. Who asks is the verb, because it knows what the form tells.

use std::collections::VecDeque;

use sautikit_api::actions::{Action, Play, Prompt};
use serde_json::json;

use crate::{
    asking::{Asked, Asking},
    callback::{Answer, FetchFailure, Purpose, resolve},
    event::EventName,
    limits::{CALLBACKS_AFTER_WAIT, MAX_CALLBACKS, WAIT_ASKED_AGAIN_AFTER},
    music::Music,
    output::LegId,
    playlist::{Playing, Playlist},
    shared::Shared,
    signal::{Signal, seconds},
    timers::TimerId,
};

/// ```text
///   Music ◄── no URL, a file, in vain ── start ── any other ──► Asking ── answered ──► Steps
///                                                                  ▲ ◄── over, redirect ──┘
/// ```
pub(crate) struct Waiting {
    listener: LegId,
    /// Who is asked, as the customer wrote it.
    url: String,
    /// The file that is heard where nobody is asked, or in vain.
    music: Option<String>,
    heard: Heard,
}

enum Heard {
    /// Music, or nothing.
    Music(Music),
    /// This URL is asked.
    Asking(Asking, String),
    /// Its answer is run.
    Steps(Steps),
}

struct Steps {
    /// The URL that answered.
    base: String,
    waiting: VecDeque<Action>,
    playing: Option<Playlist>,
    /// Anything of it takes time; else asking again would be a race.
    lasted: bool,
}

/// What a wait has come to.
pub(crate) enum Waited {
    /// It goes on.
    On,
    /// This URL is to be asked for what is heard next.
    Ask(String),
    /// The document ends the wait.
    Left,
    /// The document ends the call.
    HungUp,
}

impl Waiting {
    /// Nothing is heard yet.
    pub(crate) const fn silent(listener: LegId) -> Self {
        Self { listener, url: String::new(), music: None, heard: Heard::Music(Music::silent(listener)) }
    }

    /// Begins: with what `url` says, in silence where it is empty, with `music` where there is none, and with our own where there
    /// is neither.
    pub(crate) fn start(&mut self, shared: &mut Shared, url: Option<&str>, music: Option<&str>) -> Waited {
        self.stop(shared);
        self.music = music.map(str::to_owned);
        self.url = url.unwrap_or_default().to_owned();
        match url {
            Some("") => self.play(shared, Some("")),
            Some(url) if is_file(url) => self.play(shared, Some(url)),
            Some(url) => return Waited::Ask(url.to_owned()),
            None => self.play(shared, music),
        }
        Waited::On
    }

    /// Asks what is heard next and tells `told`, as long as enough callbacks are left for what comes after the wait.
    pub(crate) fn ask(&mut self, shared: &mut Shared, url: &str, told: Vec<(&'static str, String)>) {
        let base = shared.script.base().or(shared.facts.voice_callback_url.as_deref());
        let may_ask = shared.callbacks_sent() + CALLBACKS_AFTER_WAIT < MAX_CALLBACKS;
        match resolve(base, url) {
            Ok(url) if may_ask => {
                let asking = Asking::send(shared, url.clone(), Purpose::Steer, told);
                self.heard = Heard::Asking(asking, url);
            }
            _ => self.play_music(shared),
        }
    }

    /// Something happened meanwhile.
    pub(crate) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Waited {
        match &mut self.heard {
            Heard::Music(music) => music.on(shared, signal),
            Heard::Asking(asking, asked) => match asking.on(shared, signal.clone()) {
                Asked::Waiting => {}
                Asked::Answered(Answer { url, actions, .. }) => {
                    let waiting = actions.into();
                    self.heard = Heard::Steps(Steps { base: url, waiting, playing: None, lasted: false });
                    return self.step(shared);
                }
                // Its failure is on the timeline; nobody waits in silence for that.
                Asked::Failed(failure) => match may_be_a_file(&failure) {
                    true => {
                        let file = core::mem::take(asked);
                        self.play(shared, Some(&file));
                    }
                    false => self.play_music(shared),
                },
            },
            Heard::Steps(steps) => {
                let is_over = match (&mut steps.playing, signal) {
                    (Some(playlist), signal) => playlist.on(shared, signal) != Playing::On,
                    (None, Signal::Timer(TimerId::Pause)) => true,
                    (None, _) => false,
                };
                if is_over {
                    steps.playing = None;
                    return self.step(shared);
                }
            }
        }
        Waited::On
    }

    /// The next step of the answer that takes time.
    fn step(&mut self, shared: &mut Shared) -> Waited {
        while let Heard::Steps(steps) = &mut self.heard {
            let Some(step) = steps.waiting.pop_front() else {
                if steps.lasted {
                    return Waited::Ask(self.url.clone());
                }
                steps.lasted = true;
                shared.arm(TimerId::Pause, WAIT_ASKED_AGAIN_AFTER);
                return Waited::On;
            };
            let verb = step.verb();
            let prompt = match step {
                Action::Say(say) => Prompt::Say(say),
                // Relative to the answer that it stands in, which is not the call's newest.
                Action::Play(Play { url, loops }) => {
                    Prompt::Play(Play { url: resolve(Some(&steps.base), &url).unwrap_or(url), loops })
                }
                Action::Pause(pause) => {
                    steps.lasted = true;
                    shared.arm(TimerId::Pause, seconds(pause.length_s));
                    return Waited::On;
                }
                Action::Redirect(redirect) => {
                    return Waited::Ask(resolve(Some(&steps.base), &redirect.url).unwrap_or(redirect.url));
                }
                Action::Leave(_) => return Waited::Left,
                Action::Hangup(_) => return Waited::HungUp,
                _ => {
                    let message = format!("{verb} is not run while a party waits; it was skipped");
                    let data = json!({"message": message, "count": 1});
                    shared.record(EventName::ActionsWarning, Some(self.listener), data);
                    continue;
                }
            };
            let (playlist, playing) = Playlist::start(shared, self.listener, [prompt]);
            if playing == Playing::On {
                (steps.playing, steps.lasted) = (Some(playlist), true);
                return Waited::On;
            }
        }
        Waited::On
    }

    /// Falls silent; an answer that is under way counts no more.
    pub(crate) fn stop(&mut self, shared: &mut Shared) {
        shared.timers.disarm(TimerId::Pause);
        match core::mem::replace(&mut self.heard, Heard::Music(Music::silent(self.listener))) {
            Heard::Music(mut music) => music.stop(shared),
            Heard::Asking(asking, _) => asking.cancel(shared),
            Heard::Steps(steps) => {
                if let Some(mut playlist) = steps.playing {
                    playlist.stop(shared);
                }
            }
        }
    }

    /// The call is over: a callback that is out has its end on the timeline.
    pub(crate) fn abandon(self, shared: &mut Shared) {
        if let Heard::Asking(asking, _) = self.heard {
            asking.abandon(shared);
        }
    }

    fn play_music(&mut self, shared: &mut Shared) {
        let music = self.music.take();
        self.play(shared, music.as_deref());
        self.music = music;
    }

    fn play(&mut self, shared: &mut Shared, file: Option<&str>) {
        let mut music = Music::silent(self.listener);
        music.start(shared, file);
        self.heard = Heard::Music(music);
    }
}

/// Whether a URL names an audio file by how its path ends.
fn is_file(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let end = path.rsplit_once('.').map_or("", |(_, end)| end);
    ["wav", "mp3", "ogg", "opus"].iter().any(|known| end.eq_ignore_ascii_case(known))
}

/// A store of files refuses a POST, or gives what is no document.
fn may_be_a_file(failure: &FetchFailure) -> bool {
    match failure {
        FetchFailure::Invalid(_) | FetchFailure::Unreachable(_) => true,
        FetchFailure::Status(status) => (400..500).contains(status),
        FetchFailure::Timeout => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_how_its_path_ends() {
        for url in ["https://a.example/b/music.mp3", "music.WAV?x=1", "/a.opus#t", "a.ogg"] {
            assert!(is_file(url), "{url}");
        }
        for url in ["/wait", "/wait?file=a.mp3", "https://a.example/", "/a.xml", ""] {
            assert!(!is_file(url), "{url}");
        }
    }
}
