//! Draws a call's axis as SVG on the server: time to the right where there is room, downwards on phones. Both stand in the
//! document and CSS shows one; places along time are percentages, so that drawing it longer is all that zooming is
//! (`app/js/axis.js`). Every mark is a link to its details, which open without a script too.

use super::{
    call_axis::{Axis, Lane, Look, Mark, Role},
    call_axis_layout::tracks,
};
use crate::{
    components::waveform,
    format,
    i18n::{AxisText, Lang},
};
use leptos::prelude::*;

/// Units of a track and of what is free around the tracks of a lane, where time runs to the right.
const TRACK: usize = 24;
const GAP: usize = 4;
/// Units above the lanes, for the marks of time.
const HEAD: usize = 24;
/// Share of the length that a mark takes up at least, in percent, where time runs to the right: a thumb's width of the
/// narrowest drawing.
const LEAST_PERCENT: f64 = 2.2;
/// How many of these the word beside an arrow takes.
const WORD: f64 = 2.6;
/// The same in units where time runs downwards, and how long that drawing is.
const LEAST_UPRIGHT: f64 = 22.0;
const UPRIGHT_PER_MARK: usize = 40;
const SHORTEST_UPRIGHT: usize = 420;
const LONGEST_UPRIGHT: usize = 1_800;
/// Marks of time: as many as can be read.
const TIMES: i64 = 7;
/// Letters of a name that the rail has room for, and of one above a column.
const RAIL_LETTERS: usize = 15;
const COLUMN_LETTERS: usize = 8;

/// The drawing in both directions.
pub(super) fn axis_drawing(axis: &Axis, lang: Lang) -> AnyView {
    let text = &lang.text().axis;
    view! {
        <div class="axis__wide">{lying(axis, text)}</div>
        <div class="axis__tall">{upright(axis, text)}</div>
    }
    .into_any()
}

/// A lane with the track of each of its marks.
struct Laid<'a> {
    lane: &'a Lane,
    tracks: usize,
    marks: Vec<Placed<'a>>,
}

/// A mark in percent of the length.
struct Placed<'a> {
    mark: &'a Mark,
    begin: f64,
    length: f64,
    track: usize,
}

/// A party's states follow each other on the first track; everything else finds its own below.
fn laid<'a>(axis: &Axis, lane: &'a Lane, least: f64) -> Laid<'a> {
    let place = |mark: &Mark| (axis.window.place(mark.from_us), axis.window.place(mark.to_us));
    let is_state = |mark: &&Mark| matches!(mark.look, Look::State(_));
    let has_states = lane.marks.iter().any(|mark| is_state(&mark));
    let mut others: Vec<&Mark> = lane.marks.iter().filter(|mark| !is_state(mark)).collect();
    others.sort_by_key(|mark| mark.from_us);
    // An arrow has its word beside it, and takes up room for that.
    let room = |mark: &Mark| if matches!(mark.look, Look::Arrow { .. }) { least * WORD } else { 0.0 };
    let places: Vec<(f64, f64)> = others
        .iter()
        .map(|mark| {
            let (begin, end) = place(mark);
            (begin, end.max(begin + room(mark)))
        })
        .collect();
    let first = usize::from(has_states);
    let found = tracks(&places, least).into_iter().map(|track| track + first);
    let states = lane.marks.iter().filter(is_state).map(|mark| (mark, 0));
    let marks = states.chain(others.into_iter().zip(found)).map(|(mark, track)| {
        let (begin, end) = place(mark);
        Placed { mark, begin, length: end - begin, track }
    });
    let marks: Vec<Placed<'a>> = marks.collect();
    let tracks = marks.iter().map(|placed| placed.track + 1).max().unwrap_or(1);
    Laid { lane, tracks, marks }
}

fn role(text: &'static AxisText, role: Role) -> &'static str {
    match role {
        Role::Caller => text.caller,
        Role::Gateway => text.gateway,
        Role::Server => text.server,
        Role::Callee => text.callee,
        Role::Money => text.money,
    }
}

/// `Called, +254722000042`.
fn name(text: &'static AxisText, lane: &Lane) -> String {
    let role = role(text, lane.role);
    if lane.party.is_empty() { role.to_owned() } else { format!("{role}, {}", lane.party) }
}

/// The end of a number or the beginning of a name.
fn shortened(party: &str, letters: usize) -> String {
    let count = party.chars().count();
    if count <= letters {
        return party.to_owned();
    }
    match party.starts_with('+') {
        true => format!("…{}", party.chars().skip(count + 1 - letters).collect::<String>()),
        false => format!("{}…", party.chars().take(letters - 1).collect::<String>()),
    }
}

fn percent(value: f64) -> String {
    format!("{value:.3}%")
}

fn tone(look: &Look) -> &'static str {
    match look {
        Look::State(tone) | Look::Bar(tone) | Look::Point(tone) => tone,
        Look::Wave(_) => "recording",
        Look::Arrow { is_bad: true, .. } => "sip mark--refused",
        Look::Arrow { .. } => "sip",
    }
}

