//! Digest between our client and our server, and against attempts to cheat it.

use core::time::Duration;

use sip::auth::{Algorithm, DigestAnswer, DigestClient, DigestFault, DigestServer, Ha1, NonceKey, Secret};
use sip::message::{Challenge, Credentials, Method, Request, Uri};

const REALM: &str = "example.org";
const NOW: Duration = Duration::from_secs(1000);

fn server() -> DigestServer {
    DigestServer::new(REALM, NonceKey::new([3; 32]))
}

fn client() -> DigestClient {
    DigestClient::new("ts_1", Secret::Password("secret".into()))
}

fn register() -> Request {
    Request::new(Method::Register, Uri::parse("sip:example.org").unwrap())
}

fn ha1(algorithm: Algorithm) -> Ha1 {
    Ha1::new(algorithm, "ts_1", REALM, "secret")
}

/// The credentials as they come out of a header at the other end.
fn answer(client: &mut DigestClient) -> DigestAnswer {
    let credentials = client.credentials(&Method::Register, "sip:example.org", "c0ffee").unwrap();
    DigestAnswer::read(&Credentials::parse(credentials.to_string().as_bytes()).unwrap()).unwrap()
}

fn challenged(server: &DigestServer, now: Duration) -> DigestClient {
    let mut client = client();
    let challenges: Vec<Challenge> = server
        .challenges(now, 1, false)
        .iter()
        .map(|challenge| Challenge::parse(challenge.to_string().as_bytes()).unwrap())
        .collect();
    assert!(client.challenged(&challenges));
    client
}

#[test]
fn sha_256_is_offered_first_and_md5_last() {
    let [first, last] = server().challenges(NOW, 1, false);
    assert_eq!((first.get("algorithm"), last.get("algorithm")), (Some("SHA-256"), Some("MD5")));
    assert_eq!(first.get("qop"), Some("auth"));
}

#[test]
fn the_best_challenge_is_answered_and_accepted_again_and_again() {
    let mut server = server();
    let mut client = challenged(&server, NOW);
    for _ in 0..20 {
        let answer = answer(&mut client);
        assert_eq!(answer.algorithm, Algorithm::Sha256);
        assert_eq!(server.verify(NOW, &answer, &register(), &ha1(Algorithm::Sha256)), Ok(()));
    }
}

#[test]
fn a_stored_md5_ha1_answers_the_md5_challenge() {
    let mut server = server();
    let mut client = DigestClient::new("ts_1", Secret::Ha1(ha1(Algorithm::Md5)));
    assert!(client.challenged(&server.challenges(NOW, 1, false)));
    let answer = answer(&mut client);
    assert_eq!(server.verify(NOW, &answer, &register(), &ha1(Algorithm::Md5)), Ok(()));
}

#[test]
fn a_replayed_answer_is_refused() {
    let mut server = server();
    let answer = answer(&mut challenged(&server, NOW));
    assert_eq!(server.verify(NOW, &answer, &register(), &ha1(Algorithm::Sha256)), Ok(()));
    assert_eq!(server.verify(NOW, &answer, &register(), &ha1(Algorithm::Sha256)), Err(DigestFault::Replayed));
}

#[test]
fn an_expired_nonce_is_stale_only_with_the_right_secret() {
    let mut server = server();
    let mut client = challenged(&server, NOW);
    let later = NOW + Duration::from_secs(301);
    assert_eq!(
        server.verify(later, &answer(&mut client), &register(), &ha1(Algorithm::Sha256)),
        Err(DigestFault::Stale)
    );
    let other = Ha1::new(Algorithm::Sha256, "ts_1", REALM, "other");
    assert_eq!(server.verify(later, &answer(&mut client), &register(), &other), Err(DigestFault::Wrong));
    assert!(client.challenged(&server.challenges(later, 2, true)), "a stale challenge is answered again");
    assert_eq!(server.verify(later, &answer(&mut client), &register(), &ha1(Algorithm::Sha256)), Ok(()));
}

#[test]
fn the_client_gives_up_when_its_secret_is_refused() {
    let server = server();
    let mut client = challenged(&server, NOW);
    answer(&mut client);
    assert!(!client.challenged(&server.challenges(NOW, 2, false)));
}

#[test]
fn another_method_target_or_key_is_refused() {
    let mut server = server();
    let answer = answer(&mut challenged(&server, NOW));
    let ha1 = ha1(Algorithm::Sha256);
    let mut request = register();
    request.method = Method::Invite;
    assert_eq!(server.verify(NOW, &answer, &request, &ha1), Err(DigestFault::Wrong));
    let elsewhere = Request::new(Method::Register, Uri::parse("sip:evil.example").unwrap());
    assert_eq!(server.verify(NOW, &answer, &elsewhere, &ha1), Err(DigestFault::Wrong));
    let mut stranger = DigestServer::new(REALM, NonceKey::new([4; 32]));
    assert_eq!(stranger.verify(NOW, &answer, &register(), &ha1), Err(DigestFault::Foreign));
}

#[test]
fn answers_without_count_or_with_odd_counts_are_malformed() {
    let whole = "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"sip:r\", response=\"00\", qop=auth, nc=0000000a, cnonce=\"c\"";
    let read = |text: &str| DigestAnswer::read(&Credentials::parse(text.as_bytes()).unwrap()).map(|_| ());
    assert_eq!(read(whole), Ok(()));
    for (from, to) in [
        ("qop=auth, ", ""),
        ("nc=0000000a", "nc=0"),
        ("nc=0000000a", "nc=00000000"),
        ("nc=0000000a", "nc=+000000a"),
        ("cnonce=\"c\"", "cnonce=\"\""),
        ("qop=auth", "qop=auth-int"),
    ] {
        assert_eq!(read(&whole.replace(from, to)), Err(DigestFault::Malformed), "{from} {to}");
    }
    assert_eq!(read("Digest algorithm=SHA-999, x=y"), Err(DigestFault::Foreign));
}

#[test]
fn secrets_stay_out_of_debug_output() {
    let mut client = challenged(&server(), NOW);
    let credentials = client.credentials(&Method::Register, "sip:example.org", "c0ffee").unwrap();
    assert_eq!(format!("{credentials:?}"), "AuthParams { scheme: \"Digest\", .. }");
    assert!(!format!("{:?}", ha1(Algorithm::Md5)).contains(ha1(Algorithm::Md5).expose_hex()));
}
