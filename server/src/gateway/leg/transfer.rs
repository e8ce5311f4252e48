//! REFER (RFC 3515): a browser or device has whoever it talks with connected with somebody else.
//!
//! Here it is looked at who may ask for it and for whom; what comes of it is the call's to decide, and told by NOTIFY. Carriers
//! and strangers transfer nobody: what they would have us dial, the workspace would pay.

use std::sync::Arc;

use bytes::Bytes;
use sautikit_api::ErrorCode;
use sautikit_api::actions::{Action, Dequeue, Enqueue};
use sautikit_api::ids::WorkspaceId;
use sip::message::header::Replaces;
use sip::message::{HeaderName, Headers, Request, Scheme, StatusCode, Uri};
use sip::ua::{Body, Reply, TransactionId};
use voice::{CauseKind, Input, LegId, Target, TransferEvent};

use super::inbound::ERROR_HEADER;
use super::talk::Talk;
use super::talks::Talking;
use crate::destination::is_emergency;
use crate::gateway::call_task::Arrival;
use crate::sip_tokens::identity::{Identity, Permissions, is_identity};
use crate::telephone;

/// What is told of a transfer (RFC 3515 §2.4.5).
const SIPFRAG: &str = "message/sipfrag;version=2.0";
/// Seconds that a transfer may take, as it is told: beyond the longest that its target rings.
const LASTS_S: u32 = 180;

/// How long whoever is transferred from one call waits for the other's.
const MEET_WITHIN_S: u32 = 10;

/// Whom a leg may have others connected with.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferRights {
    /// Whose leg it is, by the name within the workspace.
    pub name: String,
    /// Whose identities it may name.
    pub workspace: WorkspaceId,
    /// What its token or credential allows.
    pub permissions: Permissions,
    /// Where numbers in their national form are of.
    pub country: Option<String>,
    /// Our host in SIP URIs.
    pub domain: String,
}

/// What a REFER wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// To be connected with somebody new.
    Target(Target),
    /// To be connected with whom the sender has in another call (RFC 5589 §7).
    Dialog(Replaces),
}

/// Why a transfer is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    status: StatusCode,
    code: Option<ErrorCode>,
}

/// A transfer that a leg has asked for, until it is told what came of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// CSeq of its REFER, where it is not the first of its dialog (RFC 3515 §2.4.6).
    id: Option<u32>,
    /// It wants to be told.
    is_told: bool,
}

impl TransferRights {
    /// Of an identity whose workspace's number is this one, E.164.
    pub fn of(
        (name, workspace): (&str, WorkspaceId),
        permissions: &Permissions,
        number: &str,
        domain: &str,
    ) -> Arc<Self> {
        let country = telephone::country_of_prefix(number.trim_start_matches('+'));
        let (name, permissions, domain) = (name.to_owned(), permissions.clone(), domain.to_owned());
        Arc::new(Self { name, workspace, permissions, country, domain })
    }

    /// Whether both legs are of one browser or device.
    fn is_of_same(&self, other: &Self) -> bool {
        (self.workspace, &self.name) == (other.workspace, &other.name)
    }

