//! The registrar's side: what a REGISTER does to the bindings of one address of record (RFC 3261 §10.3, RFC 5626 §6).
//!
//! Pure: bindings go in, bindings come out; a request is applied as a whole or not at all. `P` is whatever the shell
//! needs to reach the device (a flow, a node's name). Who may register for whom has been checked before.

use core::time::Duration;

use crate::message::{Contact, HeaderName, Request, Uri};

/// Limits of a registrar.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Shorter wishes get 423, except 0, which removes.
    pub min_expires: Duration,
    /// Longer wishes are granted this much.
    pub max_expires: Duration,
    /// Granted when the request names no time.
    pub default_expires: Duration,
    /// Devices per address of record.
    pub max_bindings: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            min_expires: Duration::from_secs(60),
            max_expires: Duration::from_secs(3600),
            default_expires: Duration::from_secs(300),
            max_bindings: 10,
        }
    }
}

/// Why a REGISTER changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400: headers that cannot be read, or `Contact: *` with anything but `Expires: 0` alone.
    #[error("malformed registration")]
    Malformed,
    /// 423 with Min-Expires.
    #[error("the interval is too brief")]
    TooBrief { min_expires: Duration },
    /// 500: not newer than what the same client sent before (§10.3 step 7).
    #[error("an older request of the same client")]
    OutOfOrder,
    /// 403: more devices than the policy allows.
    #[error("too many bindings")]
    TooMany,
}

impl Refusal {
    /// The status to answer with.
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::TooBrief { .. } => 423,
            Self::OutOfOrder => 500,
            Self::TooMany => 403,
        }
    }
}

/// One device that can be reached under the address of record.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding<P> {
    /// Where it says it is.
    pub contact: Uri,
    /// `+sip.instance`: the device, across restarts and networks.
    pub instance: Option<String>,
    /// `reg-id`: one of several flows of that device.
    pub reg_id: Option<u32>,
    /// Preference in thousandths.
    pub q_thousandths: u16,
    /// How the shell reaches it.
    pub path: P,
    /// When it ends, on the caller's clock.
    pub expires_at: Duration,
    call_id: String,
    cseq: u32,
}

impl<P> Binding<P> {
    /// The Contact value of the 200 (§10.3 step 8).
    pub fn contact_value(&self, now: Duration) -> String {
        let mut contact = Contact::new(self.contact.clone());
        let params = &mut contact.addr.params;
        params.set("expires", self.expires_at.saturating_sub(now).as_secs().to_string());
        if let Some(instance) = &self.instance {
            params.set_quoted("+sip.instance", format!("<{instance}>"));
        }
        if let Some(reg_id) = self.reg_id {
            params.set("reg-id", reg_id.to_string());
        }
        contact.to_string()
    }

    /// The same flow of the same device, or without an instance the same URI (RFC 5626 §6, RFC 3261 §10.2.4).
    fn is_of(&self, contact: &Contact) -> bool {
        match (&self.instance, contact.instance()) {
            (Some(ours), Some(theirs)) => ours == theirs && self.reg_id == contact.reg_id(),
            (None, None) => self.contact == *contact.uri(),
            _ => false,
        }
    }
}

/// The bindings of one address of record.
#[derive(Debug, Clone)]
pub struct Bindings<P> {
    all: Vec<Binding<P>>,
}

impl<P> Default for Bindings<P> {
    fn default() -> Self {
        Self { all: Vec::new() }
    }
}

impl<P: Clone> Bindings<P> {
    /// The bindings that have not expired, the preferred ones first.
    pub fn active(&self, now: Duration) -> Vec<&Binding<P>> {
        let mut active: Vec<_> = self.all.iter().filter(|binding| binding.expires_at > now).collect();
        active.sort_by_key(|binding| core::cmp::Reverse(binding.q_thousandths));
        active
    }

    /// Removes what has expired and returns it.
    pub fn expire(&mut self, now: Duration) -> Vec<Binding<P>> {
        let (kept, gone) = core::mem::take(&mut self.all).into_iter().partition(|binding| binding.expires_at > now);
        self.all = kept;
        gone
    }

