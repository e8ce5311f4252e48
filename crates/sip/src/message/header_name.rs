//! Header field names: one table of the known ones with their compact forms (RFC 3261 §7.3.3, §20).

use core::fmt;

macro_rules! header_names {
    ($($variant:ident $name:literal $($compact:literal)?),+ $(,)?) => {
        /// The name of a header field. Names compare without regard to case (RFC 3261 §7.3.1); the
        /// compact form and the long form are the same name.
        #[derive(Debug, Clone)]
        pub enum HeaderName {
            $(#[doc = $name] $variant,)+
            /// A name that is not in the table, in the case it came in.
            Other(Box<str>),
        }

        const NAMES: &[&str] = &[$($name),+];

        impl HeaderName {
            /// The long form as it is printed.
            pub fn as_str(&self) -> &str {
                match self {
                    $(HeaderName::$variant => $name,)+
                    HeaderName::Other(name) => name,
                }
            }

            fn from_compact(letter: u8) -> Option<HeaderName> {
                match [letter.to_ascii_lowercase()] {
                    $($([c] if c == $compact => Some(HeaderName::$variant),)?)+
                    _ => None,
                }
            }

            fn from_index(index: usize) -> Option<HeaderName> {
                const VARIANTS: &[HeaderName] = &[$(HeaderName::$variant),+];
                VARIANTS.get(index).cloned()
            }
        }
    };
}

header_names! {
    Accept "Accept",
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    AlertInfo "Alert-Info",
    Allow "Allow",
    AllowEvents "Allow-Events" b'u',
    AuthenticationInfo "Authentication-Info",
    Authorization "Authorization",
    CallId "Call-ID" b'i',
    CallInfo "Call-Info",
    Contact "Contact" b'm',
    ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding" b'e',
    ContentLanguage "Content-Language",
    ContentLength "Content-Length" b'l',
    ContentType "Content-Type" b'c',
    CSeq "CSeq",
    Date "Date",
    Diversion "Diversion",
    ErrorInfo "Error-Info",
    Event "Event" b'o',
    Expires "Expires",
    FlowTimer "Flow-Timer",
    From "From" b'f',
    HistoryInfo "History-Info",
    Identity "Identity" b'y',
    InReplyTo "In-Reply-To",
    InfoPackage "Info-Package",
    MaxForwards "Max-Forwards",
    MimeVersion "MIME-Version",
    MinExpires "Min-Expires",
    MinSe "Min-SE",
    Organization "Organization",
    PAccessNetworkInfo "P-Access-Network-Info",
    PAssertedIdentity "P-Asserted-Identity",
    PPreferredIdentity "P-Preferred-Identity",
    Path "Path",
    Priority "Priority",
    Privacy "Privacy",
    ProxyAuthenticate "Proxy-Authenticate",
    ProxyAuthorization "Proxy-Authorization",
    ProxyRequire "Proxy-Require",
    RAck "RAck",
    Reason "Reason",
    RecordRoute "Record-Route",
    RecvInfo "Recv-Info",
    ReferSub "Refer-Sub",
    ReferTo "Refer-To" b'r',
    ReferredBy "Referred-By" b'b',
    RemotePartyId "Remote-Party-ID",
    Replaces "Replaces",
    ReplyTo "Reply-To",
    Require "Require",
    RetryAfter "Retry-After",
    Route "Route",
    RSeq "RSeq",
    Server "Server",
    ServiceRoute "Service-Route",
    SessionExpires "Session-Expires" b'x',
    SipEtag "SIP-ETag",
    SipIfMatch "SIP-If-Match",
    Subject "Subject" b's',
    SubscriptionState "Subscription-State",
    Supported "Supported" b'k',
    Timestamp "Timestamp",
    To "To" b't',
    Unsupported "Unsupported",
    UserAgent "User-Agent",
    Via "Via" b'v',
    Warning "Warning",
    WwwAuthenticate "WWW-Authenticate",
    XSautikitError "X-Sautikit-Error",
}

/// Longest name in the table plus one.
const LENGTHS: usize = 24;
/// Most names that share one length.
const SAME_LENGTH: usize = 12;
/// Marks an unused slot of [`BY_LENGTH`].
const NONE: u8 = u8::MAX;

/// Table indices by name length, so that a lookup compares a handful of names instead of all.
static BY_LENGTH: [[u8; SAME_LENGTH]; LENGTHS] = index_by_length();

const fn index_by_length() -> [[u8; SAME_LENGTH]; LENGTHS] {
    let mut index = [[NONE; SAME_LENGTH]; LENGTHS];
    let mut used = [0usize; LENGTHS];
    let mut i = 0;
    while i < NAMES.len() {
        let length = NAMES[i].len();
        index[length][used[length]] = i as u8;
        used[length] += 1;
        i += 1;
    }
    index
}

impl HeaderName {
    /// The name that this token spells, long or compact, in any case.
    pub fn from_token(token: &str) -> HeaderName {
        HeaderName::known(token.as_bytes()).unwrap_or_else(|| HeaderName::Other(token.into()))
    }

    /// The name in the table that these bytes spell.
    pub(crate) fn known(bytes: &[u8]) -> Option<HeaderName> {
        if let [letter] = bytes {
            return HeaderName::from_compact(*letter);
        }
        for &slot in BY_LENGTH.get(bytes.len())? {
            let known = NAMES.get(usize::from(slot))?;
            // Names of one length seldom share their last letter, and nearly every peer spells them
            // as the table does.
            let same_end = known.as_bytes().last().zip(bytes.last()).is_some_and(|(a, b)| a | 0x20 == b | 0x20);
            if same_end && (known.as_bytes() == bytes || known.as_bytes().eq_ignore_ascii_case(bytes)) {
                return HeaderName::from_index(usize::from(slot));
            }
        }
        None
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &HeaderName) -> bool {
        match (self, other) {
            (HeaderName::Other(a), HeaderName::Other(b)) => a.eq_ignore_ascii_case(b),
            (a, b) => core::mem::discriminant(a) == core::mem::discriminant(b),
        }
    }
}

impl Eq for HeaderName {}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_found_in_any_case() {
        for name in NAMES {
            let lower = HeaderName::from_token(&name.to_ascii_lowercase());
            assert_eq!(lower.as_str(), *name);
        }
    }

    #[test]
    fn compact_and_long_forms_are_one_name() {
        for (compact, long) in [
            ("v", "Via"),
            ("I", "Call-ID"),
            ("m", "contact"),
            ("l", "CONTENT-LENGTH"),
            ("k", "Supported"),
            ("x", "Session-Expires"),
        ] {
            assert_eq!(HeaderName::from_token(compact), HeaderName::from_token(long));
        }
    }

    #[test]
    fn unknown_names_compare_without_case_and_keep_theirs() {
        assert_eq!(HeaderName::from_token("X-Foo"), HeaderName::from_token("x-fOO"));
        assert_eq!(HeaderName::from_token("x-fOO").as_str(), "x-fOO");
        assert_ne!(HeaderName::from_token("z"), HeaderName::Via);
    }
}
