//! What a picture is drawn on: a pixel is the number of its colour, of a palette that has each ink in every strength.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// Pixels.
pub(super) const WIDTH: i32 = 1_200;
/// Pixels.
pub(super) const HEIGHT: i32 = 630;

/// Strengths of an ink beside none.
const LEVELS: u8 = 15;
/// The canvas.
const PAPER: [u8; 3] = [0xfa, 0xfa, 0xf8];
/// Each ink with what lies under it, in the order of [`Ink`]; `style/tokens.css` has the same.
const INKS: [([u8; 3], [u8; 3]); 4] = [
    ([0x17, 0x1a, 0x18], PAPER),
    ([0x5b, 0x61, 0x5d], PAPER),
    ([0x0b, 0x6e, 0x4f], PAPER),
    ([0xff, 0xff, 0xff], [0x0b, 0x6e, 0x4f]),
];

/// What is drawn with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ink {
    /// Words.
    Text,
    /// Words that matter less.
    Muted,
    /// The product's colour.
    Accent,
    /// On that.
    OnAccent,
}

pub(super) struct Canvas {
    pixels: Vec<u8>,
}

impl Canvas {
    pub(super) fn new() -> Self {
        Self { pixels: vec![0; (WIDTH * HEIGHT) as usize] }
    }

    /// A pixel in an ink of strength 0 to 15; nothing beyond the canvas, and none of what is weaker than what is there.
    pub(super) fn blend(&mut self, x: i32, y: i32, ink: Ink, level: u8) {
        if level == 0 || !(0..WIDTH).contains(&x) || !(0..HEIGHT).contains(&y) {
            return;
        }
        let colour = ink as u8 * LEVELS + level.min(LEVELS);
        if let Some(pixel) = usize::try_from(y * WIDTH + x).ok().and_then(|at| self.pixels.get_mut(at)) {
            *pixel = (*pixel).max(colour);
        }
    }

    /// A rectangle in full strength.
    pub(super) fn fill(&mut self, x: i32, y: i32, width: i32, height: i32, ink: Ink) {
        for row in y..y + height {
            for column in x..x + width {
                self.blend(column, row, ink, LEVELS);
            }
        }
    }

    /// As a file (PNG, third edition): eight bits a pixel, by palette.
    pub(super) fn png(&self) -> Vec<u8> {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        for row in self.pixels.chunks(WIDTH as usize) {
            // Each row says that it is as it is (§9.2, filter 0). Writing to memory does not fail.
            let _ = packed.write_all(&[0]).and_then(|()| packed.write_all(row));
        }
        let mut header = Vec::from([WIDTH, HEIGHT].map(i32::to_be_bytes).concat());
        header.extend([8, 3, 0, 0, 0]);
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        for (kind, data) in [
            (b"IHDR", header),
            (b"PLTE", palette()),
            (b"IDAT", packed.finish().unwrap_or_default()),
            (b"IEND", Vec::new()),
        ] {
            chunk(&mut file, kind, &data);
        }
        file
    }
}

fn palette() -> Vec<u8> {
    let mut palette = PAPER.to_vec();
    for (ink, under) in INKS {
        for level in 1..=u16::from(LEVELS) {
            let mixed = |(ink, under): (u8, u8)| {
                let most = u16::from(LEVELS);
                u8::try_from((u16::from(ink) * level + u16::from(under) * (most - level)) / most).unwrap_or(ink)
            };
            palette.extend(ink.into_iter().zip(under).map(mixed));
        }
    }
    palette
}

/// Length, kind, data and checksum (§5.3).
fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let mut checksum = Crc::new();
    checksum.update(kind);
    checksum.update(data);
    file.extend(u32::try_from(data.len()).unwrap_or_default().to_be_bytes());
    file.extend(kind);
    file.extend(data);
    file.extend(checksum.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_are_those_of_the_console() {
        let tokens = include_str!("../../../../style/tokens.css");
        let [text, muted, accent, on_accent] = INKS.map(|(ink, _)| ink);
        for (name, [red, green, blue]) in
            [("canvas", PAPER), ("ink", text), ("ink-muted", muted), ("accent", accent), ("accent-ink", on_accent)]
        {
            let line = format!("--{name}: #{red:02x}{green:02x}{blue:02x};");
            assert!(tokens.contains(&line), "{line}");
        }
        assert_eq!(palette().len(), 3 * (1 + INKS.len() * usize::from(LEVELS)));
    }

    #[test]
    fn what_is_beyond_the_canvas_is_not_drawn() {
        let mut canvas = Canvas::new();
        canvas.fill(-5, -5, 3, 3, Ink::Text);
        canvas.fill(WIDTH, 0, 9, 9, Ink::Text);
        assert!(canvas.pixels.iter().all(|pixel| *pixel == 0));
        canvas.fill(WIDTH - 1, HEIGHT - 1, 5, 5, Ink::OnAccent);
        assert_eq!(canvas.pixels.last(), Some(&60));
    }

    #[test]
    fn a_file_has_all_pixels() {
        let mut canvas = Canvas::new();
        canvas.blend(1, 0, Ink::Muted, 15);
        let file = canvas.png();
        let at = file.windows(4).position(|kind| kind == b"IDAT").unwrap();
        let length = u32::from_be_bytes(file[at - 4..at].try_into().unwrap()) as usize;
        let mut rows = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&file[at + 4..at + 4 + length]), &mut rows)
            .unwrap();
        assert_eq!(rows.len(), ((WIDTH + 1) * HEIGHT) as usize);
        assert_eq!(rows[..3], [0, 0, 30]);
    }
}
