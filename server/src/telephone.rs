//! Telephone numbers as people, programs and carriers write them: the one place that reads them. Pure.
//!
//! What surrounds the digits is [`Written`]'s. `00` stands for the plus everywhere, beside the prefix that a country has of
//! its own.

use std::borrow::Cow;

use phonenumber::country;
use phonenumber::{Metadata, PhoneNumber, Type};
use sautikit_api::telephone::Written;

/// Last digits that two numbers must share before they are compared in earnest.
const COMPARED_DIGITS: usize = 4;
/// Digits of a whole number in international form (E.164); islands have seven.
const E164_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Digits of a calling code at most.
const CALLING_CODE_DIGITS: usize = 3;
/// What a prefix is completed with, to see whose number it becomes.
const COMPLETIONS: [&str; 3] = ["23456789012345", "00000000000000", "55501234567890"];
/// Prefixes without a country: satellite telephones, and networks and services of no country (ITU-T E.164, list of
/// assigned codes).
const OF_NO_COUNTRY: [&str; 10] = ["+808", "+870", "+878", "+881", "+882", "+883", "+888", "+979", "+991", "+999"];

/// A valid number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telephone {
    /// `+` and digits.
    pub e164: String,
    /// ISO 3166-1 alpha-2, where the number's region is known.
    pub country: Option<String>,
    /// Calls to it cost more than calls to its country.
    pub is_premium: bool,
    /// It may be a mobile telephone's; some countries do not tell them apart.
    pub is_mobile: bool,
}

/// Reads the numbering plans of all countries, which the first number would wait for otherwise: some hundred milliseconds in which a
/// thread does nothing else. Harmless when repeated.
pub fn load() {
    let _ = phonenumber::metadata::DATABASE.by_code(&0);
}

/// What is dialled when nothing but keys is left: `+` or not, then digits, stars and hashes. None when it is no number.
pub fn keys_of(written: &str) -> Option<String> {
    Some(Written::parse(written)?.keys)
}

/// Reads a number as somebody in `country` (ISO 3166-1 alpha-2) writes it.
pub fn read(written: &str, country: Option<&str>) -> Option<Telephone> {
    let written = Written::parse(written)?;
    // The writer's own context outranks where it is read (RFC 3966 §5.1.5).
    let in_context = written.context.and_then(|context| valid(None, &format!("{context}{}", written.keys)));
    let home = country.and_then(|country| country.parse::<country::Id>().ok());
    let number = in_context.or_else(|| valid(home, &written.keys));
    let number = number.or_else(|| valid(None, &format!("+{}", written.keys.strip_prefix("00")?)))?;
    let kind = number.number_type(&phonenumber::metadata::DATABASE);
    Some(Telephone {
        e164: number.format().mode(phonenumber::Mode::E164).to_string(),
        country: number.country().id().map(|id| id.as_ref().to_owned()),
        is_premium: kind == Type::PremiumRate,
        is_mobile: matches!(kind, Type::Mobile | Type::FixedLineOrMobile),
    })
}

/// Whether the number, in E.164, is of a satellite telephone, or of a network or service of no country.
pub fn is_of_no_country(e164: &str) -> bool {
    OF_NO_COUNTRY.iter().any(|prefix| e164.starts_with(prefix))
}

/// Reads a number of no country in international form, whether or not a table knows it: such networks come and go faster
/// than tables.
pub fn read_of_no_country(written: &str) -> Option<Telephone> {
    let keys = keys_of(written)?;
    let digits = keys.strip_prefix('+').or_else(|| keys.strip_prefix("00"))?;
    let e164 = format!("+{digits}");
    let is_whole = E164_DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_there = is_whole && is_of_no_country(&e164);
    is_there.then_some(Telephone { e164, country: None, is_premium: false, is_mobile: false })
}

/// The E.164 of a number as a carrier writes it in SIP: national where `country` is known, and without the plus. A number
/// in international form is believed, valid or not: numbering plans are newer than any table of them.
pub fn e164_of_carrier(written: &str, country: Option<&str>) -> Option<String> {
    let keys = keys_of(written)?;
    let international = |digits: &str| {
        let is_whole = E164_DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        (is_whole && !digits.starts_with('0')).then(|| format!("+{digits}"))
    };
    if let Some(digits) = keys.strip_prefix('+') {
        return international(digits);
    }
    let national = read(written, country).map(|number| number.e164);
    national.or_else(|| international(keys.strip_prefix("00").unwrap_or(&keys)))
}

