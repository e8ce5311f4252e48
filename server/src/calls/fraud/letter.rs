//! What owners and operators are told when outbound calls were frozen.

use sautikit_api::ids::WorkspaceId;

use super::Finding;
use crate::mail::{Lang, Mail, escaped};

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
    lang: Lang,
) -> Mail {
    let Finding { reason, count, threshold } = finding;
    let seen = lang.pick(
        format!("Within an hour there were {count} {}; from {threshold} on that is unusual.", reason.says()),
        format!("Ndani ya saa moja: {}, {count}; kuanzia {threshold} si kawaida.", reason.says_in_swahili()),
    );
    let (whose, link, what) = if is_operator {
        (
            lang.pick(
                format!("Outbound calls of the workspace {workspace} are frozen."),
                format!("Simu za kutoka za eneo la kazi {workspace} zimesimamishwa."),
            ),
            format!("{public_url}/operator/workspaces?search={workspace}"),
            lang.pick(
                "Speak with its owners, and let the calls go on once you know what they were.",
                "Zungumza na wamiliki wake, na ruhusu simu ziendelee ukishajua zilikuwa za nini.",
            ),
        )
    } else {
        let whose = lang.pick(
            "Outbound calls of your workspace are frozen.",
            "Simu za kutoka za eneo lako la kazi zimesimamishwa.",
        );
        (
            whose.to_owned(),
            format!("{public_url}/wallet/limits"),
            lang.pick(
                "If you did not place these calls: revoke your API keys and end the sessions of your team first. Then an owner who has just signed in lets calls go on.",
                "Kama hukupiga simu hizi: batilisha funguo zako za API na maliza vikao vya timu yako kwanza. Kisha mmiliki aliyeingia sasa hivi anaruhusu simu ziendelee.",
            ),
        )
    };
    let unaffected = lang.pick("Calls that come in are not affected.", "Simu zinazoingia haziathiriki.");
    let text = format!("{whose} {seen} {unaffected} {what}");
    let subject =
        lang.pick("Outbound calls are frozen: unusual calls", "Simu za kutoka zimesimamishwa: simu zisizo za kawaida");
    Mail {
        to,
        subject: subject.to_owned(),
        text: format!("{text}\n\n{link}\n"),
        html: format!(
            "<p>{}</p><p><a href=\"{link}\">{}</a></p>",
            escaped(&text),
            lang.pick("Open the limits", "Fungua mipaka")
        ),
        links: vec![link],
        worthless_at_us: now_us + WORTH_US,
    }
}
