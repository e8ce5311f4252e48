//! Who has answered a call: a person, a machine that takes messages, or a fax. Judged by how what is heard is spaced, 20 ms
//! after 20 ms: a person says "Hello?" and waits, a machine speaks on and beeps. Pure.
//!
//! ```text
//!   Quiet ── speech ──► Speaking ── it pauses, short ──► Human
//!     │  │                 └── it goes on ──► Machine ── beep, pause, too long ──► its greeting is over
//!     │  └── a fax calls ──► Fax
//!     └── nothing is heard ──► Unknown
//! ```
//! The spans are those that dialling systems have settled on: 2.4 s of greeting are no person's, 1.2 s of pause end what
//! somebody says.

use core::time::Duration;

use crate::level::{amplitude_at, dbov, energy};

/// Samples of a frame of 20 ms at 8 kHz.
pub const FRAME_LEN: usize = 160;
const FRAME: Duration = Duration::from_millis(20);

/// A greeting that lasts so long is a machine's.
const MACHINE_AFTER: Duration = Duration::from_millis(2_400);
/// A pause of this length ends what was said.
const PAUSE: Duration = Duration::from_millis(1_200);
/// Nobody says anything for so long after an answer.
const SILENT_AFTER: Duration = Duration::from_secs(5);
/// It is decided by then.
const DECIDED_AFTER: Duration = Duration::from_secs(30);
/// Speech of less than this is a click or a cough.
const WORD: Duration = Duration::from_millis(100);
/// What is quieter is no speech, in dBov.
const SPEECH_DBOV: f32 = -42.0;
/// Speech stands out of the noise by so much, in dB.
const ABOVE_NOISE_DB: f32 = 9.0;
/// A beep lasts so long.
const BEEP: Duration = Duration::from_millis(160);
/// The tone with which a fax that calls names itself (T.30): 0.5 s of 1,100 Hz; one that answers says 2,100 Hz for 2.6 s or more.
const FAX_CALLS: (f32, Duration) = (1_100.0, Duration::from_millis(400));
const FAX_ANSWERS: (f32, Duration) = (2_100.0, Duration::from_millis(1_000));
/// Beeps are looked for from here to there, in Hz, in steps of [`TONE_STEP_HZ`].
const TONES_HZ: core::ops::RangeInclusive<u16> = 400..=2_200;
const TONE_STEP_HZ: usize = 25;
/// Share of a frame's power that a tone has of it alone.
const PURE: f32 = 0.8;

/// Who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnsweredBy {
    /// A person.
    Human,
    /// A machine, whose greeting goes on.
    MachineStart,
    /// A machine, after its beep.
    MachineEndBeep,
    /// A machine that has said its greeting and is silent.
    MachineEndSilence,
    /// A machine that speaks on and on.
    MachineEndOther,
    /// A fax.
    Fax,
    /// Not to be told.
    Unknown,
}

impl AnsweredBy {
    /// Its name in callbacks, which is Twilio's.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::MachineStart => "machine_start",
            Self::MachineEndBeep => "machine_end_beep",
            Self::MachineEndSilence => "machine_end_silence",
            Self::MachineEndOther => "machine_end_other",
            Self::Fax => "fax",
            Self::Unknown => "unknown",
        }
    }
}

/// What it was judged to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// Who.
    pub answered_by: AnsweredBy,
    /// How sure that is, in percent.
    pub confidence_percent: u8,
    /// How much was heard until it was clear.
    pub heard: Duration,
}

/// Listens to one answer.
#[derive(Debug, Clone)]
pub struct Judge {
    /// A machine's greeting is heard to its end.
    awaits_end: bool,
    heard: Duration,
    /// The loudness of what is no speech, in dBov; it follows slowly.
    noise_dbov: f32,
    /// Since the first word, pauses within included.
    speaking: Option<Duration>,
    /// Of that, speech itself.
    voiced: Duration,
    /// The pause that lasts.
    paused: Duration,
    /// The tone that lasts, and for how long.
    tone: Option<(f32, Duration)>,
    is_machine: bool,
}

impl Judge {
    /// Listens from the answer on. `awaits_end`: a machine is told only when its greeting is over.
    pub fn new(awaits_end: bool) -> Self {
        Self {
            awaits_end,
            heard: Duration::ZERO,
            noise_dbov: -60.0,
            speaking: None,
            voiced: Duration::ZERO,
            paused: Duration::ZERO,
            tone: None,
            is_machine: false,
        }
    }