/// The digits of a number as it is dialled within `country`; none when it belongs to another.
pub fn national(e164: &str, country: &str) -> Option<String> {
    let number = phonenumber::parse(None, e164).ok()?;
    (calling_code(country)? == number.code().value()).then(|| {
        let written = number.format().mode(phonenumber::Mode::National).to_string();
        written.chars().filter(char::is_ascii_digit).collect()
    })
}

/// Whether somebody in that number's country who writes `written` means it. `e164` is a number of ours.
pub fn names(written: &str, e164: &str) -> bool {
    let Some(keys) = keys_of(written) else { return false };
    let tail = e164.len().checked_sub(COMPARED_DIGITS).and_then(|start| e164.get(start..)).unwrap_or(e164);
    let country = || read(e164, None).and_then(|number| number.country);
    keys == e164 || (keys.ends_with(tail) && read(written, country().as_deref()).is_some_and(|read| read.e164 == e164))
}

/// Whether the code is a country's that has numbers.
pub fn is_country(code: &str) -> bool {
    code.parse::<country::Id>().is_ok()
}

/// The country's calling code (E.164), such as 254.
pub fn calling_code(country: &str) -> Option<u16> {
    Some(phonenumber::metadata::DATABASE.by_id(country)?.country_code())
}

/// The country whose numbers begin with these digits, ISO 3166-1 alpha-2: of several that share a calling code the one that the
/// further digits tell, else the largest.
pub fn country_of_prefix(digits: &str) -> Option<String> {
    let of_code = |length: usize| {
        let sharing = phonenumber::metadata::DATABASE.by_code(&digits.get(..length)?.parse::<u16>().ok()?)?;
        Some((sharing, digits.get(length..)?))
    };
    let (sharing, national) = (1..=CALLING_CODE_DIGITS).find_map(of_code)?;
    if let [only] = sharing.as_slice() {
        return Some(only.id().to_owned());
    }
    // Most of those that share one are known by the digits that their numbers begin with.
    let begins = |one: &&&Metadata| {
        one.leading_digits().and_then(|pattern| pattern.find(national)).is_some_and(|found| found.start() == 0)
    };
    if let Some(one) = sharing.iter().find(begins) {
        return Some(one.id().to_owned());
    }
    // Completed by any digits that make a number of it.
    let whole = E164_DIGITS.filter(|length| *length >= digits.len());
    let told = whole.into_iter().find_map(|length| {
        COMPLETIONS.iter().find_map(|more| {
            let completed = format!("+{digits}{}", more.get(..length - digits.len())?);
            valid(None, &completed)?.country().id()
        })
    });
    let largest = || sharing.iter().find(|one| one.is_main_country_for_code()).map(|one| one.id().to_owned());
    told.map(|id| id.as_ref().to_owned()).or_else(largest)
}

fn valid(home: Option<country::Id>, keys: &str) -> Option<PhoneNumber> {
    phonenumber::parse(home, keys).ok().filter(PhoneNumber::is_valid)
}

