//! The documentation under `/docs/…`: Markdown of the repository's `docs/`, packed into the binary, and the error pages.
//!
//! Each folder of `docs/` is a section, each file in it a page: `docs/concepts/calls.md` is `/docs/concepts/calls`. Files
//! that stand in `docs/` itself are for people who work on the code, and are not served. Deliberately absent: the page
//! around the text (`app` has it) and search.

mod errors;
mod library;
mod links;
mod llms;
mod markdown;
mod roles;

pub(super) use library::{article, menu};
pub(super) use llms::llms_txt;

/// Where the documentation begins.
pub(super) const ROOT: &str = "/docs";
