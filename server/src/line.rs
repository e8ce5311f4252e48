//! A line of text that people choose freely: names, reasons. It stands in lists, mails and logs beside what others wrote, so
//! it must be one line, must show something, and must not turn its surroundings around.

/// Trimmed, if it is 1 to `max_chars` characters that make one visible line.
pub fn checked(text: &str, max_chars: usize) -> Option<String> {
    let line = text.trim();
    let fits = line.chars().count() <= max_chars;
    let is_one_line = !line.chars().any(|letter| letter.is_control() || breaks_line(letter) || turns_direction(letter));
    let shows_something = line.chars().any(|letter| !letter.is_whitespace() && !is_invisible(letter));
    (fits && is_one_line && shows_something).then(|| line.to_owned())
}

/// What [`checked`] asks, told to whoever gave something else.
pub fn rule(max_chars: usize) -> String {
    format!(
        "Give 1 to {max_chars} characters on one line, of which at least one can be seen. Control characters, line breaks and \
         characters that turn the direction of text are not taken, though they do not show."
    )
}

/// Whether a character changes nothing that is seen, or how its surroundings are: nothing for an address, where it makes a
/// second one that looks the same.
pub fn is_unseen(letter: char) -> bool {
    letter.is_control() || breaks_line(letter) || turns_direction(letter) || is_invisible(letter)
}

/// Unicode's own line and paragraph separators; the others are control characters.
fn breaks_line(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Embeddings, overrides and isolates (UAX #9 §2.1 to §2.4): `exe.\u{202e}gpj` reads as `exe.jpg`, and what follows on the
/// line is turned around too. Names in Arabic or Hebrew need none of them.
fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What takes part in other characters (joiners, variation selectors, tags of flags) or is an empty glyph: fine within a
/// name, but no name by itself.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_scripts_are_lines() {
        for name in [
            "Asha",
            "مطعم الوردة",
            "می‌خواهم",
            "酒店",
            "👩\u{200d}🌾 Farm",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        ] {
            assert_eq!(checked(&format!(" {name} "), 40).as_deref(), Some(name));
        }
    }

    #[test]
    fn what_shows_nothing_is_no_name() {
        for name in ["", " ", "\u{200b}", "\u{3164}", "\u{2800}\u{200d}", "\u{e0041}", "\u{feff} \u{feff}"] {
            assert_eq!(checked(name, 40), None, "{name:?}");
        }
    }

    #[test]
    fn a_name_is_one_line_that_leaves_its_surroundings_alone() {
        for name in ["a\nb", "a\0b", "a\u{85}b", "a\u{2028}b", "exe.\u{202e}gpj", "a\u{2067}b", "\u{1b}[31m"] {
            assert_eq!(checked(name, 40), None, "{name:?}");
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(checked(&"é".repeat(40), 40).is_some());
        assert!(checked(&"é".repeat(41), 40).is_none());
    }
}
