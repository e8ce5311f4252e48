//! Going on with a call that another user agent was in.

use crate::dialog::Dialog;

use super::Ua;
use super::auth::{Authenticator, Credentials};
use super::io::{Party, Path, SessionId};
use super::session::{Phase, Session};

impl Ua {
    /// Takes over an answered call from the record that another user agent left ([`super::SessionInfo::dialog`],
    /// [`Dialog::to_record`]): a page that was loaded again, a process that came back. Nothing is sent; the peer learns of it by
    /// the first request, which is best a re-INVITE, because the media are other ones now. A peer that no longer knows the call
    /// answers 481, which ends it here ([`super::EndCause::DialogLost`]). The one that left it must say nothing more in it.
    pub fn adopt(&mut self, path: Path, party: Party, dialog: Dialog, auth: Option<Credentials>) -> SessionId {
        let id = SessionId(self.fresh_id());
        let local_tag = dialog.local_tag().to_owned();
        let fresh = Session::new(
            id,
            Phase::Confirmed,
            (path, party),
            self.contact_of(path),
            local_tag.clone(),
            dialog.call_id().to_owned(),
        );
        // Who owns the Call-ID is not in the record; it only spreads the waits after a collision.
        let session = Session { is_caller: true, dialog: Some(dialog), auth: auth.map(Authenticator::new), ..fresh };
        self.tags.insert(local_tag, id);
        self.sessions.insert(id, session);
        id
    }
}
