//! Browsers that call and are called, as SIP sees it.

use sip::message::HeaderName;

use super::browser::Browser;
use super::support::Live;

/// Chrome's formats, Opus first.
const CHROME: [&str; 6] = ["111", "0", "8", "13", "110", "126"];

#[tokio::test]
async fn a_calling_browser_learns_the_calls_id_while_it_rings_and_when_it_is_answered() {
    let live = Live::with_money().await;
    let mut tab = Browser::open(&live, "asha").await;
    let session = tab.call("+254722000042", &CHROME).await;
    let ringing = tab.response().await;
    let answered = tab.answered().await;
    let call = live.newest_call().await;
    for response in [ringing, answered] {
        let id = response.headers.text(&HeaderName::from_token("X-Sautikit-Call-Id")).expect("text").expect("the header");
        assert_eq!(call["pbx_call_id"], id, "{}", response.status.code());
    }
    tab.hang_up(session).await;
    live.billed(call["id"].as_str().expect("an id")).await;
}
