//! What operators are told when a trunk does not take our registration.

use crate::mail::{Lang, Mail, escaped};

/// How long the news is worth a mail: after that the console has told it.
const WORTH_US: i64 = 86_400 * 1_000_000;

/// The mail to one operator, in their language.
pub(super) fn letter(public_url: &str, to: String, trunk: &str, status: u16, now_us: i64, lang: Lang) -> Mail {
    let link = format!("{public_url}/operator/trunks");
    let why = match status {
        408 => lang.pick("It does not answer.".to_owned(), "Haijibu.".to_owned()),
        503 => lang.pick(
            "No connection to it could be opened, or it is out of service (503).".to_owned(),
            "Hakuna muunganisho nayo uliofunguka, au haitoi huduma (503).".to_owned(),
        ),
        401 | 403 | 407 => lang.pick(
            format!("It refuses the user name or the password ({status})."),
            format!("Inakataa jina la mtumiaji au nenosiri ({status})."),
        ),
        status => lang.pick(format!("It answers {status}."), format!("Inajibu {status}.")),
    };
    let text = lang.pick(
        format!(
            "The trunk {trunk} does not take our registration. {why} Calls from it do not come in, and calls to it are tried \
             last. We go on asking, every quarter of an hour at the latest."
        ),
        format!(
            "Njia ya simu {trunk} haikubali usajili wetu. {why} Simu kutoka kwayo haziingii, na simu kwake hujaribiwa mwisho. \
             Tunaendelea kuuliza, kila robo saa kwa kuchelewa zaidi."
        ),
    );
    let subject = lang.pick(format!("Trunk {trunk} is not registered"), format!("Njia ya simu {trunk} haijasajiliwa"));
    Mail {
        to,
        subject,
        text: format!("{text}\n\n{link}\n"),
        html: format!(
            "<p>{}</p><p><a href=\"{link}\">{}</a></p>",
            escaped(&text),
            lang.pick("Open the trunks", "Fungua njia za simu")
        ),
        links: vec![link],
        worthless_at_us: now_us + WORTH_US,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_told_in_their_own_language() {
        let told = |lang| letter("https://voice.example", "op@example.com".to_owned(), "carrier-a", 403, 0, lang);
        let (english, swahili) = (told(Lang::English), told(Lang::Swahili));
        assert!(english.text.contains("refuses the user name") && english.subject.contains("carrier-a"));
        assert!(swahili.text.contains("Inakataa jina la mtumiaji") && swahili.html.contains("Fungua njia za simu"));
    }
}
