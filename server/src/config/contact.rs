//! `[contact]`: how customers reach whoever runs this server, shown at `/contact`.

use serde::Deserialize;

/// `[contact]`; what is empty is not shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// An e-mail address.
    pub email: String,
    /// A telephone number, as it is shown.
    pub phone: String,
    /// When somebody is there.
    pub hours: String,
    /// Where, in one line.
    pub address: String,
}
