//! Every sentence of the console, English and Swahili side by side, one file per area.
//!
//! A key exists in both languages or the build fails. Deliberately absent: messages of API errors, which the API words,
//! and plural rules, which the sentences avoid.

/// One struct of strings and its two editions: `key: "English" | "Kiswahili",`.
macro_rules! catalogue {
    ($(#[$doc:meta])* $name:ident { $($key:ident: $english:literal | $swahili:literal,)* }) => {
        $(#[$doc])*
        pub struct $name { $(#[doc = $english] pub $key: &'static str,)* }

        impl $name {
            pub(super) const ENGLISH: Self = Self { $($key: $english,)* };
            pub(super) const SWAHILI: Self = Self { $($key: $swahili,)* };
        }
    };
}

mod audit;
mod axis;
pub use axis::Axis as AxisText;
mod calls;
pub use calls::Calls as CallsText;
mod common;
mod devices;
mod diagnosis;
mod docs;
mod entry;
mod home;
mod invitation;
mod keys;
mod landing;
mod limits;
mod meetings;
pub use meetings::Meetings as MeetingsText;
mod members;
mod numbers;
mod operator;
mod playground;
mod privacy;
pub use privacy::Privacy as PrivacyText;
mod pricing;
pub use pricing::Pricing as PricingText;
mod profile;
mod recordings;
pub use recordings::Recordings as RecordingsText;
mod requests;
mod rights;
pub use rights::Rights as RightsText;
mod search;
mod shadow;
pub use shadow::Shadow as ShadowText;
mod softphone;
mod supply;
mod trunks;
mod wallet;
mod webhooks;
mod workspace;

/// A language of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// en
    #[default]
    English,
    /// sw
    Swahili,
}

impl Lang {
    /// Every language, in the order of the switch.
    pub const ALL: [Self; 2] = [Self::English, Self::Swahili];

    /// BCP 47, for `<html lang>` and the language cookie.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Swahili => "sw",
        }
    }

    /// Its own name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Swahili => "Kiswahili",
        }
    }

    /// The language of that code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// The visitor's language: the cookie's choice, else the first of `Accept-Language` that we have, else English.
    pub fn negotiate(cookie: Option<&str>, accept_language: Option<&str>) -> Self {
        let accepted = || {
            accept_language?
                .split(',')
                .find_map(|range| Self::parse(range.trim().split([';', '-']).next().unwrap_or_default()))
        };
        cookie.and_then(Self::parse).or_else(accepted).unwrap_or_default()
    }

    /// Its catalogue.
    pub const fn text(self) -> &'static Text {
        match self {
            Self::English => &ENGLISH,
            Self::Swahili => &SWAHILI,
        }
    }
}

/// The whole catalogue of one language.
pub struct Text {
    pub common: common::Common,
    pub landing: landing::Landing,
    pub docs: docs::Docs,
    pub entry: entry::Entry,
    pub invitation: invitation::Invitation,
    pub home: home::Home,
    pub numbers: numbers::Numbers,
    pub devices: devices::Devices,
    pub diagnosis: diagnosis::Diagnosis,
    pub operator: operator::Operator,
    pub playground: playground::Playground,
    pub pricing: pricing::Pricing,
    pub profile: profile::Profile,
    pub recordings: recordings::Recordings,
    pub requests: requests::Requests,
    /// Privacy.
    pub privacy: privacy::Privacy,
    /// Shadow requests.
    pub shadow: shadow::Shadow,
    pub audit: audit::Audit,
    pub axis: axis::Axis,
    pub calls: calls::Calls,
    pub wallet: wallet::Wallet,
    pub webhooks: webhooks::Webhooks,
    pub keys: keys::Keys,
    pub limits: limits::Limits,
    pub search: search::Search,
    pub softphone: softphone::Softphone,
    pub supply: supply::Supply,
    /// The ways to carriers.
    pub trunks: trunks::Trunks,
    pub meetings: meetings::Meetings,
    pub members: members::Members,
    pub rights: rights::Rights,
    pub workspace: workspace::Workspace,
}