    /// What a REFER wants, if this leg may have it.
    pub(super) fn wanted(&self, request: &Request) -> Result<Wanted, Refused> {
        let bad = Refused { status: StatusCode::BAD_REQUEST, code: None };
        let to = match request.headers.refer_to() {
            Ok(Some(to)) => to.uri,
            Ok(None) | Err(_) => return Err(bad),
        };
        // Another method than INVITE is not done for anybody.
        let method = to.params.get("method");
        if method.is_some_and(|method| !method.eq_ignore_ascii_case("INVITE")) {
            return Err(Refused { status: StatusCode::NOT_IMPLEMENTED, code: None });
        }
        match to.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("replaces")) {
            Some((_, value)) => Replaces::parse(&unescaped(value)).map(Wanted::Dialog).ok_or(bad),
            None => self.named(&to).map(Wanted::Target),
        }
    }

    fn named(&self, uri: &Uri) -> Result<Target, Refused> {
        let refused = |code| Refused { status: StatusCode::FORBIDDEN, code: Some(code) };
        let not_found = Refused { status: StatusCode::NOT_FOUND, code: Some(ErrorCode::NumbersNotFound) };
        let user = match uri.scheme {
            Scheme::Tel => uri.user.clone().map(|user| user.split(';').next().unwrap_or_default().to_owned()),
            Scheme::Sip | Scheme::Sips => uri.decoded_user().map(|user| user.into_owned()),
            Scheme::Other(_) => return Err(Refused { status: StatusCode::UNSUPPORTED_URI_SCHEME, code: None }),
        };
        let user = user.filter(|user| !user.is_empty()).ok_or(not_found)?;
        let number = telephone::keys_of(&user);
        if let Some(number) = number {
            if is_emergency(&number) {
                return Err(refused(ErrorCode::CallsEmergencyBlocked));
            }
            // By the prefixes of its token; what the workspace may comes on top when it is dialled.
            let e164 = telephone::e164_of_carrier(&number, self.country.as_deref()).unwrap_or_else(|| number.clone());
            if !self.permissions.allow_destination(&e164) {
                return Err(refused(ErrorCode::CallsDestinationBlocked));
            }
            return Ok(Target::Telephone(number));
        }
        // A name of somebody else's host is none of ours.
        if !uri.host.to_string().eq_ignore_ascii_case(&self.domain) || !self.permissions.outbound {
            return Err(refused(ErrorCode::CallsDestinationBlocked));
        }
        let not_found = Refused { status: StatusCode::NOT_FOUND, code: Some(ErrorCode::NumbersNotFound) };
        match Identity::parse_user(&user) {
            Some((name, of)) if of == self.workspace => Ok(Target::Client(name.to_owned())),
            None if is_identity(&user) => Ok(Target::Client(user)),
            _ => Err(not_found),
        }
    }
}

impl Talk {
    /// A REFER came.
    pub(super) async fn refer(&mut self, transaction: TransactionId, request: &Request) {
        let wanted = match &self.reports.rights {
            Some(rights) => rights.wanted(request),
            None => Err(Refused { status: StatusCode::FORBIDDEN, code: None }),
        };
        let wanted = match wanted {
            // One at a time: who is told of it would not know of which.
            Ok(_) if self.transfer.is_some() => Err(Refused { status: StatusCode::REQUEST_PENDING, code: None }),
            wanted => wanted,
        };
        match wanted {
            Ok(wanted) => {
                let no_subscription = is_not_told(&request.headers);
                let mut reply = Reply::new(StatusCode::ACCEPTED);
                if no_subscription {
                    reply.headers.push(HeaderName::ReferSub, Bytes::from_static(b"false"));
                }
                self.sip.respond(transaction, reply).await;
                let id = request.cseq().ok().map(|cseq| cseq.number).filter(|_| self.has_transferred);
                self.has_transferred = true;
                self.transfer = Some(Asked { id, is_told: !no_subscription });
                self.notify(StatusCode::TRYING, true).await;
                match wanted {
                    Wanted::Target(target) => {
                        let asked = Input::Transfer(self.reports.leg, Box::new(target));
                        // A call that is gone transfers nobody.
                        let _ = self.reports.inbox.send(Arrival::Voice(asked)).await;
                    }
                    Wanted::Dialog(replaces) => {
                        let is_done = self.bring_together(replaces).await;
                        let failed = TransferEvent::Failed(CauseKind::Rejected.into());
                        self.tell_transfer(if is_done { TransferEvent::Done } else { failed }).await;
                    }
                }
            }
            Err(Refused { status, code }) => {
                let mut reply = Reply::new(status);
                if let Some(code) = code {
                    let name = HeaderName::from_token(ERROR_HEADER);
                    reply.headers.push(name, Bytes::from_static(code.as_str().as_bytes()));
                }
                self.sip.respond(transaction, reply).await;
            }
        }
    }