/// Time to the right: names beside the lanes, times above them.
fn lying(axis: &Axis, text: &'static AxisText) -> AnyView {
    let lanes: Vec<Laid<'_>> = axis.lanes.iter().map(|lane| laid(axis, lane, LEAST_PERCENT)).collect();
    let mut tops = vec![HEAD];
    for lane in &lanes {
        let top = tops.last().copied().unwrap_or_default();
        tops.push(top + lane.tracks * (TRACK + GAP) + 2 * GAP);
    }
    let height = tops.last().copied().unwrap_or(HEAD);
    let backs = tops.windows(2).enumerate().map(|(place, edges)| {
        let class = if place % 2 == 0 { "axis__lane" } else { "axis__lane axis__lane--odd" };
        view! { <rect class=class x="0" y=edges[0] width="100%" height=edges[1] - edges[0]/> }
    });
    let backs = backs.collect_view();
    let names = lanes.iter().zip(&tops).map(|(laid, top)| {
        let party = shortened(&laid.lane.party, RAIL_LETTERS);
        let second = (!party.is_empty()).then(|| view! { <text class="axis__party" x="16" y=top + 34>{party}</text> });
        view! { <text class="axis__role" x="16" y=top + 20>{role(text, laid.lane.role)}</text>{second} }
    });
    let names = names.collect_view();
    let times = axis.window.marks_us(TIMES).into_iter().map(|offset| {
        let x = percent(axis.window.place(axis.window.from_us() + offset));
        view! { <line x1=x.clone() x2=x.clone() y1=HEAD y2=height/><text x=x y="15">{time_of(offset)}</text> }
    });
    let times = times.collect_view();
    let drawn = lanes.iter().zip(&tops).map(|(laid, top)| {
        let marks = laid.marks.iter().map(|placed| {
            let y = top + 2 * GAP + placed.track * (TRACK + GAP);
            let (x, width) = (percent(placed.begin), percent(placed.length));
            mark(placed.mark, Place { x, y: y.to_string(), width, height: TRACK.to_string() }, false)
        });
        let marks = marks.collect_view();
        view! { <g role="group" aria-label=name(text, laid.lane)>{marks}</g> }
    });
    let drawn = drawn.collect_view();
    view! {
        <svg class="axis__rail" width="128" height=height aria-hidden="true">{names}</svg>
        <div class="axis__scroll">
            <svg class="axis__field" data-axis-field="wide" data-axis-us=axis.window.length_us() width="100%" height=height role="group" aria-label=text.drawing>
                <g aria-hidden="true">{backs}</g><g class="axis__times" aria-hidden="true">{times}</g>
                {drawn}
            </svg>
        </div>
    }
    .into_any()
}

/// Time downwards: times beside the lanes, names above them.
fn upright(axis: &Axis, text: &'static AxisText) -> AnyView {
    let busiest = axis.lanes.iter().map(|lane| lane.marks.len()).max().unwrap_or_default();
    let height = (busiest * UPRIGHT_PER_MARK).clamp(SHORTEST_UPRIGHT, LONGEST_UPRIGHT);
    let least = LEAST_UPRIGHT * 100.0 / height as f64;
    let lanes: Vec<Laid<'_>> = axis.lanes.iter().map(|lane| laid(axis, lane, least)).collect();
    let width = 100.0 / lanes.len().max(1) as f64;
    let left = |place: usize| place as f64 * width;
    let backs = (0..lanes.len()).map(|place| {
        let class = if place % 2 == 0 { "axis__lane" } else { "axis__lane axis__lane--odd" };
        view! { <rect class=class x=percent(left(place)) y="0" width=percent(width) height="100%"/> }
    });
    let backs = backs.collect_view();
    let names = lanes.iter().enumerate().map(|(place, laid)| {
        let x = percent(left(place) + width / 2.0);
        let party = shortened(&laid.lane.party, COLUMN_LETTERS);
        let second = (!party.is_empty()).then(|| view! { <text class="axis__party" x=x.clone() y="30">{party}</text> });
        view! { <text class="axis__role" x=x.clone() y="16">{role(text, laid.lane.role)}</text>{second} }
    });
    let names = names.collect_view();
    let offsets = axis.window.marks_us(TIMES);
    let place_of = |offset: i64| percent(axis.window.place(axis.window.from_us() + offset));
    let times = offsets.iter().map(|offset| view! { <text x="4" y=place_of(*offset) dy="4">{time_of(*offset)}</text> });
    let times = times.collect_view();
    let rules = offsets.iter().map(|offset| {
        let y = place_of(*offset);
        view! { <line x1="0" x2="100%" y1=y.clone() y2=y/> }
    });
    let rules = rules.collect_view();
    let drawn = lanes.iter().enumerate().map(|(place, laid)| {
        let track = width * 0.92 / laid.tracks as f64;
        let marks = laid.marks.iter().map(|placed| {
            let x = left(place) + width * 0.04 + placed.track as f64 * track;
            let (y, length) = (percent(placed.begin), percent(placed.length));
            mark(placed.mark, Place { x: percent(x), y, width: percent(track * 0.94), height: length }, true)
        });
        let marks = marks.collect_view();
        view! { <g role="group" aria-label=name(text, laid.lane)>{marks}</g> }
    });
    let drawn = drawn.collect_view();
    view! {
        <svg class="axis__corner" width="52" height="40" aria-hidden="true"></svg>
        <svg class="axis__heads" width="100%" height="40" aria-hidden="true">{names}</svg>
        <svg class="axis__times axis__rail" data-axis-long=height width="52" height=height aria-hidden="true">{times}</svg>
        <svg class="axis__field" data-axis-field="tall" data-axis-long=height width="100%" height=height role="group" aria-label=text.drawing>
            <g aria-hidden="true">{backs}</g><g class="axis__times" aria-hidden="true">{rules}</g>
            {drawn}
        </svg>
    }
    .into_any()
}

