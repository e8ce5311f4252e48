//! DTMF as named telephone events (RFC 4733): digits, the four-byte payload, the sender that
//! presses digits and the receiver that counts each press once. Where a peer knows no events, keys are heard in the audio.

mod digit;
mod event;
mod in_band;
mod receiver;
mod sender;

pub use digit::{Digit, InvalidDigit};
pub use event::{EVENT_LEN, Event, rescale};
pub use in_band::InBand;
pub use receiver::{Press, Receiver};
pub use sender::{GAP_MS, MAX_QUEUED, ON_MS, Sender, Step};
