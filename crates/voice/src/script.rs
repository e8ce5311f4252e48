//! The actions still to run, and the URL that relative URLs in them begin at.

use std::collections::VecDeque;

use sautikit_api::actions::Action;

#[derive(Default)]
pub(crate) struct Script {
    actions: VecDeque<Action>,
    base: Option<String>,
}

impl Script {
    pub(crate) fn new(actions: Vec<Action>, base: Option<String>) -> Self {
        Self { actions: actions.into(), base }
    }

    pub(crate) fn next(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.actions.is_empty()
    }

    pub(crate) fn base(&self) -> Option<&str> {
        self.base.as_deref()
    }
}
