//! What stands around a page that has a small window of its own: whose it is, and the way to the console, which opens
//! elsewhere so that this page stays.

use super::{DevBanner, Glyph, Icon};
use crate::visit::Visit;
use leptos::prelude::*;
use sautikit_api::accounts::Me;

/// A bar and the content.
#[component]
pub(crate) fn Window(visit: Visit, me: Me, children: Children) -> impl IntoView {
    let text = visit.text();
    let workspace = me.workspace.map(|workspace| workspace.name).unwrap_or_default();
    view! {
        <DevBanner visit/>
        <header class="window-bar">
            <span class="window-bar__workspace"><Icon glyph=Glyph::Brand/><span>{workspace}</span></span>
            <a class="small" href="/home" target="sautikit-console">{text.common.open_console}</a>
        </header>
        <main class="window" id="content">{children()}</main>
    }
}
