//! The kinds of event that there are, and what endpoints subscribe to.

use serde::{Deserialize, Serialize};

/// What stands for every kind of a subject, or for all kinds.
const ANY: &str = "*";

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, version $version:literal;)*) => {
        /// The kinds of event that there are.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum EventKind { $($(#[$doc])* $kind,)* }

        impl EventKind {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// Its name in bodies and subscriptions.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// Which form of its `data` is told, from 1 on. Raised where a member goes or means something else, not where one
            /// is added. An event keeps the one with which it was written.
            pub const fn version(self) -> u32 {
                match self { $(Self::$kind => $version,)* }
            }
        }
    };
}

kinds! {
    /// A call began to ring.
    CallStarted = "call.started", version 1;
    /// It was answered.
    CallAnswered = "call.answered", version 1;
    /// It was answered and has ended.
    CallCompleted = "call.completed", version 1;
    /// It ended without an answer.
    CallFailed = "call.failed", version 1;
    /// Its cost was debited.
    CallBilled = "call.billed", version 1;
    /// The customer's server gave no voice actions that could be run.
    CallCallbackFailed = "call.callback_failed", version 1;
    /// A recording can be heard.
    CallRecordingReady = "call.recording.ready", version 1;
    /// A recording could not be made or stored; `next_attempt_at` says when that is tried again.
    CallRecordingFailed = "call.recording.failed", version 1;
    /// A conference began.
    ConferenceStarted = "conference.started", version 1;
    /// Somebody is in a conference that has begun.
    ConferenceJoined = "conference.joined", version 1;
    /// Somebody left one.
    ConferenceLeft = "conference.left", version 1;
    /// A conference is over.
    ConferenceEnded = "conference.ended", version 1;
    /// A number was claimed.
    NumberProvisioned = "number.provisioned", version 1;
    /// A number was given back.
    NumberReleased = "number.released", version 1;
    /// The workspace is in another storage tier.
    StorageTierChanged = "storage.tier_changed", version 1;
    /// It could not be put into another one.
    StorageTierSwitchFailed = "storage.tier_switch_failed", version 1;
    /// The carrier by which numbers are called does not take the server's registration.
    TrunkRegistrationFailed = "trunk.registration_failed", version 1;
    /// The balance fell below the threshold.
    WalletLowBalance = "wallet.low_balance", version 1;
    /// A payment arrived.
    WalletTopUp = "wallet.top_up", version 1;
    /// Outbound calls were frozen.
    WalletFrozen = "wallet.frozen", version 1;
}

impl EventKind {
    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

/// Whether a subscription can be to this: a kind, `*`, or the beginning of kinds and `.*`.
pub fn is_pattern(text: &str) -> bool {
    EventKind::ALL.iter().any(|kind| matches(text, kind.as_str()))
}

/// Whether the subscription `pattern` is to the kind of that name.
pub fn matches(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix(ANY) {
        Some("") => true,
        Some(start) => start.ends_with('.') && kind.starts_with(start),
        None => pattern == kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_its_name() {
        assert!(EventKind::ALL.iter().all(|kind| EventKind::parse(kind.as_str()) == Some(*kind)));
        assert_eq!(EventKind::parse("call"), None);
        assert!(EventKind::ALL.iter().all(|kind| kind.version() > 0));
    }

    #[test]
    fn a_subscription_is_to_a_kind_to_those_of_a_subject_or_to_all() {
        for (pattern, kind, is_to) in [
            ("call.started", "call.started", true),
            ("call.started", "call.answered", false),
            ("call.*", "call.started", true),
            ("call.*", "wallet.top_up", false),
            ("*", "wallet.top_up", true),
            ("call*", "call.started", false),
            ("ca.*", "call.started", false),
        ] {
            assert_eq!(matches(pattern, kind), is_to, "{pattern} {kind}");
        }
    }

    #[test]
    fn what_no_kind_begins_with_is_no_subscription() {
        assert!(["*", "call.*", "call.billed"].into_iter().all(is_pattern));
        assert!(!["", ".*", "calls.*", "call.", "call.nothing", "**"].into_iter().any(is_pattern));
    }
}