    /// Connects whom this leg has with whom it has in another call, and lets both go on without it: one waits where only the
    /// other looks.
    async fn bring_together(&self, replaces: Replaces) -> bool {
        let Some(rights) = &self.reports.rights else { return false };
        let other = self.sip.leg_of(replaces).await.filter(|other| *other != self.leg);
        // What a dialog is called may be known to others than whose it is.
        let other = other.and_then(|other| self.sip.talks().get(other)).filter(|other| other.rights.is_of_same(rights));
        let Some(other) = other else { return false };
        let own = Talking { inbox: self.reports.inbox.clone(), leg: self.reports.leg, rights: rights.clone() };
        let name = format!("transfer.{}.{}", self.leg.0, rights.name);
        let takes = Dequeue { name: name.clone(), timeout_s: MEET_WITHIN_S, record: None, action: None };
        let waits = Enqueue {
            name,
            hold_music: Some(String::new()),
            wait_url: None,
            max_size: 1,
            timeout_s: Some(MEET_WITHIN_S),
            action: None,
        };
        own.hand_over(None).await
            && other.hand_over(Some(vec![Action::Dequeue(takes)])).await
            && own.hand_over(Some(vec![Action::Enqueue(waits)])).await
    }

    /// The call has something to tell of the transfer that this leg asked for.
    pub(super) async fn tell_transfer(&mut self, event: TransferEvent) {
        let (status, goes_on) = match event {
            TransferEvent::Ringing => (StatusCode::RINGING, true),
            TransferEvent::Done => (StatusCode::OK, false),
            TransferEvent::Failed(cause) => {
                let status = cause.sip.unwrap_or(cause.refusal().status);
                (StatusCode::new(status).unwrap_or(StatusCode::TEMPORARILY_UNAVAILABLE), false)
            }
        };
        self.notify(status, goes_on).await;
        if !goes_on {
            self.transfer = None;
        }
    }

    async fn notify(&self, status: StatusCode, goes_on: bool) {
        let Some(asked) = self.transfer.filter(|asked| asked.is_told) else { return };
        let mut headers = Headers::new();
        let event = asked.id.map_or_else(|| "refer".to_owned(), |id| format!("refer;id={id}"));
        headers.push(HeaderName::Event, Bytes::from(event));
        let state =
            if goes_on { format!("active;expires={LASTS_S}") } else { "terminated;reason=noresource".to_owned() };
        headers.push(HeaderName::SubscriptionState, Bytes::from(state));
        let line = format!("SIP/2.0 {} {}\r\n", status.code(), status.default_reason());
        let body = Body { content_type: SIPFRAG, content: Bytes::from(line) };
        self.sip.notify(self.leg, headers, body).await;
    }
}

/// RFC 4488: it wants to know nothing of what becomes of it.
fn is_not_told(headers: &Headers) -> bool {
    let value = headers.text(&HeaderName::ReferSub).ok().flatten();
    value.is_some_and(|value| value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("false"))
}

/// Whether this is about a transfer by this leg of its call.
pub(super) fn is_of(leg: LegId, arrival: &Arrival) -> bool {
    match arrival {
        Arrival::Voice(Input::Transfer(of, _)) => *of == leg,
        Arrival::HandOver(wanted) => wanted.leg == leg,
        _ => false,
    }
}

/// A header of a URI as it is meant (RFC 3261 §19.1.1).
fn unescaped(value: &str) -> Vec<u8> {
    let mut bytes = value.bytes();
    let mut meant = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        let escaped = || {
            let mut rest = bytes.clone();
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            u8::try_from(high * 16 + low).ok()
        };
        match (byte == b'%').then(escaped).flatten() {
            Some(escaped) => {
                meant.push(escaped);
                bytes.nth(1);
            }
            None => meant.push(byte),
        }
    }
    meant
}

