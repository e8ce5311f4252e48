//! A recording's picture: a bar for each of its equal parts, as high as its loudest sample.

use leptos::prelude::*;
use std::fmt::Write;

/// Units of a bar's place and of the gap to the next; the picture is stretched to its room.
const BAR: usize = 3;
const STEP: usize = 4;
/// Units of the highest bar, to either side of the middle.
const HALF: usize = 50;

/// Bars for parts of 0 to 100; nothing where there are none. It says nothing that the player beside it does not.
#[component]
pub(crate) fn Waveform(parts: Vec<u8>) -> impl IntoView {
    (!parts.is_empty()).then(|| {
        let mut path = String::with_capacity(parts.len() * 16);
        for (index, part) in parts.iter().enumerate() {
            // Silence is a line, so that its length can be seen.
            let half = usize::from((*part).min(100)).max(2) / 2;
            let _ = write!(path, "M{} {}h{BAR}v{}h-{BAR}z", index * STEP, HALF - half, half * 2);
        }
        let view_box = format!("0 0 {} {}", parts.len() * STEP, HALF * 2);
        view! {
            <svg class="waveform" viewBox=view_box preserveAspectRatio="none" fill="currentColor" aria-hidden="true"><path d=path></path></svg>
        }
    })
}
