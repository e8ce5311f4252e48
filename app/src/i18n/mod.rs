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
            /// Each key with its words in both.
            #[cfg(test)]
            pub(super) const PAIRS: &'static [(&'static str, &'static str, &'static str)] =
                &[$((stringify!($key), $english, $swahili),)*];
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
mod errors;
pub use errors::refusal;
mod facts;
pub use facts::Facts as FactsText;
mod home;
mod invitation;
mod keys;
mod landing;
mod limits;
mod meetings;
pub use meetings::Meetings as MeetingsText;
mod members;
mod mistakes;
pub use mistakes::Mistakes as MistakesText;
mod numbers;
mod operator;
mod payments;
pub use payments::payment_failure;
mod playground;
pub use playground::Playground as PlaygroundText;
mod privacy;
pub use privacy::Privacy as PrivacyText;
mod pricing;
pub use pricing::Pricing as PricingText;
mod profile;
mod recordings;
pub use recordings::Recordings as RecordingsText;
mod reference;
pub use reference::Reference as ReferenceText;
mod requests;
mod rights;
pub use rights::Rights as RightsText;
mod search;
mod shadow;
mod site;
pub use shadow::Shadow as ShadowText;
mod softphone;
mod supply;
mod trunks;
mod wallet;
pub use wallet::Wallet as WalletText;
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
    pub facts: facts::Facts,
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
    pub reference: reference::Reference,
    pub requests: requests::Requests,
    /// Privacy.
    pub privacy: privacy::Privacy,
    /// Shadow requests.
    pub shadow: shadow::Shadow,
    /// The public site.
    pub site: site::Site,
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
    pub mistakes: mistakes::Mistakes,
    pub rights: rights::Rights,
    pub workspace: workspace::Workspace,
}

static ENGLISH: Text = Text {
    common: common::Common::ENGLISH,
    landing: landing::Landing::ENGLISH,
    docs: docs::Docs::ENGLISH,
    entry: entry::Entry::ENGLISH,
    facts: facts::Facts::ENGLISH,
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
    reference: reference::Reference::ENGLISH,
    requests: requests::Requests::ENGLISH,
    privacy: privacy::Privacy::ENGLISH,
    shadow: shadow::Shadow::ENGLISH,
    site: site::Site::ENGLISH,
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
    mistakes: mistakes::Mistakes::ENGLISH,
    rights: rights::Rights::ENGLISH,
    workspace: workspace::Workspace::ENGLISH,
};

static SWAHILI: Text = Text {
    common: common::Common::SWAHILI,
    landing: landing::Landing::SWAHILI,
    docs: docs::Docs::SWAHILI,
    entry: entry::Entry::SWAHILI,
    facts: facts::Facts::SWAHILI,
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
    reference: reference::Reference::SWAHILI,
    requests: requests::Requests::SWAHILI,
    privacy: privacy::Privacy::SWAHILI,
    shadow: shadow::Shadow::SWAHILI,
    site: site::Site::SWAHILI,
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
    mistakes: mistakes::Mistakes::SWAHILI,
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

    /// Every catalogue.
    fn pairs() -> Vec<(&'static str, &'static str, &'static str)> {
        [
            audit::Audit::PAIRS,
            axis::Axis::PAIRS,
            calls::Calls::PAIRS,
            common::Common::PAIRS,
            devices::Devices::PAIRS,
            diagnosis::Diagnosis::PAIRS,
            docs::Docs::PAIRS,
            entry::Entry::PAIRS,
            facts::Facts::PAIRS,
            home::Home::PAIRS,
            invitation::Invitation::PAIRS,
            keys::Keys::PAIRS,
            landing::Landing::PAIRS,
            limits::Limits::PAIRS,
            meetings::Meetings::PAIRS,
            members::Members::PAIRS,
            mistakes::Mistakes::PAIRS,
            numbers::Numbers::PAIRS,
            operator::Operator::PAIRS,
            playground::Playground::PAIRS,
            pricing::Pricing::PAIRS,
            privacy::Privacy::PAIRS,
            profile::Profile::PAIRS,
            recordings::Recordings::PAIRS,
            reference::Reference::PAIRS,
            requests::Requests::PAIRS,
            rights::Rights::PAIRS,
            search::Search::PAIRS,
            shadow::Shadow::PAIRS,
            site::Site::PAIRS,
            softphone::Softphone::PAIRS,
            supply::Supply::PAIRS,
            trunks::Trunks::PAIRS,
            wallet::Wallet::PAIRS,
            webhooks::Webhooks::PAIRS,
            workspace::Workspace::PAIRS,
        ]
        .concat()
    }

    /// What is the same in both languages: names and signs.
    const SAME: [&str; 4] = ["Webhooks", "URL", "{}.", "{} ms"];
    /// Words that English sentences have and Swahili ones do not.
    const ENGLISH_WORDS: [&str; 16] = [
        "the", "and", "of", "is", "are", "with", "your", "for", "this", "that", "not", "will", "has", "have", "was",
        "when",
    ];

    #[test]
    fn no_english_is_left_over_in_the_swahili_catalogue() {
        let pairs = pairs();
        assert!(pairs.len() > 1_500, "{} sentences", pairs.len());
        for (key, english, swahili) in pairs {
            assert!(english != swahili || SAME.contains(&english), "{key} is not translated: {english}");
            let mut words = swahili.split(|letter: char| !letter.is_alphanumeric());
            let left = words.find(|word| ENGLISH_WORDS.contains(word));
            assert_eq!(left, None, "{key}: {swahili}");
            assert_eq!(english.matches("{}").count(), swahili.matches("{}").count(), "{key}");
        }
    }

    /// Files with documents of voice actions, whose words callers hear.
    const OF_CALLERS: [&str; 3] = ["playground.rs", "playground_recipes.rs", "docs_run.rs"];

    #[test]
    fn no_page_and_no_form_has_english_of_its_own() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut read = 0;
        for folder in ["pages", "components", "forms"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if (folder == "pages" && OF_CALLERS.contains(&name.as_str())) || name.ends_with("_test.rs") {
                    continue;
                }
                let source = std::fs::read_to_string(&path).unwrap();
                let code = source.split("#[cfg(test)]").next().unwrap_or_default().lines().map(str::trim);
                for line in code.filter(|line| !line.starts_with("//") && !line.contains("reason =")) {
                    for literal in line.split('"').skip(1).step_by(2).filter(|literal| literal.contains(' ')) {
                        let left = literal.split(' ').find(|word| ENGLISH_WORDS.contains(word));
                        assert_eq!(left, None, "{name}: {literal}");
                    }
                }
                read += 1;
            }
        }
        assert!(read > 100, "{read} files");
    }
}
