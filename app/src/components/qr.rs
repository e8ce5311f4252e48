//! A QR code as SVG, drawn on the server: dark on light in every colour scheme, because cameras need it so.

use leptos::prelude::*;
use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write as _;

/// Light modules around the code, which readers need (ISO/IEC 18004).
const QUIET: i32 = 4;

/// The code of a text; nothing where it is too long for one. `label` says what is in it, for people who can't see it.
pub(crate) fn qr(text: &str, label: &'static str) -> Option<AnyView> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size() + 2 * QUIET;
    let shown = view! {
        <svg class="qr" viewBox=format!("0 0 {size} {size}") role="img" aria-label=label shape-rendering="crispEdges">
            <rect width="100%" height="100%" fill="#fff"/>
            <path d=modules(&code) fill="#000"/>
        </svg>
    };
    Some(shown.into_any())
}

/// The dark modules, each run of a line as one piece.
fn modules(code: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|at| code.get_module(*at, y)).count();
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += i32::try_from(run).unwrap_or_default() + 1;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_once() {
        let code = QrCode::encode_text("sip:till@voice.example", QrCodeEcc::Medium).unwrap();
        let dark = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let dark = dark.filter(|(x, y)| code.get_module(*x, *y)).count();
        let drawn: usize = modules(&code)
            .split('M')
            .skip(1)
            .filter_map(|piece| piece.split_once('h')?.1.split('v').next()?.parse::<usize>().ok())
            .sum();
        assert_eq!(drawn, dark);
        // The finder pattern at the upper left: seven dark modules in a row, after the quiet zone.
        assert!(modules(&code).starts_with("M4 4h7v1h-7z"));
        assert!(qr(&"x".repeat(5_000), "").is_none(), "too long for any code");
    }
}
