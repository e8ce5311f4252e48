//! Every bound of a call, with its reason.

use core::time::Duration;

/// Most actions that one call runs; an answer that redirects to itself ends here.
pub(crate) const MAX_ACTIONS_RUN: u32 = 1_000;

/// Most callbacks that one call makes, the final one not counted.
pub(crate) const MAX_CALLBACKS: u32 = 200;

/// Most notices that one call sends whose answer counts for nothing; those of its streams are a few.
pub(crate) const MAX_NOTICES: u32 = 200;

/// Of the callbacks, those that a wait in a queue leaves for what comes after it; from there on it has our own music.
pub(crate) const CALLBACKS_AFTER_WAIT: u32 = 50;

/// Between two requests of a wait in a queue whose answers hold nothing to be heard.
pub(crate) const WAIT_ASKED_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Who listens has decided within 30 s of audio; a call must not depend on it.
pub(crate) const JUDGEMENT_OVERDUE_AFTER: Duration = Duration::from_secs(32);

/// A repeated digit that arrives both in signalling and in the audio within this time is one key press.
pub(crate) const SAME_DIGIT_WINDOW: Duration = Duration::from_millis(150);

/// Silence that a caller takes for thinking; after it they hear that we are waiting.
pub(crate) const WAITING_TONE_AFTER: Duration = Duration::from_secs(2);

/// The callback client reports within its 10 s; a caller must not depend on it, so the call gives up a little later.
pub(crate) const CALLBACK_OVERDUE_AFTER: Duration = Duration::from_secs(15);

/// Speech is synthesised far faster than it is heard; a provider that takes longer has failed.
pub(crate) const SPEECH_OVERDUE_AFTER: Duration = Duration::from_secs(15);

/// Whoever answers a dial and has not decided by then whether to take it will not; its caller hears it ring meanwhile.
pub(crate) const SCREENING_LONGEST: Duration = Duration::from_secs(120);

/// The beep before a recording, and the moment until it has left the listener's telephone.
pub(crate) const RECORD_BEEP: Duration = Duration::from_millis(350);

/// The length of a recording is known as soon as what waits of it is written; a caller must not depend on it.
pub(crate) const RECORDING_OVERDUE_AFTER: Duration = Duration::from_secs(5);

/// A file is fetched and read within 15 s; who does that reports, so this is for when nobody does.
pub(crate) const FILE_OVERDUE_AFTER: Duration = Duration::from_secs(20);

/// How long a key that we press takes, the gap after it included, as the media engine sends it.
pub(crate) const KEY_LASTS: Duration = Duration::from_millis(200);

/// How long a party whose connection is lost may take to come back: a Wi-Fi to 4G switch with room to spare.
pub(crate) const LOST_LEG_WINDOW: Duration = Duration::from_secs(30);

/// So long before the money ends the customer's side is warned (billing.md).
pub(crate) const MONEY_WARNING_BEFORE: Duration = Duration::from_secs(60);

/// How long a call that nobody steers stays open after it has said so: a first try must not cost ten minutes.
pub(crate) const NOTICE_CLOSES_AFTER: Duration = Duration::from_secs(10);

/// The notice is over by then, spoken or not: speech that is overdue, its few words, and the time after them.
pub(crate) const NOTICE_LONGEST: Duration = Duration::from_secs(40);
