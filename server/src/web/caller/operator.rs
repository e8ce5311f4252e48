//! An operator of the installation.

use sautikit_api::ids::UserId;

/// Who operates, from where.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The person.
    pub user_id: UserId,
    /// The client's address, for the audit log.
    pub ip: Option<String>,
}
