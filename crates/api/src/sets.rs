//! Closed sets of strings, for the API's description. Their tables stand where their meaning is (here, in the server's rooms, in
//! the voice engine); these types only name them, and `server/src/http/openapi/sets.rs` fills in what they hold.
//!
//! A set grows with versions of the server: clients take an unknown value for what it is.

use utoipa::ToSchema;

macro_rules! sets {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])* #[derive(ToSchema)] pub struct $name(pub String);)*

        /// The name of every set.
        pub fn names() -> Vec<String> { vec![$($name::name().into_owned(),)*] }
    };
}

sets! {
    /// What an API key may do; `*` stands for all but API keys, members and top-ups.
    Scope;
    /// A kind of write in the audit log, as `room.verb`.
    AuditKind;
    /// What acted: a person, a key, an operator of the installation, or the server itself.
    ActorKind;
    /// A code of the error catalogue; `/docs/errors/CODE` explains each.
    ErrorCode;
    /// Towards the workspace's number, or from it.
    Direction;
    /// What a leg leads to: the telephone network, a browser, a SIP device, or another number of this installation.
    LegKind;
    /// Why a call or a leg ended: a cause of the table in the documentation, `sip.NNN` for a refusal of the network by that
    /// status, or the code of the error catalogue under which we refused.
    HangupCause;
    /// What asked for a recording.
    RecordingSource;
    /// As what a recording is heard.
    RecordingFormat;
    /// What can stand on a call's timeline.
    CallEventKind;
    /// Whether a workspace works; a suspended one reads, tops up and settles.
    WorkspaceStatus;
    /// Whether a number works; a released one is not shown.
    NumberStatus;
    /// Whose words a number's voice callbacks are in: ours, Twilio's (signed with `X-Twilio-Signature` too), or Africa's
    /// Talking's.
    Compat;
    /// What a voice callback request was for: the next `actions`, the `final` one that tells a call's end, or a `status` beside
    /// its steps. The answers to the last two steer nothing, and only their failure counts.
    ShadowPurpose;
    /// What comparing came to: both would have had the call do the `same`; the documents are `different`; the shadow
    /// `failed` where the live handler did not; or it had an answer where the live handler had none (`recovered`).
    ShadowOutcome;
    /// What comes of a finding about a handler: a call `fails` by it, or it is `skipped`.
    CheckSeverity;
    /// Where a number of the inventory stands.
    NumberState;
    /// Whether a series offers its numbers.
    SeriesStatus;
    /// Whether a provider gives series.
    ProviderStatus;
    /// What an import does to a price.
    PriceChange;
    /// What happens to running calls when the money ends: they go on (`finish_call`), or end on the last second that is paid
    /// for (`none`).
    OverdraftPolicy;
    /// Where a trunk was set up: by the API, or in the configuration file, where alone it can be changed.
    TrunkOrigin;
    /// How a leg's audio is kept from others: not at all (`none`), or by SRTP with keys that stood in the descriptions (`sdes`) or
    /// came of a handshake (`dtls`).
    MediaSecurity;
    /// How the audio of a trunk or device is kept from others: not at all (`off`), where it offers SRTP (`accepted`), where it takes
    /// our offer too (`preferred`), or always (`required`).
    SrtpPolicy;
    /// How SIP travels to a trunk.
    TrunkTransport;
    /// Where a trunk is told the caller's number beside From.
    TrunkIdentity;
    /// How numbers are written to a trunk.
    TrunkNumberFormat;
    /// What counts against an address whose SIP requests lead to nothing.
    SipStrangerOffence;
    /// How our registration with a trunk stands.
    TrunkRegistrationStatus;
    /// What was unusual about outbound calls, so that they were frozen.
    FreezeReason;
    /// What kind of movement an entry of the ledger is.
    LedgerEntryKind;
    /// What kind of correction an operator made.
    AdjustmentKind;
    /// Which background jobs wait for each other.
    JobLane;
    /// Where a background job stands that is not done: `dead` after its last try, until somebody looks at it.
    JobState;
    /// How a node stands: `serving`; `draining` while it takes no new calls; `lost` once its lease has lapsed, after which others
    /// close its calls.
    NodeState;
    /// How a customer pays; in development with nothing configured the simulator plays either.
    TopUpMethod;
    /// By which way of its method a payment comes.
    TopUpChannel;
    /// Where a payment stands; `succeeded` is final.
    TopUpStatus;
    /// Where money stands that came without having been asked for.
    IncomingPaymentStatus;
    /// What an event tells.
    EventKind;
    /// Where a delivery stands: `pending` until it is answered, `delivered`, `exhausted` after the last attempt of the schedule,
    /// `failed` where its endpoint is off.
    DeliveryStatus;
    /// Why a payment waits for people: its account is nobody's, the provider does not stand behind it, what was told of it
    /// differs, or the wallet is in another currency.
    UnmatchedReason;
}
