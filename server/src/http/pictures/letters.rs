//! The letters of pictures, each as a small bitmap that Chromium has drawn (`end2end/support/letters.js`).

use std::collections::HashMap;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::ZlibDecoder;
use serde::Deserialize;

use super::canvas::{Canvas, Ink};

/// Hundredths of a pixel, in which widths are told.
const HUNDREDTHS: i32 = 100;

/// What there is to draw with.
pub(super) static LETTERS: LazyLock<Letters> =
    LazyLock::new(|| serde_json::from_str(include_str!("letters.json")).unwrap_or_default());

/// Coverage of every pixel of every letter, 0 to 15.
static PIXELS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut pixels = Vec::new();
    // Ours, and drawn by the tests: what could not be read would be drawn as nothing.
    let _ = ZlibDecoder::new(include_bytes!("letters.bin").as_slice()).read_to_end(&mut pixels);
    pixels
});

/// The sizes that there are, and the product's mark.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Letters {
    pub(super) title: Style,
    pub(super) small: Style,
    /// Its parts are named instead of letters.
    pub(super) mark: Style,
}

/// The letters of one size.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Style {
    glyphs: HashMap<String, Glyph>,
    /// Of pairs that stand nearer or farther than others, hundredths of a pixel.
    kerns: HashMap<String, i32>,
}

/// Advance in hundredths of a pixel; left and top from the pen, width and height; where its pixels begin.
#[derive(Debug, Deserialize)]
struct Glyph(i32, i32, i32, i32, i32, usize);

impl Style {
    /// Whether this letter can be drawn.
    #[cfg(test)]
    pub(super) fn has(&self, letter: char) -> bool {
        self.glyphs.contains_key(letter.encode_utf8(&mut [0; 4]) as &str)
    }

    /// Each letter with where it begins, hundredths of a pixel from the beginning; then where the line ends.
    fn placed<'a>(&self, text: &'a str) -> (Vec<(&'a str, i32)>, i32) {
        let mut pen = 0;
        let mut placed: Vec<(&str, i32)> = Vec::new();
        let ends = text.char_indices().map(|(at, letter)| (at, at + letter.len_utf8()));
        let mut before = 0;
        for (at, end) in ends {
            let (Some(letter), Some(pair)) = (text.get(at..end), text.get(before..end)) else { continue };
            let Some(Glyph(advance, ..)) = self.glyphs.get(letter) else { continue };
            if at > 0 {
                pen += self.kerns.get(pair).copied().unwrap_or_default();
            }
            placed.push((letter, pen));
            pen += advance;
            before = at;
        }
        (placed, pen)
    }

    /// Width in pixels.
    pub(super) fn width(&self, text: &str) -> i32 {
        self.placed(text).1 / HUNDREDTHS
    }

    /// Writes a line of text from `x` on, its base line at `y`.
    pub(super) fn line(&self, canvas: &mut Canvas, text: &str, x: i32, y: i32, ink: Ink) {
        for (letter, pen) in self.placed(text).0 {
            self.write(canvas, letter, x + (pen + HUNDREDTHS / 2) / HUNDREDTHS, y, ink);
        }
    }

    /// Writes one letter.
    pub(super) fn write(&self, canvas: &mut Canvas, letter: &str, x: i32, y: i32, ink: Ink) {
        let Some(Glyph(_, left, top, width, height, begin)) = self.glyphs.get(letter) else { return };
        let pixels = PIXELS.get(*begin..).unwrap_or_default();
        let places = (0..*height).flat_map(|row| (0..*width).map(move |column| (column, row)));
        for ((column, row), level) in places.zip(pixels) {
            canvas.blend(x + left + column, y + top + row, ink, *level);
        }
    }
}
