//! Recordings and storage: from the file of a running call to what is heard, kept, and gone.

mod bucket;
mod keeping;
mod playing;
pub(crate) mod support;
mod tiers;
mod told;
