//! Bars over time, drawn on the server as SVG: no script, no inline style, readable in both colour schemes.
//!
//! The drawing stretches with its box, so words stand in HTML beside it.

use leptos::prelude::*;

/// Height of the drawing in its own units; bars are scaled to it.
const HEIGHT: i64 = 100;
/// Width of one bar's slot and of the bar in it.
const SLOT: i64 = 10;
const BAR: i64 = 7;
/// A day with a call never looks like a day without.
const LEAST: i64 = 3;

/// One moment's two amounts, drawn on top of each other.
pub(crate) struct Bar {
    /// Shown on hover, for instance `12 Nov: 7 calls, 1 failed`.
    pub(crate) title: String,
    /// The lower part.
    pub(crate) good: i64,
    /// The upper part.
    pub(crate) bad: i64,
}

/// The bars with the words of their axes.
#[component]
pub(crate) fn Chart(
    bars: Vec<Bar>,
    /// What the drawing says, for people who can't see it.
    summary: String,
    /// What the highest bar is, where its number alone says nothing.
    #[prop(optional)]
    highest_words: String,
    /// Words below the first and the last bar.
    from: String,
    to: String,
) -> impl IntoView {
    let highest = bars.iter().map(|bar| bar.good + bar.bad).max().unwrap_or_default().max(1);
    let highest_words = if highest_words.is_empty() { highest.to_string() } else { highest_words };
    let width = i64::try_from(bars.len()).unwrap_or(1).max(1) * SLOT;
    let scaled = |amount: i64| if amount == 0 { 0 } else { (amount * HEIGHT / highest).max(LEAST) };
    let drawn = bars.into_iter().enumerate().map(|(place, bar)| {
        let x = i64::try_from(place).unwrap_or_default() * SLOT + (SLOT - BAR) / 2;
        let bad = scaled(bar.bad);
        let good = scaled(bar.good).min(HEIGHT - bad);
        view! {
            <g class="chart__bar">
                <title>{bar.title}</title>
                <rect class="chart__slot" x=x y=0 width=BAR height=HEIGHT/>
                <rect class="chart__good" x=x y=HEIGHT - good width=BAR height=good/>
                <rect class="chart__bad" x=x y=HEIGHT - good - bad width=BAR height=bad/>
            </g>
        }
    });
    view! {
        <figure class="chart">
            <span class="chart__highest figure" aria-hidden="true">{highest_words}</span>
            <svg class="chart__drawing" viewBox=format!("0 0 {width} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=summary>
                {drawn.collect_view()}
            </svg>
            <figcaption class="chart__axis figure" aria-hidden="true"><span>{from}</span><span>{to}</span></figcaption>
        </figure>
    }
}
