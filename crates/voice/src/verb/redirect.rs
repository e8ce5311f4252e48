//! `redirect`: another URL takes over.

use sautikit_api::actions;

use super::{Flow, Then};

pub(super) fn start(redirect: actions::Redirect) -> Flow {
    Flow::done("redirected", Then::Ask(redirect.url))
}
