//! What owners are told when their workspace is suspended or works again.

use crate::accounts::Workspace;
use crate::mail::{Mail, escaped};

/// How long the news is worth a mail: after that the console has told it.
const WORTH_US: i64 = 2 * 86_400 * 1_000_000;

/// The mail to one owner. `reason` is the operator's, and absent when the workspace works again.
pub(super) fn letter(public_url: &str, to: String, workspace: &Workspace, reason: Option<&str>, now_us: i64) -> Mail {
    let link = format!("{public_url}/home");
    let name = &workspace.name;
    let (subject, news) = match reason {
        Some(reason) => (
            format!("{name} is suspended on Sautikit"),
            format!(
                "is suspended: {reason}. It reads, tops up and settles; calls and all other changes wait until then."
            ),
        ),
        None => (
            format!("{name} works again on Sautikit"),
            "works again: calls and changes are possible as before.".to_owned(),
        ),
    };
    Mail {
        to,
        subject,
        text: format!("Your workspace {name} {news}\n\n{link}\n"),
        html: format!(
            "<p>Your workspace <strong>{}</strong> {}</p><p><a href=\"{link}\">Open the console</a></p>",
            escaped(name),
            escaped(&news)
        ),
        links: vec![link],
        worthless_at_us: now_us + WORTH_US,
    }
}

#[cfg(test)]
mod tests {
    use sautikit_api::ids::WorkspaceId;

    use super::*;

    #[test]
    fn a_reason_is_text_and_no_markup() {
        let workspace = Workspace {
            id: WorkspaceId(uuid::Uuid::nil()),
            name: "A&B".to_owned(),
            country: "KE".to_owned(),
            currency: "KES".to_owned(),
            suspended: true,
        };
        let mail = letter("https://voice.example", "a@example.com".to_owned(), &workspace, Some("<fraud>"), 0);
        assert!(mail.text.contains("A&B is suspended: <fraud>."), "{}", mail.text);
        assert!(mail.html.contains("A&amp;B</strong> is suspended: &lt;fraud&gt;."), "{}", mail.html);
    }
}