/// `0`, `200 ms`, `1:05`: a mark of time, in the words of a stretch.
fn time_of(offset_us: i64) -> String {
    if offset_us == 0 { "0".to_owned() } else { format::mark(offset_us) }
}

/// Where a mark is, as SVG's attributes.
struct Place {
    x: String,
    y: String,
    width: String,
    height: String,
}

/// A link with its shape; a bar has a least length, so that a millisecond can be seen too.
fn mark(mark: &Mark, place: Place, upright: bool) -> impl IntoView + use<> {
    let Place { x, y, width, height } = place;
    let class = format!("mark mark--{}", tone(&mark.look));
    let (least_width, least_height) =
        if upright { (width.clone(), "4".to_owned()) } else { ("4".to_owned(), height.clone()) };
    let shape = match &mark.look {
        Look::Point(_) if upright => {
            view! { <svg x=x y=y width=width height="1" overflow="visible"><rect class="mark__room" x="0" y="-11" width="100%" height="22"/><circle cx="50%" cy="0" r="6"/></svg> }.into_any()
        }
        Look::Point(_) => {
            view! { <svg x=x y=y width="1" height=height overflow="visible"><rect class="mark__room" x="-11" y="0" width="22" height="100%"/><circle cx="0" cy="50%" r="6"/></svg> }.into_any()
        }
        Look::Arrow { forwards, .. } => {
            let words = mark.words.clone();
            // From lane to lane: down and up, or where lanes are columns to the right and to the left.
            let path = match (upright, *forwards) {
                (false, true) => "M0 3V20M-4 15 0 20 4 15",
                (false, false) => "M0 21V4M-4 9 0 4 4 9",
                (true, true) => "M2 0H16M11 -4 16 0 11 4",
                (true, false) => "M16 0H2M7 -4 2 0 7 4",
            };
            if upright {
                view! { <svg x=x y=y width=width height="1" overflow="visible"><rect class="mark__room" x="0" y="-11" width="100%" height="22"/><path class="mark__arrow" d=path></path></svg> }.into_any()
            } else {
                view! { <svg x=x y=y width="1" height=height overflow="visible"><rect class="mark__room" x="-6" y="0" width="44" height="100%"/><path class="mark__arrow" d=path></path><text x="7" y="16">{words}</text></svg> }.into_any()
            }
        }
        Look::Wave(parts) if !parts.is_empty() => {
            let (path, view_box) = waveform(parts, upright);
            view! {
                <rect class="mark__body" x=x.clone() y=y.clone() width=width.clone() height=height.clone() rx="4"/>
                <svg x=x y=y width=width height=height viewBox=view_box preserveAspectRatio="none"><path d=path></path></svg>
            }
            .into_any()
        }
        Look::State(_) | Look::Bar(_) | Look::Wave(_) => {
            let words = mark.words.clone();
            view! {
                <rect class="mark__body" x=x.clone() y=y.clone() width=least_width height=least_height rx="2"/>
                <svg x=x y=y width=width height=height><rect class="mark__body" width="100%" height="100%" rx="4"/><text x="6" y="16">{words}</text></svg>
            }
            .into_any()
        }
    };
    let says = mark.says.clone();
    view! { <a class=class href=format!("#{}", mark.anchor) aria-label=says data-from=mark.from_us>{shape}</a> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_ends_and_names_their_beginnings() {
        assert_eq!(shortened("+254722000042", 8), "…2000042");
        assert_eq!(shortened("client:amina@duka", 8), "client:…");
        assert_eq!(shortened("amina", 8), "amina");
    }
}
