//! What the requests of one call have in common (RFC 3261 §12), as lines that are copied.

use super::message::{Message, decimal, uri_of};
use crate::dialog::{MAX_ROUTES, SKIPPED_NUMBERS, VERSION};

#[derive(Debug, Clone)]
pub(super) struct Dialog {
    pub(super) call_id: String,
    pub(super) local_tag: String,
    pub(super) remote_tag: String,
    /// From of our requests, tag included.
    local: String,
    /// To of our requests, tag included.
    remote: String,
    /// Request-URI of our requests.
    target: String,
    /// Addresses of Route in the order in which they are written.
    routes: Vec<String>,
    pub(super) local_cseq: u32,
    remote_cseq: u32,
}

impl Dialog {
    /// The caller's: our INVITE and a 2xx to it (§12.1.2). `None` without the other side's tag: there is nobody to speak to.
    pub(super) fn of_answer(invite: &Message, response: &Message) -> Option<Self> {
        let dialog = Self {
            call_id: invite.get("Call-ID").to_owned(),
            local_tag: invite.tag("From")?.to_owned(),
            remote_tag: String::new(),
            local: invite.get("From").to_owned(),
            remote: String::new(),
            target: invite.uri().to_owned(),
            routes: Vec::new(),
            local_cseq: invite.cseq()?.0,
            remote_cseq: 0,
        };
        dialog.fork(response)
    }

    /// The callee's: their INVITE and the tag of our answers (§12.1.1).
    pub(super) fn of_request(invite: &Message, local_tag: &str) -> Option<Self> {
        let mut dialog = Self {
            call_id: invite.get("Call-ID").to_owned(),
            local_tag: local_tag.to_owned(),
            // Peers of RFC 2543 have none, which counts as an empty one.
            remote_tag: invite.tag("From").unwrap_or_default().to_owned(),
            local: [invite.get("To"), ";tag=", local_tag].concat(),
            remote: invite.get("From").to_owned(),
            target: String::new(),
            routes: routes(invite),
            local_cseq: 0,
            remote_cseq: invite.cseq()?.0,
        };
        dialog.refresh_target(invite);
        (!dialog.target.is_empty()).then_some(dialog)
    }

    /// The dialog that another 2xx to the same INVITE makes (§13.2.2.4).
    pub(super) fn fork(&self, response: &Message) -> Option<Self> {
        let mut fork = self.clone();
        response.tag("To")?.clone_into(&mut fork.remote_tag);
        response.get("To").clone_into(&mut fork.remote);
        fork.routes = routes(response);
        fork.routes.reverse();
        fork.refresh_target(response);
        Some(fork)
    }

    /// The next request in the dialog, without Via (§12.2.1.1).
    pub(super) fn request(&mut self, method: &str) -> Message {
        self.local_cseq += 1;
        self.build(method, self.local_cseq)
    }

    /// The ACK of a 2xx to the INVITE numbered `cseq`, without Via (§13.2.2.4).
    pub(super) fn ack(&self, cseq: u32) -> Message {
        self.build("ACK", cseq)
    }

    fn build(&self, method: &str, cseq: u32) -> Message {
        let mut request = Message::request(method, &self.target);
        for route in &self.routes {
            request.push("Route", &["<", route, ">"]);
        }
        request.push("From", &[&self.local]);
        request.push("To", &[&self.remote]);
        request.push("Call-ID", &[&self.call_id]);
        request.push("CSeq", &[&decimal(cseq), " ", method]);
        request
    }

    /// Whether an incoming request is newer than the last one; then it is the last one (§12.2.2).
    pub(super) fn accepts(&mut self, cseq: u32) -> bool {
        let is_newer = cseq > self.remote_cseq;
        self.remote_cseq = self.remote_cseq.max(cseq);
        is_newer
    }

    /// Takes a new remote target from a re-INVITE, an UPDATE or a 2xx to one of ours (§12.2); the route set stays.
    pub(super) fn refresh_target(&mut self, message: &Message) {
        if let Some(contact) = message.values("Contact").first() {
            uri_of(contact).clone_into(&mut self.target);
        }
    }

    /// Its other side's address and, behind a line's end, what Replaces names it by (RFC 3891).
    pub(super) fn replaces(&self) -> String {
        let target = self.target.split(['?', ';']).next().unwrap_or_default();
        [target, "\n", &self.call_id, ";to-tag=", &self.remote_tag, ";from-tag=", &self.local_tag].concat()
    }

    /// The dialog as lines of text, for the page that goes on with the call.
    pub(super) fn to_record(&self) -> String {
        let mut record = String::from(VERSION);
        let cseq = decimal(self.local_cseq);
        let lines = [&self.call_id, &self.local_tag, &self.remote_tag, &self.local, &self.remote, &self.target, &cseq];
        for line in lines.into_iter().chain(&self.routes) {
            record.push('\n');
            record.push_str(line);
        }
        record
    }