/// The text with a whole number made E.164; a part of one stays, without what stands between its digits.
pub fn search_text<'a>(written: &'a str, country: &str) -> Cow<'a, str> {
    match (read(written, Some(country)), keys_of(written)) {
        (Some(number), _) => number.e164.into(),
        (None, Some(keys)) => keys.into(),
        (None, None) => written.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KENYAN: &str = "+254722000042";

    #[test]
    fn one_number_in_every_form() {
        for written in [
            "+254722000042",
            "+254 722 000 042",
            "+254-722-000-042",
            "+254.722.000.042",
            "+254 (722) 000042",
            "+254\u{a0}722\u{2011}000\u{2013}042",
            "tel:+254722000042",
            "TEL:+254-722-000-042",
            "tel:+254722000042;isub=12;ext=7",
            "tel:0722000042;phone-context=example.com",
            "tel:722000042;phone-context=+254",
            "+254722000042;npdi;rn=+254711000000",
            "00254722000042",
            "00 254 722 000 042",
            "tel:00254722000042",
            "000254722000042",
            "254722000042",
            "0722000042",
            "0722 000 042",
            "(0722) 000-042",
            "722000042",
            " +254722000042 ",
        ] {
            assert_eq!(read(written, Some("KE")).map(|number| number.e164).as_deref(), Some(KENYAN), "{written}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for written in [
            "",
            "+",
            "tel:",
            "hello",
            "+2547",
            "+25472200004212345678",
            "sip:+254722000042@a.b",
            "++254722000042",
            "+254722000042@a.b",
            "+254722000042,+254722000043",
            "٠٧٢٢٠٠٠٠٤٢",
        ] {
            assert_eq!(read(written, Some("KE")), None, "{written:?}");
        }
    }

    #[test]
    fn the_own_countrys_reading_comes_before_the_common_one() {
        // 00 is how Ugandans dial abroad; 011 is how Americans do.
        assert_eq!(read("00254722000042", Some("UG")).unwrap().e164, KENYAN);
        assert_eq!(read("011254722000042", Some("US")).unwrap().e164, KENYAN);
        assert_eq!(read("00254722000042", Some("US")).unwrap().e164, KENYAN);
        assert_eq!(read("0722000042", None), None);
    }

    #[test]
    fn carriers_write_numbers_with_and_without_plus_prefix_and_separators() {
        for (written, country, e164) in [
            ("+254700000001", None, Some("+254700000001")),
            ("254700000001", None, Some("+254700000001")),
            ("254700000001", Some("KE"), Some("+254700000001")),
            ("00254700000001", None, Some("+254700000001")),
            ("+254-700-000-001", None, Some("+254700000001")),
            ("+254700000001;npdi;rn=+254711000000", None, Some("+254700000001")),
            ("0711900099", Some("KE"), Some("+254711900099")),
            ("711900099", Some("KE"), Some("+254711900099")),
            ("2025550123", Some("US"), Some("+12025550123")),
            ("12025550123", Some("KE"), Some("+12025550123")),
            // A range that no table knows yet.
            ("+2549990000001", Some("KE"), Some("+2549990000001")),
            ("0711900099", None, None),
            ("0711900099", Some("US"), None),
            ("12", Some("KE"), None),
            ("+0711900099", Some("KE"), None),
            ("anonymous", Some("KE"), None),
            ("alice", None, None),
            ("", None, None),
        ] {
            assert_eq!(e164_of_carrier(written, country).as_deref(), e164, "{written} in {country:?}");
        }
    }

    #[test]
    fn whole_numbers_are_searched_in_e164_and_parts_as_they_stand() {
        for (written, sought) in [
            ("0722000042", KENYAN),
            ("00254722000042", KENYAN),
            ("tel:+254-722-000-042", KENYAN),
            ("+254722", "+254722"),
            ("000 042", "000042"),
            ("asha.w", "asha.w"),
        ] {
            assert_eq!(search_text(written, "KE"), sought, "{written}");
        }
    }

    #[test]
    fn a_number_of_ours_is_known_in_its_own_countrys_form() {
        for written in ["+254700000001", "0700000001", "00254700000001", "tel:+254-700-000-001", "700000001"] {
            assert!(names(written, "+254700000001"), "{written}");
        }
        for written in ["+254700000002", "0700000002", "0001", "", "alice"] {
            assert!(!names(written, "+254700000001"), "{written}");
        }
    }

    #[test]
    fn a_prefix_tells_its_country() {
        for (digits, country) in [
            ("254", Some("KE")),
            ("25471", Some("KE")),
            ("1", Some("US")),
            ("1416", Some("CA")),
            ("1242", Some("BS")),
            ("1876", Some("JM")),
            ("77", Some("KZ")),
            ("44", Some("GB")),
            ("7", Some("RU")),
            ("999", None),
            ("", None),
        ] {
            assert_eq!(country_of_prefix(digits).as_deref(), country, "{digits}");
        }
        assert_eq!((calling_code("KE"), calling_code("US"), calling_code("ZZ")), (Some(254), Some(1), None));
    }

    #[test]
    fn kind_and_country_are_told() {
        let number = read("0722000042", Some("KE")).unwrap();
        assert_eq!((number.country.as_deref(), number.is_mobile, number.is_premium), (Some("KE"), true, false));
        let landline = read("020 2222222", Some("KE")).unwrap();
        assert!(!landline.is_mobile);
        assert_eq!(read(KENYAN, Some("UG")).unwrap().country.as_deref(), Some("KE"));
    }
}
