//! Why a payment did not come, in Swahili and by sentence: the API says it in English, M-Pesa's codes in words included.

use super::Lang;

/// The sentences that people meet; others stay as the API says them.
const SENTENCES: [(&str, &str); 27] = [
    ("There was not enough money in the M-Pesa account.", "Akaunti ya M-Pesa haikuwa na pesa za kutosha."),
    ("The amount is smaller than M-Pesa's smallest payment.", "Kiasi ni kidogo kuliko malipo madogo kabisa ya M-Pesa."),
    ("The amount is larger than M-Pesa's largest payment.", "Kiasi ni kikubwa kuliko malipo makubwa kabisa ya M-Pesa."),
    ("M-Pesa's limit of a day was reached.", "Mpaka wa siku wa M-Pesa umefikiwa."),
    (
        "The M-Pesa account would fall below the balance that it must keep.",
        "Akaunti ya M-Pesa ingeshuka chini ya salio linalotakiwa kubaki.",
    ),
    ("M-Pesa does not know the paying phone.", "M-Pesa haiijui simu inayolipa."),
    (
        "M-Pesa does not know the receiving account. Tell us: it is ours.",
        "M-Pesa haiijui akaunti inayopokea. Tuambie: ni yetu.",
    ),
    (
        "The receiving M-Pesa account is full. Tell us: it is ours.",
        "Akaunti ya M-Pesa inayopokea imejaa. Tuambie: ni yetu.",
    ),
    ("The paying M-Pesa account can't be used.", "Akaunti ya M-Pesa inayolipa haiwezi kutumika."),
    (
        "The receiving M-Pesa account can't be used. Tell us: it is ours.",
        "Akaunti ya M-Pesa inayopokea haiwezi kutumika. Tuambie: ni yetu.",
    ),
    ("M-Pesa does not know the paying account.", "M-Pesa haiijui akaunti inayolipa."),
    (
        "M-Pesa took the request for one that it has already. Try again in a minute.",
        "M-Pesa ililiona ombi kama ambalo tayari inalo. Jaribu tena baada ya dakika.",
    ),
    (
        "M-Pesa's own limit was reached: of one payment, of a day, or of the account.",
        "Mpaka wa M-Pesa umefikiwa: wa malipo moja, wa siku, au wa akaunti.",
    ),
    (
        "M-Pesa does not know who asks. Tell us: it is ours to mend.",
        "M-Pesa haijui nani anauliza. Tuambie: ni letu kurekebisha.",
    ),
    ("M-Pesa was busy. Try again in a minute.", "M-Pesa ilikuwa na shughuli. Jaribu tena baada ya dakika."),
    (
        "Another M-Pesa request is open on this phone. Close it and try again in a minute.",
        "Ombi jingine la M-Pesa liko wazi kwenye simu hii. Lifunge, kisha jaribu tena baada ya dakika.",
    ),
    ("The request was not answered in time.", "Ombi halikujibiwa kwa wakati."),
    ("M-Pesa could not show the request on the phone.", "M-Pesa haikuweza kuonyesha ombi kwenye simu."),
    ("The request was cancelled on the phone.", "Ombi lilighairiwa kwenye simu."),
    (
        "The phone could not be reached, or nobody answered the request.",
        "Simu haikupatikana, au hakuna aliyejibu ombi.",
    ),
    ("The M-Pesa PIN was wrong.", "PIN ya M-Pesa haikuwa sahihi."),
    ("The paying M-Pesa account is not active.", "Akaunti ya M-Pesa inayolipa haitumiki."),
    ("The paying M-Pesa account may not pay this way.", "Akaunti ya M-Pesa inayolipa hairuhusiwi kulipa kwa njia hii."),
    (
        "The M-Pesa PIN is locked after wrong tries. Safaricom's 100 or 234 unlocks it.",
        "PIN ya M-Pesa imefungwa baada ya kukosewa. Safaricom 100 au 234 huifungua.",
    ),
    ("M-Pesa refused the payment.", "M-Pesa ilikataa malipo."),
    (
        "M-Pesa did not take the request. Try again in a minute.",
        "M-Pesa haikulichukua ombi. Jaribu tena baada ya dakika.",
    ),
    (
        "M-Pesa did not say what became of the request. If money was taken, it is credited when M-Pesa tells.",
        "M-Pesa haikusema ombi liliishaje. Kama pesa zilichukuliwa, zitawekwa M-Pesa itakaposema.",
    ),
];
/// What M-Pesa refuses with a code that has no words.
const BY_CODE: (&str, &str) = ("M-Pesa refused the payment (its code ", "M-Pesa ilikataa malipo (msimbo wake ");

/// The sentence in this language.
pub fn payment_failure(lang: Lang, sentence: &str) -> String {
    if lang == Lang::English {
        return sentence.to_owned();
    }
    let known = SENTENCES.iter().find(|(english, _)| *english == sentence).map(|(_, swahili)| (*swahili).to_owned());
    let by_code = || sentence.strip_prefix(BY_CODE.0).map(|code| format!("{}{code}", BY_CODE.1));
    known.or_else(by_code).unwrap_or_else(|| sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_without_words_keeps_its_number() {
        let said = payment_failure(Lang::Swahili, "M-Pesa refused the payment (its code 7777).");
        assert_eq!(said, "M-Pesa ilikataa malipo (msimbo wake 7777).");
        assert_eq!(payment_failure(Lang::English, "It failed."), "It failed.");
    }
}
