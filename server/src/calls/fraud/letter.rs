//! What owners and operators are told when outbound calls were frozen.

use sautikit_api::ids::WorkspaceId;

use super::Finding;
use crate::mail::{Mail, escaped};

/// How long the news is worth a mail: after that the console has told it.
const WORTH_US: i64 = 2 * 86_400 * 1_000_000;

/// The mail to one person.
pub(super) fn letter(
    public_url: &str,
    to: String,
    workspace: WorkspaceId,
    finding: Finding,
    is_operator: bool,
    now_us: i64,
) -> Mail {
    let Finding { reason, count, threshold } = finding;
    let seen = format!("Within an hour there were {count} {}; from {threshold} on that is unusual.", reason.says());
    let (whose, link, what) = if is_operator {
        (
            format!("Outbound calls of the workspace {workspace} are frozen."),
            format!("{public_url}/operator/workspaces?search={workspace}"),
            "Speak with its owners, and let the calls go on once you know what they were.",
        )
    } else {
        (
            "Outbound calls of your workspace are frozen.".to_owned(),
            format!("{public_url}/wallet/limits"),
            "If you did not place these calls: revoke your API keys and end the sessions of your team first. Then an owner who has just signed in lets calls go on.",
        )
    };
    let text = format!("{whose} {seen} Calls that come in are not affected. {what}");
    Mail {
        to,
        subject: "Outbound calls are frozen: unusual calls".to_owned(),
        text: format!("{text}\n\n{link}\n"),
        html: format!("<p>{}</p><p><a href=\"{link}\">Open the limits</a></p>", escaped(&text)),
        links: vec![link],
        worthless_at_us: now_us + WORTH_US,
    }
}
