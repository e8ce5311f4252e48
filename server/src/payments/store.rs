//! SQL of payments: top-ups, money that came by itself, what customers claim of it, and what providers took back.

pub(crate) mod books;
pub(crate) mod claims;
pub(crate) mod incoming;
pub(crate) mod references;
pub(crate) mod reversals;
pub(crate) mod top_ups;