    /// Removes the bindings that `lost` matches, for instance those on a closed flow, and returns them.
    pub fn drop_where(&mut self, lost: impl Fn(&Binding<P>) -> bool) -> Vec<Binding<P>> {
        let (gone, kept) = core::mem::take(&mut self.all).into_iter().partition(lost);
        self.all = kept;
        gone
    }

    /// Applies a REGISTER that came by `path`. Without Contact it only asks, and nothing changes (§10.2.3).
    pub fn apply(&mut self, now: Duration, request: &Request, path: &P, policy: &Policy) -> Result<(), Refusal> {
        let call_id = request.call_id().map_err(|_| Refusal::Malformed)?;
        let cseq = request.cseq().map_err(|_| Refusal::Malformed)?.number;
        let expires = request.expires().map_err(|_| Refusal::Malformed)?;
        let mut next: Vec<Binding<P>> = self.all.iter().filter(|binding| binding.expires_at > now).cloned().collect();
        if request.has_wildcard_contact() {
            if expires != Some(0) {
                return Err(Refusal::Malformed);
            }
            if next.iter().any(|binding| binding.call_id == call_id && binding.cseq >= cseq) {
                return Err(Refusal::OutOfOrder);
            }
            self.all = Vec::new();
            return Ok(());
        }
        // Nothing stands beside the wildcard (§10.3 step 6); before a `<` it would pass for a name.
        if request.headers.get_all(&HeaderName::Contact).any(|value| value.trim_ascii().starts_with(b"*")) {
            return Err(Refusal::Malformed);
        }
        for contact in request.contacts().map_err(|_| Refusal::Malformed)? {
            let lifetime = granted(&contact, expires, policy)?;
            if let Some(index) = next.iter().position(|binding| binding.is_of(&contact)) {
                let old = next.remove(index);
                if old.call_id == call_id && old.cseq >= cseq {
                    return Err(Refusal::OutOfOrder);
                }
            }
            if lifetime == Duration::ZERO {
                continue;
            }
            if next.len() >= policy.max_bindings {
                return Err(Refusal::TooMany);
            }
            next.push(Binding {
                instance: contact.instance().map(str::to_owned),
                reg_id: contact.reg_id(),
                q_thousandths: contact.q_thousandths(),
                contact: contact.addr.uri,
                path: path.clone(),
                expires_at: now + lifetime,
                call_id: call_id.to_owned(),
                cseq,
            });
        }
        self.all = next;
        Ok(())
    }
}

