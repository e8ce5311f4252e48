//! Our own small icon set: 24-unit grid, 1.75 strokes, `currentColor`.

use leptos::prelude::*;

/// Which picture.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Glyph {
    Brand,
    Home,
    Calls,
    Softphone,
    Numbers,
    Wallet,
    Key,
    Check,
    Alert,
    Info,
    Back,
    Menu,
    Code,
    Book,
    Mail,
    Copy,
    Members,
    Person,
    Shield,
    Settings,
    Log,
    Recordings,
    Requests,
    Switch,
    Trunk,
    Plus,
    Download,
    Workspaces,
    Bell,
    Search,
}

impl Glyph {
    const fn path(self) -> &'static str {
        match self {
            Self::Bell => "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 21h4",
            Self::Brand => "M4 10v4M8 6.5v11M12 3v18M16 7.5v9M20 10.5v3",
            Self::Home => "M4 11 12 4l8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z",
            Self::Calls => {
                "M5 4h4l1.5 5-2.2 1.6a12 12 0 0 0 5.1 5.1L15 13.5l5 1.5v4a1.5 1.5 0 0 1-1.6 1.5A16 16 0 0 1 3.5 5.6 1.5 1.5 0 0 1 5 4z"
            }
            Self::Softphone => "M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2",
            Self::Numbers => "M9.5 4 7 20M17 4l-2.5 16M4.5 9h16M3.5 15h16",
            Self::Wallet => {
                "M4 7.5A1.5 1.5 0 0 1 5.5 6H18v3M4 7.5V18a2 2 0 0 0 2 2h13a1 1 0 0 0 1-1v-9a1 1 0 0 0-1-1H5.5A1.5 1.5 0 0 1 4 7.5zM16 14.5h.01"
            }
            Self::Trunk => {
                "M12 20v-7M12 13a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM7.8 15.2a6 6 0 0 1 0-8.4M16.2 15.2a6 6 0 0 0 0-8.4M5 18a10 10 0 0 1 0-14M19 18a10 10 0 0 0 0-14"
            }
            Self::Key => "M14.5 4a5.5 5.5 0 1 1-4.7 8.3L3.5 18.6V21h3v-2h2v-2h2l1.7-1.7M15.5 8.5h.01",
            Self::Check => "m5 12.5 4.5 4.5L19 7.5",
            Self::Alert => "M12 4 2.5 20h19zM12 10v4.5M12 17.3h.01",
            Self::Info => "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5M12 8h.01",
            Self::Back => "m14 6-6 6 6 6",
            Self::Menu => "M4 7h16M4 12h16M4 17h16",
            Self::Code => "m8 7-5 5 5 5M16 7l5 5-5 5",
            Self::Book => "M12 6.5C10 5 7 4.5 4 5v13.5c3-.5 6 0 8 1.5 2-1.5 5-2 8-1.5V5c-3-.5-6 0-8 1.5zM12 6.5V20",
            Self::Copy => {
                "M9 9h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1zM5 15H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v1"
            }
            Self::Members => {
                "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2.5 20c0-3.6 2.9-5.5 6.5-5.5s6.5 1.9 6.5 5.5M16 5.3a3.5 3.5 0 0 1 0 6.4M18 14.9c2.2.7 3.5 2.5 3.5 5.1"
            }
            Self::Person => "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.5c0-3.7 3.3-5.5 7.5-5.5s7.5 1.8 7.5 5.5",
            Self::Shield => "M12 3.5 5 6v5.5c0 4.3 2.9 7.6 7 9 4.1-1.4 7-4.7 7-9V6zM9 12l2.2 2.2L15.3 10",
            Self::Settings => {
                "M4 7h9M19 7h1M16 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM4 17h1M11 17h9M8 14.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z"
            }
            Self::Log => "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
            Self::Recordings => "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
            Self::Requests => "M3 12h4l3-7 4 14 3-7h4",
            Self::Switch => "m8 9.5 4-4 4 4M8 14.5l4 4 4-4",
            Self::Search => "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.2 15.2 20.5 20.5",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Download => "M12 4v11M7.5 10.5 12 15l4.5-4.5M5 20h14",
            Self::Workspaces => {
                "M4 20.5V6l7-2.5v17M11 9l9 2.5v9M3 20.5h18M7 9h.01M7 13h.01M7 17h.01M15.5 14.5h.01M15.5 17.5h.01"
            }
            Self::Mail => "M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM3.5 7l8.5 6 8.5-6",
        }
    }
}

/// A picture beside words; never the only bearer of meaning, so hidden from screen readers.
#[component]
pub(crate) fn Icon(glyph: Glyph) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
            <path d=glyph.path()></path>
        </svg>
    }
}