static ENGLISH: Text = Text {
    common: common::Common::ENGLISH,
    landing: landing::Landing::ENGLISH,
    docs: docs::Docs::ENGLISH,
    entry: entry::Entry::ENGLISH,
    invitation: invitation::Invitation::ENGLISH,
    home: home::Home::ENGLISH,
    numbers: numbers::Numbers::ENGLISH,
    devices: devices::Devices::ENGLISH,
    diagnosis: diagnosis::Diagnosis::ENGLISH,
    operator: operator::Operator::ENGLISH,
    playground: playground::Playground::ENGLISH,
    pricing: pricing::Pricing::ENGLISH,
    profile: profile::Profile::ENGLISH,
    recordings: recordings::Recordings::ENGLISH,
    requests: requests::Requests::ENGLISH,
    privacy: privacy::Privacy::ENGLISH,
    shadow: shadow::Shadow::ENGLISH,
    audit: audit::Audit::ENGLISH,
    axis: axis::Axis::ENGLISH,
    calls: calls::Calls::ENGLISH,
    wallet: wallet::Wallet::ENGLISH,
    webhooks: webhooks::Webhooks::ENGLISH,
    keys: keys::Keys::ENGLISH,
    limits: limits::Limits::ENGLISH,
    search: search::Search::ENGLISH,
    softphone: softphone::Softphone::ENGLISH,
    supply: supply::Supply::ENGLISH,
    trunks: trunks::Trunks::ENGLISH,
    meetings: meetings::Meetings::ENGLISH,
    members: members::Members::ENGLISH,
    rights: rights::Rights::ENGLISH,
    workspace: workspace::Workspace::ENGLISH,
};

static SWAHILI: Text = Text {
    common: common::Common::SWAHILI,
    landing: landing::Landing::SWAHILI,
    docs: docs::Docs::SWAHILI,
    entry: entry::Entry::SWAHILI,
    invitation: invitation::Invitation::SWAHILI,
    home: home::Home::SWAHILI,
    numbers: numbers::Numbers::SWAHILI,
    devices: devices::Devices::SWAHILI,
    diagnosis: diagnosis::Diagnosis::SWAHILI,
    operator: operator::Operator::SWAHILI,
    playground: playground::Playground::SWAHILI,
    pricing: pricing::Pricing::SWAHILI,
    profile: profile::Profile::SWAHILI,
    recordings: recordings::Recordings::SWAHILI,
    requests: requests::Requests::SWAHILI,
    privacy: privacy::Privacy::SWAHILI,
    shadow: shadow::Shadow::SWAHILI,
    audit: audit::Audit::SWAHILI,
    axis: axis::Axis::SWAHILI,
    calls: calls::Calls::SWAHILI,
    wallet: wallet::Wallet::SWAHILI,
    webhooks: webhooks::Webhooks::SWAHILI,
    keys: keys::Keys::SWAHILI,
    limits: limits::Limits::SWAHILI,
    search: search::Search::SWAHILI,
    softphone: softphone::Softphone::SWAHILI,
    supply: supply::Supply::SWAHILI,
    trunks: trunks::Trunks::SWAHILI,
    meetings: meetings::Meetings::SWAHILI,
    members: members::Members::SWAHILI,
    rights: rights::Rights::SWAHILI,
    workspace: workspace::Workspace::SWAHILI,
};

/// `sentence` with its `{}` replaced by `value`.
pub fn fill(sentence: &str, value: &str) -> String {
    sentence.replacen("{}", value, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_wins_over_the_browser() {
        assert_eq!(Lang::negotiate(Some("sw"), Some("en")), Lang::Swahili);
        assert_eq!(Lang::negotiate(None, Some("fr-FR, sw-KE;q=0.9, en;q=0.5")), Lang::Swahili);
        assert_eq!(Lang::negotiate(Some("xx"), None), Lang::English);
    }
}
