//! What the sandbox carrier does with a dialled number: decided by its last four digits. Pure.

use std::time::Duration;

/// Two rings.
pub(super) const RINGING: Duration = Duration::from_secs(2);
/// How long …9905 stays on the line.
const SHORT_CALL: Duration = Duration::from_secs(5);

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Script {
    /// Refused at once with this status.
    Refuse {
        /// SIP status code.
        status: u16,
        /// Q.850 cause for the Reason header.
        cause: u8,
    },
    /// Rings until the caller gives up.
    RingForEver,
    /// Rings twice, then answers.
    Answer(Answered),
}

/// What an answered call hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answered {
    /// A spoken line, then everything said comes back.
    SpeakAndEcho,
    /// Nothing but the end after a while.
    HangUpAfter(Duration),
    /// These keys.
    Press(&'static str),
    /// No packet at all.
    Silence,
}

/// The script of a dialled number.
pub(super) fn script_for(number: &str) -> Script {
    let ending = number.len().checked_sub(4).and_then(|start| number.get(start..)).unwrap_or_default();
    match ending {
        "9901" => Script::Refuse { status: 486, cause: 17 },
        "9902" => Script::RingForEver,
        "9903" => Script::Refuse { status: 503, cause: 41 },
        "9904" => Script::Refuse { status: 603, cause: 21 },
        "9905" => Script::Answer(Answered::HangUpAfter(SHORT_CALL)),
        "9906" => Script::Answer(Answered::Press("123#")),
        "9907" => Script::Answer(Answered::Silence),
        _ => Script::Answer(Answered::SpeakAndEcho),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_four_digits_decide() {
        assert_eq!(script_for("+254722009901"), Script::Refuse { status: 486, cause: 17 });
        assert_eq!(script_for("+254722009902"), Script::RingForEver);
        assert_eq!(script_for("+254722000042"), Script::Answer(Answered::SpeakAndEcho));
        assert_eq!(script_for("1"), Script::Answer(Answered::SpeakAndEcho));
        assert_eq!(script_for("é99"), Script::Answer(Answered::SpeakAndEcho));
    }
}
