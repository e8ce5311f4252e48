//! `/docs/reference/roles`: who may do what, written from the table that the checks read.

use sautikit_api::accounts::Role;
use sautikit_api::rights::RIGHTS;

/// Path of the page.
pub(super) const PATH: &str = "/docs/reference/roles";

/// The page as Markdown.
pub(super) fn page() -> String {
    let mut text = "# Roles and scopes\n\n\
        Every member of a workspace has one role. An API key has the scopes that were given to it, cut by the current role \
        of whoever made it: a key never does more than its maker may.\n\n\
        A suspended workspace reads and tops up, nothing else.\n\n\
        ## What each role may do\n\n"
        .to_owned();
    let names: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
    text += &format!("| right | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for right in RIGHTS {
        let marks: Vec<_> = Role::ALL.iter().map(|role| if right.roles.contains(role) { "yes" } else { "–" }).collect();
        text += &format!("| {} | {} |\n", right.what, marks.join(" | "));
    }
    text += "\n## Scopes of API keys\n\n| scope | what it allows | in `*` |\n|---|---|---|\n";
    for right in RIGHTS.iter().filter(|right| right.for_keys) {
        let in_wildcard = if right.scope.is_in_wildcard() { "yes" } else { "–" };
        text += &format!("| `{}` | {} | {in_wildcard} |\n", right.name, right.what);
    }
    text += "\nMembers, roles and the workspace itself are changed by people who are signed in, never by keys.\n";
    text
}
