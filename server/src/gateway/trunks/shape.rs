//! What a carrier is told in an INVITE of ours: how numbers are written, who calls, and where. Pure: the preview for operators
//! and the call itself come from here.

use bytes::Bytes;
use sip::message::{HeaderName, Headers, Host, Uri};

use super::Trunk;
use crate::config::{IdentityHeader, NumberFormat, TrunkTransport};
use crate::telephone;

/// How a trunk is spoken to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// The host in its URIs and in From, if not its address and our domain.
    pub domain: Option<String>,
    /// The host in its URIs, if neither that nor where requests go.
    pub host: Option<String>,
    /// The user part of From, if not the caller's number.
    pub from_user: Option<String>,
    /// Where the caller's number stands beside From.
    pub identity: IdentityHeader,
    /// How numbers are written.
    pub number_format: NumberFormat,
    /// How SIP travels, which its URI says.
    pub transport: TrunkTransport,
    /// Headers of a call that it is told, and of its calls that others are told.
    pub pass_headers: Vec<String>,
}

/// The lines of an INVITE that differ from trunk to trunk.
#[derive(Debug, Clone)]
pub struct Shaped {
    /// Request-URI.
    pub target: Uri,
    /// From, without tag.
    pub from: String,
    /// To.
    pub to: String,
    /// P-Asserted-Identity or Remote-Party-ID.
    pub headers: Headers,
}

impl Trunk {
    /// The INVITE from `caller_id` to `number`, both E.164. `own_domain`: ours, where the trunk has none for From.
    pub fn shape_call(&self, number: &str, caller_id: &str, own_domain: &str) -> Shaped {
        let shape = &self.shape;
        let (called, caller) = (self.written(number), self.written(caller_id));
        let target = self.uri_of(&called);
        // A transport is where a request goes, not whom it is for.
        let to = self.address_of_record(&called);
        let from_host = shape.domain.as_deref().unwrap_or(own_domain);
        let from_user = shape.from_user.as_deref().unwrap_or(&caller);
        let asserted = format!("<sip:{caller}@{from_host}>");
        let mut headers = Headers::new();
        match shape.identity {
            IdentityHeader::From => {}
            IdentityHeader::Pai => headers.push(HeaderName::PAssertedIdentity, Bytes::from(asserted)),
            IdentityHeader::Rpid => {
                let value = format!("{asserted};party=calling;privacy=off;screen=yes");
                headers.push(HeaderName::RemotePartyId, Bytes::from(value));
            }
        }
        Shaped { to: format!("<{to}>"), target, from: format!("<sip:{from_user}@{from_host}>"), headers }
    }

    /// A number as this trunk wants it.
    fn written(&self, e164: &str) -> String {
        let Some(digits) = e164.strip_prefix('+') else { return e164.to_owned() };
        match self.shape.number_format {
            NumberFormat::E164 => e164.to_owned(),
            NumberFormat::E164Plain => digits.to_owned(),
            NumberFormat::International => format!("00{digits}"),
            NumberFormat::National => {
                let country = self.country.as_deref();
                country.and_then(|country| telephone::national(e164, country)).unwrap_or_else(|| format!("00{digits}"))
            }
        }
    }

    /// The address that a registration is for.
    pub fn address_of_record(&self, user: &str) -> Uri {
        Uri { params: Default::default(), ..self.uri_of(user) }
    }

