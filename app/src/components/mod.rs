//! Parts that repeat across pages. A component knows no API and no route beyond its links.

mod badge;
mod chart;
mod confirm;
mod copy;
mod empty;
mod entry;
mod field;
mod frame;
mod icon;
mod nav;
mod notice;
mod pager;
mod select;
mod switcher;
mod table;
mod time;
mod waveform;
mod window;

pub(crate) use badge::{CallBadge, Tone, badge};
pub(crate) use chart::{Bar, Chart};
pub(crate) use confirm::TypedConfirm;
pub(crate) use copy::{CodeBlock, Copied, CopyButton};
pub(crate) use empty::Empty;
pub(crate) use entry::{EntryCard, SignedInAs};
pub(crate) use field::{Field, hidden, of_workspace};
pub(crate) use frame::{DevBanner, Frame, LanguageSwitch, PHONE, PHONE_WINDOW, PageHead};
pub(crate) use icon::{Glyph, Icon};
use nav::Nav;
pub(crate) use notice::{FailureNotice, Notice, outcome};
pub(crate) use pager::Pager;
pub(crate) use select::Select;
use switcher::Switcher;
pub(crate) use table::{Head, cell, heads};
pub(crate) use time::Moment;
pub(crate) use waveform::Waveform;
pub(crate) use window::Window;
