//! What one node shows another at its internal listener: that a holder of the same master key asks, just now, this, for that client.

use std::net::IpAddr;

use axum::http::{HeaderName, Method, Uri};
use subtle::ConstantTimeEq;

use crate::secrets::{Purpose, Secrets};

/// Who passes a request on, when, and for whom.
pub const PASSED_ON: HeaderName = HeaderName::from_static("x-sautikit-passed-on");
/// In place of the address of a client that has none: the console of the node that passes on, or the node itself.
const NO_ADDRESS: &str = "-";
/// How far apart the clocks of two nodes may be.
const CLOCKS_US: i64 = 300 * 1_000_000;

/// What of a URI is asked for.
pub fn path_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

/// When it is passed on, for whom, and what proves that a node says so.
pub fn proof(secrets: &Secrets, at_us: i64, client: Option<IpAddr>, method: &Method, uri: &Uri) -> String {
    let client = client.map_or_else(|| NO_ADDRESS.to_owned(), |address| address.to_string());
    let mark = secrets.hash(Purpose::PassedOn, &format!("{at_us} {client} {method} {}", path_of(uri)));
    format!("{at_us} {client} {mark}")
}

/// The client of a request that a node has passed on; none where none has. Within: none where the client has no address.
pub fn client_of(secrets: &Secrets, now_us: i64, said: &str, method: &Method, uri: &Uri) -> Option<Option<IpAddr>> {
    let mut words = said.split(' ');
    let at_us: i64 = words.next()?.parse().ok()?;
    let client = match words.next()? {
        NO_ADDRESS => None,
        address => Some(address.parse().ok()?),
    };
    let expected = proof(secrets, at_us, client, method, uri);
    let is_fresh = now_us.checked_sub(at_us)?.checked_abs()? <= CLOCKS_US;
    (is_fresh && bool::from(expected.as_bytes().ct_eq(said.as_bytes()))).then_some(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_US: i64 = 1_800_000_000_000_000;

    #[test]
    fn a_request_is_believed_as_it_was_passed_on_and_while_it_is_fresh() {
        let (secrets, uri) = (Secrets::new([1; 32]), Uri::from_static("/v1/calls/1/hangup?x=1"));
        let client: Option<IpAddr> = Some([192, 0, 2, 7].into());
        let said = proof(&secrets, NOW_US, client, &Method::POST, &uri);
        let read = |now_us, said: &str, method: &Method, uri: &Uri| client_of(&secrets, now_us, said, method, uri);
        assert_eq!(read(NOW_US, &said, &Method::POST, &uri), Some(client));
        assert_eq!(read(NOW_US - CLOCKS_US, &said, &Method::POST, &uri), Some(client));
        assert_eq!(read(NOW_US + CLOCKS_US + 1, &said, &Method::POST, &uri), None);
        assert_eq!(read(NOW_US, &said, &Method::DELETE, &uri), None);
        assert_eq!(read(NOW_US, &said, &Method::POST, &Uri::from_static("/v1/calls/2/hangup?x=1")), None);
        assert_eq!(read(NOW_US, &said.replace("192.0.2.7", "192.0.2.8"), &Method::POST, &uri), None);
        for nonsense in ["", "1", "x - y", "1 - y z"] {
            assert_eq!(read(NOW_US, nonsense, &Method::POST, &uri), None, "{nonsense}");
        }
        let others = Secrets::new([2; 32]);
        assert_eq!(client_of(&others, NOW_US, &said, &Method::POST, &uri), None);
        let console = proof(&secrets, NOW_US, None, &Method::POST, &uri);
        assert_eq!(read(NOW_US, &console, &Method::POST, &uri), Some(None));
    }
}
