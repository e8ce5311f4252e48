//! A transaction that writes: on PostgreSQL the connection's own, on SQLite one writer's part of a [`Group`].

use std::ops::{Deref, DerefMut};

use sqlx::{Any, AnyConnection};

use super::group::Member;

/// A transaction that rolls back when dropped.
pub struct Tx(Inner);

enum Inner {
    Own(sqlx::Transaction<'static, Any>),
    Shared(Member),
}

impl Tx {
    pub(super) fn own(tx: sqlx::Transaction<'static, Any>) -> Self {
        Self(Inner::Own(tx))
    }

    pub(super) fn shared(member: Member) -> Self {
        Self(Inner::Shared(member))
    }

    /// Makes the changes last; when this returns they survive a power cut.
    ///
    /// # Errors
    /// The database failed; the changes are undone.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self.0 {
            Inner::Own(tx) => tx.commit().await,
            Inner::Shared(member) => member.commit().await,
        }
    }

    /// Undoes the changes and waits until that is done; dropping does it without waiting.
    ///
    /// # Errors
    /// The connection failed; the changes are undone all the same.
    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        match self.0 {
            Inner::Own(tx) => tx.rollback().await,
            Inner::Shared(member) => member.rollback().await,
        }
    }
}

impl Deref for Tx {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match &self.0 {
            Inner::Own(tx) => tx,
            Inner::Shared(member) => member.connection(),
        }
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match &mut self.0 {
            Inner::Own(tx) => tx,
            Inner::Shared(member) => member.connection_mut(),
        }
    }
}