    /// The URI of a user at this trunk; an empty one names the trunk itself.
    pub fn uri_of(&self, user: &str) -> Uri {
        let name = self.shape.domain.as_deref().or(self.shape.host.as_deref());
        let named = name.and_then(|domain| Uri::parse(format!("sip:{domain}")).ok());
        let (host, port) = match named {
            Some(uri) => (uri.host, uri.port),
            None => (Host::from(self.address.ip()), Some(self.address.port())),
        };
        let mut uri = Uri::sip(Some(user).filter(|user| !user.is_empty()), host, port);
        if self.shape.transport != TrunkTransport::Udp {
            uri.params.set("transport", self.shape.transport.as_str());
        }
        uri
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::trunks::terms::Terms;

    fn trunk(shape: Shape, country: Option<&str>) -> Trunk {
        Trunk {
            name: "carrier".to_owned(),
            address: "192.0.2.1:5080".parse().unwrap(),
            others: Vec::new(),
            hop: None,
            auth: None,
            certificate_name: None,
            terms: Terms::default(),
            shape,
            upkeep: Default::default(),
            country: country.map(str::to_owned),
            prefixes: Vec::new(),
            priority: 1,
            sources: Vec::new(),
        }
    }

    #[test]
    fn a_call_goes_on_to_the_other_servers_of_its_trunk_and_names_them_the_same() {
        let other = "192.0.2.2:5090".parse().unwrap();
        let named = Shape { host: Some("carrier.example".to_owned()), ..Shape::default() };
        let trunk = Trunk { others: vec![other], ..trunk(named, None) };
        let ways = trunk.ways("+254722000042", "+254700000001", "voice.example");
        let told: Vec<_> = ways.iter().map(|way| (way.path.remote.to_string(), way.target.to_string())).collect();
        let target = "sip:+254722000042@carrier.example".to_owned();
        assert_eq!(told, [("192.0.2.1:5080".to_owned(), target.clone()), (other.to_string(), target)]);
    }

    fn shaped(shape: Shape, country: Option<&str>, number: &str) -> (String, String, String) {
        let Shaped { target, from, to, .. } =
            trunk(shape, country).shape_call(number, "+254700000001", "voice.example");
        (target.to_string(), from, to)
    }

    #[test]
    fn an_ordinary_trunk_is_asked_at_its_address_and_told_our_domain() {
        let (target, from, to) = shaped(Shape::default(), None, "+254722000042");
        assert_eq!(target, "sip:+254722000042@192.0.2.1:5080");
        assert_eq!(from, "<sip:+254700000001@voice.example>");
        assert_eq!(to, "<sip:+254722000042@192.0.2.1:5080>");
    }

    #[test]
    fn numbers_are_written_as_the_trunk_wants_them() {
        let written = |number_format, number: &str| {
            let shape = Shape { number_format, ..Shape::default() };
            let target = trunk(shape, Some("KE")).shape_call(number, "+254700000001", "x").target;
            target.decoded_user().unwrap().into_owned()
        };
        assert_eq!(written(NumberFormat::E164, "+254722000042"), "+254722000042");
        assert_eq!(written(NumberFormat::E164Plain, "+254722000042"), "254722000042");
        assert_eq!(written(NumberFormat::International, "+254722000042"), "00254722000042");
        assert_eq!(written(NumberFormat::National, "+254722000042"), "0722000042");
        assert_eq!(written(NumberFormat::National, "+256772000042"), "00256772000042");
    }

    #[test]
    fn the_carrier_learns_the_account_the_caller_and_the_domain_where_it_wants_them() {
        let shape = Shape {
            domain: Some("carrier.example".to_owned()),
            host: None,
            from_user: Some("account-7".to_owned()),
            identity: IdentityHeader::Pai,
            number_format: NumberFormat::E164Plain,
            transport: TrunkTransport::Tls,
            pass_headers: Vec::new(),
        };
        let shaped = trunk(shape.clone(), None).shape_call("+254722000042", "+254700000001", "voice.example");
        assert_eq!(shaped.target.to_string(), "sip:254722000042@carrier.example;transport=tls");
        assert_eq!(shaped.to, "<sip:254722000042@carrier.example>");
        assert_eq!(shaped.from, "<sip:account-7@carrier.example>");
        let said = |shaped: &Shaped, name| shaped.headers.text(&name).unwrap().map(str::to_owned);
        let caller = said(&shaped, HeaderName::PAssertedIdentity);
        assert_eq!(caller.as_deref(), Some("<sip:254700000001@carrier.example>"));
        let shape = Shape { identity: IdentityHeader::Rpid, ..shape };
        let shaped = trunk(shape, None).shape_call("+254722000042", "+254700000001", "voice.example");
        let caller = said(&shaped, HeaderName::RemotePartyId).unwrap();
        assert!(caller.starts_with("<sip:254700000001@carrier.example>;party=calling"), "{caller}");
        assert!(said(&shaped, HeaderName::PAssertedIdentity).is_none());
    }
}
