//! The groups of endpoints, in the order in which one meets them.

use serde_json::{Value, json};

/// Name, what it is for, and the first words of the paths in it; one without words is not in paths.
const TAGS: [(&str, &str, &[&str]); 18] = [
    (
        "Sign-in",
        "Who someone is: links by mail, Google, sessions. For people in browsers; servers use API keys.",
        &["auth"],
    ),
    (
        "Workspaces and members",
        "The tenant that owns everything, who is in it, and invitations.",
        &["workspace", "workspaces", "invitations"],
    ),
    ("API keys", "Secrets for servers. Their rights are scopes, cut by the creator's current role.", &["api-keys"]),
    ("Pricing", "What numbers and calls cost, without signing in.", &["pricing"]),
    ("Numbers", "Find, claim, route and release telephone numbers.", &["numbers"]),
    ("Calls", "Place calls, follow them, read what became of them.", &["calls"]),
    (
        "Conferences and queues",
        "Who is in which, and changing that while they talk or wait.",
        &["conferences", "queues"],
    ),
    (VOICE_CALLBACK, "What a call asks your server, and what it can answer.", &["actions", "shadow-requests"]),
    ("Recordings", "Hear, list and delete recordings; how much is kept, and where.", &["recordings", "storage"]),
    (
        "Webhooks and events",
        "Endpoints that are told of calls, numbers and money, what was sent to them, and the same to be asked for.",
        &["webhooks", "events"],
    ),
    ("SIP", "Tokens for phones in browsers and apps.", &["sip"]),
    ("Wallet", "Balance, ledger and top-ups. Amounts are integers in minor units.", &["wallet"]),
    ("Privacy", "A person's number erased, with a signed receipt; all of a workspace as one archive.", &["privacy"]),
    ("Audit log", "Who did what, from where.", &["audit", "audit.csv"]),
    ("Request log", "What the API was asked in the last days.", &["requests"]),
    ("Sandbox", "A caller without a telephone, for development.", &["sandbox"]),
    ("Operators", "The installation's tenants, for its operators.", &["admin"]),
    (SERVICE, "Probes, and this document.", &[]),
];
/// The requests that we make.
pub(super) const VOICE_CALLBACK: &str = "Voice callback";
/// All other paths.
const SERVICE: &str = "Service";

/// As the document lists them.
pub(super) fn all() -> Value {
    TAGS.iter().map(|(name, what, _)| json!({ "name": name, "description": what })).collect()
}

/// Paths come as `/v1/calls/…`; what belongs together shares the first word.
pub(super) fn of_path(path: &str) -> &'static str {
    let word = path.trim_start_matches("/v1").split('/').nth(1).unwrap_or_default();
    TAGS.iter().find(|(_, _, words)| words.contains(&word)).map_or(SERVICE, |(name, ..)| name)
}