    /// Hears a frame at 8 kHz; what it is, once that is clear. Nothing is to be told after that.
    pub fn hear(&mut self, frame: &[i16; FRAME_LEN]) -> Option<Judgement> {
        self.heard += FRAME;
        let level = dbov(energy(frame), FRAME_LEN);
        let is_loud = level > SPEECH_DBOV && level > self.noise_dbov + ABOVE_NOISE_DB;
        self.follow_tone(if is_loud { pure_tone(frame) } else { None });
        if let Some(judgement) = self.by_tone() {
            return Some(judgement);
        }
        // A tone is no speech, and no pause either.
        let is_speech = is_loud && self.tone.is_none_or(|(_, lasts)| lasts < WORD);
        if is_speech {
            self.voiced += FRAME;
            self.paused = Duration::ZERO;
            self.speaking.get_or_insert(Duration::ZERO);
        } else if !is_loud {
            self.paused += FRAME;
            // Half of the difference in a third of a second.
            self.noise_dbov += (level.max(-70.0) - self.noise_dbov) * 0.04;
        }
        if let Some(speaking) = &mut self.speaking {
            *speaking += FRAME;
        }
        self.by_speech()
    }

    fn follow_tone(&mut self, tone: Option<f32>) {
        self.tone = tone.map(|hz| match self.tone {
            Some((before, lasts)) if (before - hz).abs() <= 2.0 * TONE_STEP_HZ as f32 => (before, lasts + FRAME),
            _ => (hz, FRAME),
        });
    }

    fn by_tone(&self) -> Option<Judgement> {
        let (hz, lasts) = self.tone?;
        let is = |(fax_hz, least): (f32, Duration)| (hz - fax_hz).abs() <= 2.0 * TONE_STEP_HZ as f32 && lasts >= least;
        if !self.is_machine && (is(FAX_CALLS) || is(FAX_ANSWERS)) {
            return Some(self.judged(AnsweredBy::Fax, 95));
        }
        // A beep before any word is a busy exchange's or a fax's beginning, which tell themselves.
        (self.is_machine && lasts >= BEEP).then(|| self.judged(AnsweredBy::MachineEndBeep, 95))
    }

    fn by_speech(&mut self) -> Option<Judgement> {
        let said = self.speaking.map(|speaking| speaking.saturating_sub(self.paused));
        if self.is_machine {
            return match self.paused >= PAUSE + PAUSE / 2 {
                true => Some(self.judged(AnsweredBy::MachineEndSilence, self.surety())),
                false if self.heard >= DECIDED_AFTER => Some(self.judged(AnsweredBy::MachineEndOther, self.surety())),
                false => None,
            };
        }
        match said {
            Some(said) if said >= MACHINE_AFTER => {
                self.is_machine = true;
                (!self.awaits_end).then(|| self.judged(AnsweredBy::MachineStart, self.surety()))
            }
            Some(_) if self.paused >= PAUSE && self.voiced < WORD => {
                // A cough; whoever coughed may still speak.
                (self.speaking, self.voiced) = (None, Duration::ZERO);
                None
            }
            Some(said) if self.paused >= PAUSE => {
                // The shorter, the surer: half a second is a "Hello?", two may be a short greeting.
                let share = said.as_secs_f32() / MACHINE_AFTER.as_secs_f32();
                let percent = (95.0 - 45.0 * share).clamp(50.0, 95.0);
                Some(self.judged(AnsweredBy::Human, percent as u8))
            }
            Some(_) if self.heard >= DECIDED_AFTER => Some(self.judged(AnsweredBy::Unknown, 50)),
            None if self.heard >= SILENT_AFTER => Some(self.judged(AnsweredBy::Unknown, 50)),
            _ => None,
        }
    }

    /// How sure a machine is: it leaves few pauses in what it says.
    fn surety(&self) -> u8 {
        let said = self.speaking.map_or(FRAME, |speaking| speaking.saturating_sub(self.paused)).max(FRAME);
        let share = self.voiced.as_secs_f32() / said.as_secs_f32();
        (60.0 + 35.0 * share.clamp(0.0, 1.0)) as u8
    }

    fn judged(&self, answered_by: AnsweredBy, confidence_percent: u8) -> Judgement {
        Judgement { answered_by, confidence_percent, heard: self.heard }
    }
}

