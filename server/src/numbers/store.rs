//! SQL of the inventory and of claimed numbers.

pub(crate) mod inventory;
pub(crate) mod tenants;
