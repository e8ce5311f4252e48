//! SIP transactions: RFC 3261 §17 with the Accepted states of RFC 6026.
//!
//! Four pure machines, one file each. A machine holds its state and its deadlines and nothing else: no message, no
//! socket, no clock. Whoever owns it feeds `(now, Event)` and does what the returned effect says (send the stored
//! packet again, hand the message up, forget the transaction). `deadline()` tells when it wants `Event::Timer`.
//!
//! Not here: which message belongs to which transaction ([`key`]), what the messages contain (`message`), and what a
//! 2xx, an ACK or a CANCEL means to a call (`ua`).

pub mod client_invite;
pub mod client_other;
pub mod key;
pub mod server_invite;
pub mod server_other;
pub mod timers;

pub use client_invite::ClientInvite;
pub use client_other::ClientOther;
pub use server_invite::ServerInvite;
pub use server_other::ServerOther;
pub use timers::Timers;

/// What a response is to a transaction: the machines only distinguish these three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 1xx.
    Provisional,
    /// 2xx.
    Success,
    /// 3xx to 6xx.
    Failure,
}

impl Kind {
    /// Classifies a status code (100–699).
    pub fn of(status: u16) -> Self {
        match status {
            0..=199 => Self::Provisional,
            200..=299 => Self::Success,
            _ => Self::Failure,
        }
    }
}
