//! What owners are told when their workspace is suspended or works again.

use crate::accounts::Workspace;
use crate::mail::{Lang, Mail, escaped};

/// How long the news is worth a mail: after that the console has told it.
const WORTH_US: i64 = 2 * 86_400 * 1_000_000;

/// The mail to one owner. `reason` is the operator's, and absent when the workspace works again.
pub(super) fn letter(
    public_url: &str,
    to: String,
    workspace: &Workspace,
    reason: Option<&str>,
    now_us: i64,
    lang: Lang,
) -> Mail {
    let link = format!("{public_url}/home");
    let name = &workspace.name;
    let (subject, news) = match reason {
        Some(reason) => lang.pick(
            (
                format!("{name} is suspended on Sautikit"),
                format!(
                    "is suspended: {reason}. It reads, tops up and settles; calls and all other changes wait until then."
                ),
            ),
            (
                format!("{name} imesimamishwa kwenye Sautikit"),
                format!(
                    "limesimamishwa: {reason}. Linasoma, linaongeza salio na kulipa; simu na mabadiliko mengine yote yanasubiri hadi hapo."
                ),
            ),
        ),
        None => lang.pick(
            (
                format!("{name} works again on Sautikit"),
                "works again: calls and changes are possible as before.".to_owned(),
            ),
            (
                format!("{name} inafanya kazi tena kwenye Sautikit"),
                "linafanya kazi tena: simu na mabadiliko yanawezekana kama awali.".to_owned(),
            ),
        ),
    };
    let (whose, open) = lang.pick(("Your workspace", "Open the console"), ("Eneo lako la kazi", "Fungua dashibodi"));
    Mail {
        to,
        subject,
        text: format!("{whose} {name} {news}\n\n{link}\n"),
        html: format!(
            "<p>{whose} <strong>{}</strong> {}</p><p><a href=\"{link}\">{open}</a></p>",
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
        let mail =
            letter("https://voice.example", "a@example.com".to_owned(), &workspace, Some("<fraud>"), 0, Lang::English);
        assert!(mail.text.contains("A&B is suspended: <fraud>."), "{}", mail.text);
        assert!(mail.html.contains("A&amp;B</strong> is suspended: &lt;fraud&gt;."), "{}", mail.html);
    }
}
