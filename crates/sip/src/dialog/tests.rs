//! Route sets, targets and numbers of dialogs, both sides.

use super::*;
use crate::message::StatusCode;

fn invite() -> Request {
    let mut request = Request::new(Method::Invite, Uri::parse("sip:bob@example.org").unwrap());
    let headers = &mut request.headers;
    headers.push(HeaderName::From, "\"A\" <sip:alice@example.org>;tag=a");
    headers.push(HeaderName::To, "<sip:bob@example.org>");
    headers.push(HeaderName::CallId, "c1");
    headers.push(HeaderName::CSeq, "7 INVITE");
    headers.push(HeaderName::Contact, "<sip:alice@192.0.2.1>");
    request
}

fn answer(record_route: &str) -> Response {
    let mut response = Response::to_request(&invite(), StatusCode::OK, Some("b"));
    response.headers.push(HeaderName::Contact, "<sip:bob@192.0.2.2:5070>");
    if !record_route.is_empty() {
        response.headers.push(HeaderName::RecordRoute, record_route.to_owned());
    }
    response
}

#[test]
fn caller_uses_the_record_route_in_reverse() {
    let mut dialog = Dialog::from_response(&invite(), &answer("<sip:p2;lr>, <sip:p1;lr>")).unwrap();
    let bye = dialog.request(Method::Bye);
    assert_eq!(bye.uri.to_string(), "sip:bob@192.0.2.2:5070");
    let routes: Vec<String> = bye.routes().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(routes, ["<sip:p1;lr>", "<sip:p2;lr>"]);
    assert_eq!(bye.cseq().unwrap().number, 8);
    assert_eq!((bye.from().unwrap().tag(), bye.to().unwrap().tag()), (Some("a"), Some("b")));
}

#[test]
fn callee_uses_the_record_route_in_order_and_swaps_the_parties() {
    let mut request = invite();
    request.headers.push(HeaderName::RecordRoute, "<sip:p2;lr>, <sip:p1;lr>");
    let mut dialog = Dialog::from_request(&request, "b").unwrap();
    let bye = dialog.request(Method::Bye);
    assert_eq!(bye.routes().unwrap()[0].uri.to_string(), "sip:p2;lr");
    assert_eq!(bye.uri.to_string(), "sip:alice@192.0.2.1");
    assert_eq!((bye.from().unwrap().tag(), bye.to().unwrap().tag()), (Some("b"), Some("a")));
}

#[test]
fn strict_router_becomes_the_request_uri() {
    let mut dialog = Dialog::from_response(&invite(), &answer("<sip:p2;lr>, <sip:old>")).unwrap();
    let bye = dialog.request(Method::Bye);
    assert_eq!(bye.uri.to_string(), "sip:old");
    let routes: Vec<String> = bye.routes().unwrap().iter().map(|route| route.uri.to_string()).collect();
    assert_eq!(routes, ["sip:p2;lr", "sip:bob@192.0.2.2:5070"]);
}

#[test]
fn ack_repeats_the_number_of_its_invite() {
    let dialog = Dialog::from_response(&invite(), &answer("")).unwrap();
    assert_eq!(dialog.ack(7).cseq().unwrap().number, 7);
}

#[test]
fn numbers_must_grow() {
    let mut dialog = Dialog::from_request(&invite(), "b").unwrap();
    assert_eq!(dialog.accept_cseq(7), Err(OutOfOrder));
    assert_eq!(dialog.accept_cseq(9), Ok(()));
    assert_eq!(dialog.accept_cseq(8), Err(OutOfOrder));
}

#[test]
fn invite_without_contact_makes_no_dialog() {
    let mut request = invite();
    request.headers.remove(&HeaderName::Contact);
    assert_eq!(Dialog::from_request(&request, "b").err(), Some(DialogError::Contact));
}

#[test]
fn target_refresh_keeps_the_route() {
    let mut dialog = Dialog::from_response(&invite(), &answer("<sip:p1;lr>")).unwrap();
    let mut headers = Headers::new();
    headers.push(HeaderName::Contact, "<sip:bob@192.0.2.9>");
    dialog.refresh_target(&headers);
    let bye = dialog.request(Method::Bye);
    assert_eq!(bye.uri.to_string(), "sip:bob@192.0.2.9");
    assert_eq!(bye.routes().unwrap().len(), 1);
}

#[test]
fn record_lets_a_successor_hang_up() {
    let dialog = Dialog::from_response(&invite(), &answer("<sip:p1;lr>")).unwrap();
    let mut revived = Dialog::from_record(&dialog.to_record().unwrap()).unwrap();
    let (mut ours, theirs) = (dialog.clone(), revived.request(Method::Bye));
    let expected = ours.request(Method::Bye);
    assert_eq!(theirs.uri, expected.uri);
    for name in [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::Route] {
        assert_eq!(theirs.headers.get(&name), expected.headers.get(&name));
    }
    assert!(theirs.cseq().unwrap().number > expected.cseq().unwrap().number);
    assert!(Dialog::from_record("nonsense").is_none());
}

#[test]
fn peer_without_tag_has_the_empty_one() {
    let mut response = Response::to_request(&invite(), StatusCode::OK, None);
    response.headers.push(HeaderName::Contact, "<sip:bob@192.0.2.2>");
    assert_eq!(Dialog::from_response(&invite(), &response).unwrap().remote_tag(), "");
}