/// The frequency of which nearly all of a frame is, in Hz.
fn pure_tone(frame: &[i16; FRAME_LEN]) -> Option<f32> {
    let power = energy(frame) as f32 / FRAME_LEN as f32;
    let tones = TONES_HZ.step_by(TONE_STEP_HZ).map(f32::from);
    let amplitudes = tones.map(|hz| (hz, amplitude_at(frame, hz, 8_000)));
    let (hz, amplitude) = amplitudes.max_by(|a, b| a.1.total_cmp(&b.1))?;
    (amplitude * amplitude / 2.0 >= PURE * power).then_some(hz)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many milliseconds of something like speech: a buzz of several voices' pitches, loud and soft in turn.
    fn speech(ms: usize) -> Vec<i16> {
        let turn = |n: usize, hz: f32| (core::f32::consts::TAU * hz * n as f32 / 8_000.0).sin();
        let voice = |n: usize| turn(n, 130.0) + 0.7 * turn(n, 410.0) + 0.6 * turn(n, 760.0) + 0.4 * turn(n, 1_900.0);
        // Syllables, four a second.
        (0..ms * 8).map(|n| (voice(n) * (0.55 + 0.45 * turn(n, 4.0)) * 3_000.0) as i16).collect()
    }

    fn tone(ms: usize, hz: f32) -> Vec<i16> {
        (0..ms * 8).map(|n| ((core::f32::consts::TAU * hz * n as f32 / 8_000.0).sin() * 8_000.0) as i16).collect()
    }

    /// A line that hums a little.
    fn quiet(ms: usize) -> Vec<i16> {
        (0..ms * 8).map(|n| ((n * 7_919) % 31) as i16 - 15).collect()
    }

    fn judge(awaits_end: bool, parts: &[Vec<i16>]) -> Option<Judgement> {
        let mut judge = Judge::new(awaits_end);
        let all = parts.concat();
        all.as_chunks::<FRAME_LEN>().0.iter().find_map(|frame| judge.hear(frame))
    }

    fn is(judgement: Option<Judgement>) -> Option<(AnsweredBy, u64)> {
        judgement.map(|judgement| (judgement.answered_by, judgement.heard.as_millis() as u64))
    }

    #[test]
    fn a_short_hello_and_a_pause_are_a_person() {
        for (wait, hello) in [(200, 400), (900, 700), (100, 1_500), (2_500, 300)] {
            let judgement = judge(false, &[quiet(wait), speech(hello), quiet(4_000)]).expect("a judgement");
            assert_eq!(judgement.answered_by, AnsweredBy::Human, "{wait} {hello}");
            let ms = judgement.heard.as_millis() as usize;
            assert!((wait + hello + 1_150..wait + hello + 1_350).contains(&ms), "{wait} {hello}: {ms}");
            assert!(judgement.confidence_percent >= 60, "{judgement:?}");
        }
        // The shorter, the surer.
        let sure = |ms| judge(false, &[quiet(200), speech(ms), quiet(4_000)]).expect("a judgement").confidence_percent;
        assert!(sure(400) > sure(1_500));
    }

    #[test]
    fn a_person_who_says_two_things_is_a_person() {
        let words = [quiet(300), speech(500), quiet(400), speech(700), quiet(4_000)];
        assert_eq!(judge(false, &words).map(|judgement| judgement.answered_by), Some(AnsweredBy::Human));
    }

    #[test]
    fn a_greeting_that_goes_on_is_a_machine_and_its_beep_ends_it() {
        let greeting = [quiet(300), speech(1_800), quiet(500), speech(4_000), quiet(400)].concat();
        let (who, ms) = is(judge(false, &[greeting.clone()])).expect("a judgement");
        assert_eq!(who, AnsweredBy::MachineStart);
        assert!((2_600..3_200).contains(&ms), "{ms}");
        for (beep_ms, hz) in [(200, 1_000.0), (500, 440.0), (1_000, 1_400.0)] {
            let (who, ms) = is(judge(true, &[greeting.clone(), tone(beep_ms, hz), quiet(3_000)])).expect("a judgement");
            assert_eq!(who, AnsweredBy::MachineEndBeep, "{beep_ms} ms of {hz} Hz");
            assert!((7_100..7_300).contains(&ms), "{beep_ms} ms of {hz} Hz: {ms}");
        }
        let silent = judge(true, &[greeting, quiet(4_000)]).map(|judgement| judgement.answered_by);
        assert_eq!(silent, Some(AnsweredBy::MachineEndSilence));
        let endless = judge(true, &[speech(40_000)]).map(|judgement| judgement.answered_by);
        assert_eq!(endless, Some(AnsweredBy::MachineEndOther));
    }

    #[test]
    fn faxes_name_themselves_and_silence_tells_nothing() {
        let calls = judge(false, &[quiet(500), tone(500, 1_100.0), quiet(3_000)]);
        assert_eq!(calls.map(|judgement| judgement.answered_by), Some(AnsweredBy::Fax));
        let answers = judge(false, &[quiet(1_500), tone(2_600, 2_100.0)]);
        assert_eq!(answers.map(|judgement| judgement.answered_by), Some(AnsweredBy::Fax));
        assert_eq!(is(judge(false, &[quiet(9_000)])), Some((AnsweredBy::Unknown, 5_000)));
    }

    #[test]
    fn a_cough_is_nobody_and_noise_is_no_speech() {
        let cough = [quiet(300), speech(60), quiet(2_000), speech(600), quiet(3_000)];
        let (who, ms) = is(judge(false, &cough)).expect("a judgement");
        assert_eq!(who, AnsweredBy::Human);
        assert!(ms > 4_000, "{ms}");
        // A hiss that lasts is the line's.
        let hiss: Vec<i16> =
            (0..9_000 * 8_usize).map(|n| ((n.wrapping_mul(2_654_435_761) >> 7) % 240) as i16 - 120).collect();
        assert_eq!(judge(false, &[hiss]).map(|judgement| judgement.answered_by), Some(AnsweredBy::Unknown));
    }
}
