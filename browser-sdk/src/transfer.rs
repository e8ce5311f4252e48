//! What the gateway tells of a transfer: the first line of an answer, in a NOTIFY (RFC 3515 §2.4.5).

/// The `state` of the event `transfer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The target is being called.
    Trying,
    /// It rings there.
    Ringing,
    /// The two talk; our part is over.
    Done,
    /// The target did not answer; the call goes on with us.
    Failed,
}

impl Progress {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Trying => "trying",
            Self::Ringing => "ringing",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// Reads a `message/sipfrag`: what it means, and its status.
pub(crate) fn progress(sipfrag: &str) -> Option<(Progress, u16)> {
    let status = sipfrag.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
    let progress = match status {
        100 => Progress::Trying,
        101..=199 => Progress::Ringing,
        200..=299 => Progress::Done,
        300..=699 => Progress::Failed,
        _ => return None,
    };
    Some((progress, status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_says_how_far_the_transfer_is() {
        assert_eq!(progress("SIP/2.0 100 Trying\r\n"), Some((Progress::Trying, 100)));
        assert_eq!(progress("SIP/2.0 180 Ringing"), Some((Progress::Ringing, 180)));
        assert_eq!(progress("SIP/2.0 200 OK\r\n"), Some((Progress::Done, 200)));
        assert_eq!(progress("SIP/2.0 486 Busy Here"), Some((Progress::Failed, 486)));
        for nonsense in ["", "SIP/2.0", "SIP/2.0 20", "SIP/2.0 999 X", "SIP/2.0 2é0", "HTTP/1.1 200 OK"] {
            assert_eq!(progress(nonsense), None, "{nonsense}");
        }
    }
}
