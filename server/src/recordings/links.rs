//! URLs by which whoever has them hears a recording for a while, signed by us.

use sautikit_api::ids::RecordingId;

use crate::secrets::{Purpose, Secrets};
use crate::state::AppState;

/// How long a URL serves.
pub(super) const LASTS_SECONDS: i64 = 15 * 60;

/// Where the API gives a recording; it needs a credential.
pub(super) fn audio_url(app: &AppState, id: RecordingId) -> String {
    format!("{}/{id}/audio", recordings_url(app))
}

/// What URLs of recordings begin with.
pub fn recordings_url(app: &AppState) -> String {
    format!("{}/v1/recordings", app.public_url)
}

/// A URL of the file in this format that serves until `expires`, in seconds since 1970.
pub(super) fn signed(app: &AppState, id: RecordingId, format: Format, expires: i64) -> String {
    let (signature, format) = (signature(&app.secrets, id, expires), format.as_str());
    format!("{}/media/recordings/{id}.{format}?expires={expires}&signature={signature}", app.public_url)
}

/// As what a recording is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The WAV file that is kept.
    Wav,
    /// Ogg with Opus, made of that as it is sent: an eighth of the bytes.
    Ogg,
}

impl Format {
    /// Each, the one that is meant without a word first.
    pub const ALL: &'static [Self] = &[Self::Wav, Self::Ogg];

    /// As the API, and a file's name, write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Ogg => "ogg",
        }
    }

    /// The format of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.as_str() == name)
    }
}

/// Why a URL does not serve.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It was not made by us, or was changed.
    Forged,
    /// It was, and has served long enough.
    Expired,
}

/// Whether a URL serves now, in seconds since 1970.
pub(super) fn check(secrets: &Secrets, id: RecordingId, expires: i64, given: &str, now: i64) -> Result<(), Refused> {
    use subtle::ConstantTimeEq;
    let own = signature(secrets, id, expires);
    if !bool::from(own.as_bytes().ct_eq(given.as_bytes())) {
        return Err(Refused::Forged);
    }
    if now < expires { Ok(()) } else { Err(Refused::Expired) }
}

fn signature(secrets: &Secrets, id: RecordingId, expires: i64) -> String {
    secrets.hash(Purpose::RecordingUrl, &format!("{id} {expires}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_serves_its_recording_until_it_expires_and_no_other() {
        let secrets = Secrets::new([7; 32]);
        let (id, other) = (RecordingId(uuid::Uuid::from_u128(1)), RecordingId(uuid::Uuid::from_u128(2)));
        let good = signature(&secrets, id, 1_000);
        assert_eq!(check(&secrets, id, 1_000, &good, 999), Ok(()));
        assert_eq!(check(&secrets, id, 1_000, &good, 1_000), Err(Refused::Expired));
        assert_eq!(check(&secrets, id, 2_000, &good, 999), Err(Refused::Forged));
        assert_eq!(check(&secrets, other, 1_000, &good, 999), Err(Refused::Forged));
        assert_eq!(check(&secrets, id, 1_000, &good[1..], 999), Err(Refused::Forged));
        assert_eq!(check(&Secrets::new([8; 32]), id, 1_000, &good, 999), Err(Refused::Forged));
    }
}
