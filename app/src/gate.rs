//! The gates before the console: signing in, and setting up a first workspace. Whoever is sent to one takes along the page
//! that they wanted.

use crate::api_client::with_query;
use sautikit_api::return_to;

/// Where people sign in.
pub(crate) const SIGN_IN: &str = "/signin";
/// Where people open their first workspace.
pub(crate) const ONBOARDING: &str = "/onboarding";
/// Where both lead to when nothing else was wanted.
pub(crate) const HOME: &str = "/home";

/// `gate`, which leads on to `page`. A page that is no place to return to is forgotten.
pub(crate) fn by_way_of(gate: &str, page: &str) -> String {
    let wanted = if page != HOME && return_to::is_page(page) { page } else { "" };
    with_query(gate, &[("return_to", wanted)])
}

/// What a gate leads on to: `wanted`, if it is a page of ours.
pub(crate) fn beyond(wanted: Option<&str>) -> String {
    wanted.filter(|page| return_to::is_page(page)).unwrap_or(HOME).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_leads_on_to_pages_only() {
        assert_eq!(by_way_of(SIGN_IN, "/calls?status=busy"), "/signin?return_to=%2Fcalls%3Fstatus%3Dbusy");
        assert_eq!(by_way_of(SIGN_IN, "/home"), "/signin");
        assert_eq!(by_way_of(SIGN_IN, "//evil.example"), "/signin");
        assert_eq!(beyond(Some("/calls")), "/calls");
        assert_eq!(beyond(Some("//evil.example")), "/home");
        assert_eq!(beyond(None), "/home");
    }
}