fn granted(contact: &Contact, header: Option<u32>, policy: &Policy) -> Result<Duration, Refusal> {
    let asked = contact.expires_s().or(header).map(|seconds| Duration::from_secs(u64::from(seconds)));
    match asked {
        None => Ok(policy.default_expires.min(policy.max_expires)),
        Some(Duration::ZERO) => Ok(Duration::ZERO),
        Some(asked) if asked < policy.min_expires => Err(Refusal::TooBrief { min_expires: policy.min_expires }),
        Some(asked) => Ok(asked.min(policy.max_expires)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Method;

    const NOW: Duration = Duration::from_secs(1000);

    fn register(call_id: &'static str, cseq: u32, contact: &'static str) -> Request {
        let mut request = Request::new(Method::Register, Uri::parse("sip:example.org").unwrap());
        request.headers.push(HeaderName::CallId, call_id);
        request.headers.push(HeaderName::CSeq, format!("{cseq} REGISTER"));
        request.headers.push(HeaderName::Contact, contact);
        request
    }

    fn apply(bindings: &mut Bindings<u8>, path: u8, request: &Request) -> Result<(), Refusal> {
        bindings.apply(NOW, request, &path, &Policy::default())
    }

    #[test]
    fn same_instance_on_a_new_connection_replaces_the_old_binding() {
        let mut bindings = Bindings::default();
        let first = register("a", 1, "<sip:x@one.invalid>;+sip.instance=\"<urn:uuid:1>\";reg-id=1;expires=120");
        let again = register("b", 1, "<sip:y@two.invalid>;+sip.instance=\"<urn:uuid:1>\";reg-id=1;expires=120");
        apply(&mut bindings, 1, &first).unwrap();
        apply(&mut bindings, 2, &again).unwrap();
        let active = bindings.active(NOW);
        assert_eq!(active.len(), 1);
        assert_eq!(active[0].path, 2);
    }

    #[test]
    fn other_devices_stand_beside_each_other_by_preference() {
        let mut bindings = Bindings::default();
        apply(&mut bindings, 1, &register("a", 1, "<sip:x@192.0.2.1>;q=0.2;expires=120")).unwrap();
        apply(&mut bindings, 2, &register("b", 1, "<sip:x@192.0.2.2>;expires=120")).unwrap();
        let paths: Vec<u8> = bindings.active(NOW).iter().map(|binding| binding.path).collect();
        assert_eq!(paths, [2, 1]);
    }

    #[test]
    fn old_request_of_the_same_client_changes_nothing() {
        let mut bindings = Bindings::default();
        apply(&mut bindings, 1, &register("a", 5, "<sip:x@192.0.2.1>;expires=120")).unwrap();
        let late = register("a", 5, "<sip:x@192.0.2.1>;expires=0");
        assert_eq!(apply(&mut bindings, 1, &late), Err(Refusal::OutOfOrder));
        assert_eq!(bindings.active(NOW).len(), 1);
    }

    #[test]
    fn zero_removes_one_and_the_wildcard_removes_all() {
        let mut bindings = Bindings::default();
        apply(&mut bindings, 1, &register("a", 1, "<sip:x@192.0.2.1>, <sip:x@192.0.2.2>")).unwrap();
        apply(&mut bindings, 1, &register("a", 2, "<sip:x@192.0.2.1>;expires=0")).unwrap();
        assert_eq!(bindings.active(NOW).len(), 1);
        let mut all = register("a", 3, "*");
        assert_eq!(apply(&mut bindings, 1, &all), Err(Refusal::Malformed));
        all.headers.push(HeaderName::Expires, "0");
        apply(&mut bindings, 1, &all).unwrap();
        assert!(bindings.active(NOW).is_empty());
    }

    #[test]
    fn nothing_stands_beside_the_wildcard() {
        let mut bindings = Bindings::default();
        apply(&mut bindings, 1, &register("a", 1, "<sip:x@192.0.2.1>")).unwrap();
        for (first, second) in [
            ("*, <sip:x@192.0.2.1>", None),
            ("<sip:x@192.0.2.1>, *", None),
            ("*", Some("<sip:x@192.0.2.1>")),
            ("<sip:x@192.0.2.1>", Some("*")),
            ("*", Some("*")),
            ("*;expires=0", None),
        ] {
            let mut request = register("a", 2, first);
            if let Some(second) = second {
                request.headers.push(HeaderName::Contact, second);
            }
            request.headers.push(HeaderName::Expires, "0");
            assert_eq!(apply(&mut bindings, 1, &request), Err(Refusal::Malformed), "{first} {second:?}");
        }
        assert_eq!(bindings.active(NOW).len(), 1);
    }

    #[test]
    fn one_bad_contact_refuses_the_whole_request() {
        let mut bindings = Bindings::default();
        let mixed = register("a", 1, "<sip:x@192.0.2.1>;expires=120, <sip:x@192.0.2.2>;expires=5");
        let refusal = Refusal::TooBrief { min_expires: Duration::from_secs(60) };
        assert_eq!(apply(&mut bindings, 1, &mixed), Err(refusal));
        assert!(bindings.active(NOW).is_empty());
    }

    #[test]
    fn bindings_expire_and_are_capped() {
        let mut bindings = Bindings::default();
        apply(&mut bindings, 1, &register("a", 1, "<sip:x@192.0.2.1>;expires=999999")).unwrap();
        assert!(bindings.active(NOW)[0].contact_value(NOW).contains("expires=3600"));
        assert!(bindings.active(NOW + Duration::from_secs(3600)).is_empty());
        assert_eq!(bindings.expire(NOW + Duration::from_secs(3600)).len(), 1);
    }

    #[test]
    fn too_many_devices_are_refused() {
        let mut bindings = Bindings::default();
        let policy = Policy { max_bindings: 1, ..Policy::default() };
        bindings.apply(NOW, &register("a", 1, "<sip:x@192.0.2.1>"), &1, &policy).unwrap();
        let second = bindings.apply(NOW, &register("b", 1, "<sip:x@192.0.2.2>"), &1, &policy);
        assert_eq!(second, Err(Refusal::TooMany));
    }
}