    /// The dialog of a record, numbered so that its next request is newer than any before.
    pub(super) fn from_record(record: &str) -> Option<Self> {
        let lines: Vec<&str> = record.split('\n').collect();
        let [VERSION, call_id, local_tag, remote_tag, local, remote, target, cseq, routes @ ..] = &lines[..] else {
            return None;
        };
        Some(Self {
            local_cseq: cseq.parse::<u32>().ok()?.checked_add(SKIPPED_NUMBERS)?,
            remote_cseq: 0,
            call_id: (*call_id).to_owned(),
            local_tag: (*local_tag).to_owned(),
            remote_tag: (*remote_tag).to_owned(),
            local: (*local).to_owned(),
            remote: (*remote).to_owned(),
            target: (*target).to_owned(),
            routes: routes.iter().map(|route| (*route).to_owned()).collect(),
        })
    }
}

fn routes(message: &Message) -> Vec<String> {
    message.values("Record-Route").into_iter().take(MAX_ROUTES).map(|route| uri_of(route).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Message {
        Message::read(text).unwrap()
    }

    #[test]
    fn a_dialog_is_named_in_a_transfer_as_its_other_side_has_it() {
        let invite = "INVITE sip:b@c SIP/2.0\r\nFrom: <sip:a@c>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: x;y@z-1\r\nCSeq: 4 INVITE\r\n\r\n";
        let answer = "SIP/2.0 200 OK\r\nFrom: <sip:a@c>;tag=1\r\nTo: <sip:b@c>;tag=2\r\nCall-ID: x;y@z-1\r\nCSeq: 4 INVITE\r\n\
            Contact: <sip:b@host;transport=ws>\r\n\r\n";
        let dialog = Dialog::of_answer(&read(invite), &read(answer)).unwrap();
        assert_eq!(dialog.replaces(), "sip:b@host\nx;y@z-1;to-tag=2;from-tag=1");
    }

    #[test]
    fn the_caller_takes_the_routes_backwards_and_the_callee_as_they_stand() {
        let invite = "INVITE sip:b@c SIP/2.0\r\nFrom: <sip:a@c>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: x\r\nCSeq: 4 INVITE\r\n\
            Contact: <sip:a@host>\r\nRecord-Route: <sip:p1;lr>, <sip:p2;lr>\r\n\r\n";
        let answer = "SIP/2.0 200 OK\r\nFrom: <sip:a@c>;tag=1\r\nTo: <sip:b@c>;tag=2\r\nCall-ID: x\r\nCSeq: 4 INVITE\r\n\
            Contact: <sip:b@host>\r\nRecord-Route: <sip:p1;lr>, <sip:p2;lr>\r\n\r\n";
        let mut caller = Dialog::of_answer(&read(invite), &read(answer)).unwrap();
        let bye = caller.request("BYE");
        assert_eq!((bye.uri(), bye.cseq()), ("sip:b@host", Some((5, "BYE"))));
        assert_eq!(bye.values("Route"), ["<sip:p2;lr>", "<sip:p1;lr>"]);
        assert_eq!((bye.tag("From"), bye.tag("To")), (Some("1"), Some("2")));

        let mut callee = Dialog::of_request(&read(invite), "2").unwrap();
        let bye = callee.request("BYE");
        assert_eq!((bye.uri(), bye.tag("From"), bye.tag("To")), ("sip:a@host", Some("2"), Some("1")));
        assert_eq!(bye.values("Route"), ["<sip:p1;lr>", "<sip:p2;lr>"]);
        assert!(!callee.accepts(4) && callee.accepts(5) && !callee.accepts(5));
    }

    #[test]
    fn a_record_is_read_by_the_next_page_and_by_the_gateways_own_reader() {
        let invite = "INVITE sip:b@c SIP/2.0\r\nFrom: <sip:a@c>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: x\r\nCSeq: 4 INVITE\r\n\
            Contact: <sip:a@host>\r\nRecord-Route: <sip:p1;lr>\r\n\r\n";
        let dialog = Dialog::of_request(&read(invite), "2").unwrap();
        let mut next = Dialog::from_record(&dialog.to_record()).unwrap();
        let request = next.request("INVITE");
        assert_eq!((request.uri(), request.cseq()), ("sip:a@host", Some((16_385, "INVITE"))));
        assert_eq!(request.values("Route"), ["<sip:p1;lr>"]);
        assert!(crate::dialog::Dialog::from_record(&dialog.to_record()).is_some());
        for nonsense in ["", "dialog 2\na", "dialog 1\na\nb"] {
            assert!(Dialog::from_record(nonsense).is_none(), "{nonsense}");
        }
    }
}
