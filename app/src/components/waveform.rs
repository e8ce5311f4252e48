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
        let (path, view_box) = waveform(&parts, false);
        view! {
            <svg class="waveform" viewBox=view_box preserveAspectRatio="none" fill="currentColor" aria-hidden="true"><path d=path></path></svg>
        }
    })
}

/// The path of the bars and the box that it fills; `upright` where time runs downwards.
pub(crate) fn waveform(parts: &[u8], upright: bool) -> (String, String) {
    let mut path = String::with_capacity(parts.len() * 16);
    for (index, part) in parts.iter().enumerate() {
        // Silence is a line, so that its length can be seen.
        let half = usize::from((*part).min(100)).max(2) / 2;
        let (along, across) = (index * STEP, HALF - half);
        let _ = match upright {
            false => write!(path, "M{along} {across}h{BAR}v{}h-{BAR}z", half * 2),
            true => write!(path, "M{across} {along}v{BAR}h{}v-{BAR}z", half * 2),
        };
    }
    let (length, width) = (parts.len() * STEP, HALF * 2);
    (path, if upright { format!("0 0 {width} {length}") } else { format!("0 0 {length} {width}") })
}