#[cfg(test)]
mod tests {
    use sip::message::Method;
    use uuid::Uuid;

    use super::*;
    use crate::sip_tokens::identity::user_of;

    const OWN: WorkspaceId = WorkspaceId(Uuid::from_u128(7));

    fn rights(destinations: Option<&[&str]>) -> Arc<TransferRights> {
        let destinations = destinations.map(|all| all.iter().map(|prefix| (*prefix).to_owned()).collect());
        let permissions = Permissions { outbound: true, inbound: true, from: None, destinations };
        TransferRights::of(("alice", OWN), &permissions, "+254700000001", "voice.example")
    }

    fn asked(rights: &TransferRights, refer_to: &str) -> Result<Target, u16> {
        match wanted(rights, refer_to) {
            Ok(Wanted::Target(target)) => Ok(target),
            Ok(Wanted::Dialog(replaces)) => panic!("{replaces}"),
            Err(status) => Err(status),
        }
    }

    fn wanted(rights: &TransferRights, refer_to: &str) -> Result<Wanted, u16> {
        let mut request = Request::new(Method::Refer, Uri::parse("sip:gw@voice.example").unwrap());
        if !refer_to.is_empty() {
            request.headers.push(HeaderName::ReferTo, Bytes::copy_from_slice(refer_to.as_bytes()));
        }
        rights.wanted(&request).map_err(|refused| refused.status.code())
    }

    #[test]
    fn numbers_and_identities_of_the_workspace_are_targets_in_every_form() {
        let rights = rights(None);
        for (written, number) in [
            ("<sip:+254722000042@voice.example>", "+254722000042"),
            ("sip:0722000042@192.0.2.1", "0722000042"),
            ("<tel:+254-722-000-042;phone-context=x>", "+254722000042"),
            ("<sip:+254722000042@voice.example;method=INVITE>", "+254722000042"),
        ] {
            assert_eq!(asked(&rights, written), Ok(Target::Telephone(number.to_owned())), "{written}");
        }
        let bob = Ok(Target::Client("bob.2".to_owned()));
        assert_eq!(asked(&rights, "<sip:bob.2@voice.example>"), bob);
        assert_eq!(asked(&rights, &format!("<sip:{}@voice.example>", user_of("bob.2", OWN))), bob);
    }

    #[test]
    fn nobody_is_transferred_to_where_the_token_the_workspace_or_the_law_forbids_it() {
        let other = user_of("bob", WorkspaceId(Uuid::from_u128(8)));
        for (written, status) in [
            ("", 400),
            ("<sip:+254722000042@voice.example;method=BYE>", 501),
            ("<sip:bob@voice.example?Replaces=nonsense>", 400),
            ("<sip:999@voice.example>", 403),
            ("<tel:112>", 403),
            ("<sip:bob@elsewhere.example>", 403),
            ("<sip:voice.example>", 404),
            ("<mailto:bob@voice.example>", 416),
            (&format!("<sip:{other}@voice.example>"), 404),
        ] {
            assert_eq!(asked(&rights(None), written), Err(status), "{written}");
        }
        let dialog = wanted(&rights(None), "<sip:bob@voice.example?Replaces=a%40h%3Bto-tag%3Db%3Bfrom-tag%3Dc>");
        let (call_id, to_tag, from_tag) = ("a@h".to_owned(), "b".to_owned(), "c".to_owned());
        assert_eq!(dialog, Ok(Wanted::Dialog(Replaces { call_id, to_tag, from_tag, early_only: false })));
        let within = rights(Some(&["+2547"]));
        assert!(asked(&within, "<sip:0722000042@voice.example>").is_ok());
        assert_eq!(asked(&within, "<sip:+14155550100@voice.example>"), Err(403));
    }
}
