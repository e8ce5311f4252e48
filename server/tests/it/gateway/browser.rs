//! A browser as the server sees it: our user agent on a real WebSocket, with Chrome's session descriptions and no media.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use serde_json::json;
use sip::message::{HeaderName, Headers, Method, Response, StatusCode, Uri};
use sip::ua::{
    Body, Config, EndCause, Event, FlowId, Input, Invite, Local, LocalId, Output, OutsideRequest, Path, Reply,
    SessionId, TransactionId, Transport, Ua,
};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::support::{FROM, Live};
use crate::support::Client;

/// Chrome's offer as JsSIP sends it: Opus, G.722 and both G.711.
const OFFER: &str = include_str!("../../../src/gateway/leg/testdata/jssip_chrome_offer.sdp");
/// The longest that anything of these tests takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// One tab.
pub(super) struct Browser {
    ua: Ua,
    socket: WebSocketStream<TcpStream>,
    seen: VecDeque<Event>,
    began: Instant,
    uri: String,
}

/// A call that rings in the tab.
pub(super) struct Ringing {
    pub(super) session: SessionId,
    pub(super) transaction: TransactionId,
    pub(super) headers: Headers,
    pub(super) offer: String,
}

impl Browser {
    /// Opens a tab of `identity` in Asha's workspace and connects it with a fresh token.
    pub(super) async fn open(live: &Live, identity: &str) -> Self {
        Self::open_by(live, &live.asha, identity).await
    }

    /// The same with a token that `minter` asks for.
    pub(super) async fn open_by(live: &Live, minter: &Client, identity: &str) -> Self {
        Self::open_at(live.web().await, minter, identity).await
    }

    /// The same at the web port of a node.
    #[expect(clippy::disallowed_methods, reason = "a tab runs on the machine's clock, as the gateway does")]
    pub(super) async fn open_at(address: SocketAddr, minter: &Client, identity: &str) -> Self {
        let minted = minter.post("/v1/sip/token", json!({ "identity": identity })).await.expect(200).json;
        let text = |name: &str| minted[name].as_str().expect("text").to_owned();
        let url = format!("ws://{address}/sip?access_token={}", text("token"));
        let mut request = url.into_client_request().expect("a request");
        request.headers_mut().insert("Sec-WebSocket-Protocol", "sip".parse().expect("a value"));
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("a WebSocket");
        // Tabs differ in their names and dialog identifiers.
        let tab: [u8; 32] = rand::random();
        let host = format!("tab{}.invalid", u32::from(tab[0]) << 8 | u32::from(tab[1]));
        let contact = Uri::parse(format!("sip:{identity}@{host};transport=ws")).expect("a URI");
        let local = Local { transport: Transport::Ws, sent_by: host, contact };
        let ua = Ua::new(Config::new(vec![local], tab));
        Self { ua, socket, seen: VecDeque::new(), began: Instant::now(), uri: text("sip_uri") }
    }

    /// The same, able to be called.
    pub(super) async fn registered(live: &Live, identity: &str) -> Self {
        Self::registered_at(live.web().await, &live.asha, identity).await
    }

    /// The same at the web port of a node.
    pub(super) async fn registered_at(address: SocketAddr, minter: &Client, identity: &str) -> Self {
        let mut tab = Self::open_at(address, minter, identity).await;
        // The user agent writes its Contact itself: a second one would be a second place of the same tab, rung as well.
        let mut headers = Headers::new();
        headers.push(HeaderName::Expires, "120");
        let request = OutsideRequest {
            method: Method::Register,
            path: path(),
            target: Uri::parse("sip:sautikit").expect("a URI"),
            from: format!("<{}>", tab.uri),
            to: format!("<{}>", tab.uri),
            headers,
            body: None,
            auth: None,
        };
        tab.ua.request(tab.began.elapsed(), request);
        tab.until("registered", |event| matches!(event, Event::Response { .. }).then_some(())).await;
        tab
    }

    /// Calls `user` (a number or an identity's SIP user) with these audio formats of [`OFFER`].
    pub(super) async fn call(&mut self, user: &str, formats: &[&str]) -> SessionId {
        let target = Uri::parse(format!("sip:{user}@sautikit")).expect("a URI");
        let (from, to) = (format!("<{}>", self.uri), format!("<{target}>"));
        let mut invite = Invite::new(path(), target, from, to, Some(Body::sdp(description(formats, "actpass"))));
        invite.headers.push(HeaderName::from_token("X-Sautikit-From"), FROM);
        let session = self.ua.invite(self.began.elapsed(), invite);
        self.flush().await;
        session
    }

    /// The next response to the call that is no 100: a 18x or the 200.
    pub(super) async fn response(&mut self) -> Response {
        self.until("a response to the call", |event| match event {
            Event::Provisional { response, .. } if response.status.code() > 100 => Some((**response).clone()),
            Event::Answered { response, .. } => Some((**response).clone()),
            _ => None,
        })
        .await
    }

    /// The 200 to the call.
    pub(super) async fn answered(&mut self) -> Response {
        self.until("an answer", |event| match event {
            Event::Answered { response, .. } => Some((**response).clone()),
            _ => None,
        })
        .await
    }

    /// Waits for a call and rings.
    pub(super) async fn rings(&mut self) -> Ringing {
        let ringing = self
            .until("a call", |event| match event {
                Event::IncomingInvite { session, transaction, request, .. } => Some(Ringing {
                    session: *session,
                    transaction: *transaction,
                    headers: request.headers.clone(),
                    offer: String::from_utf8_lossy(&request.body).into_owned(),
                }),
                _ => None,
            })
            .await;
        self.reply(ringing.transaction, Reply::new(StatusCode::RINGING)).await;
        ringing
    }

    /// Calls that came and that nobody has asked for.
    pub(super) fn calls_beside(&self) -> usize {
        self.seen.iter().filter(|event| matches!(event, Event::IncomingInvite { .. })).count()
    }

    /// Picks up, with the formats that were offered.
    pub(super) async fn accept(&mut self, ringing: &Ringing) {
        let offered = sip::sdp::parse(ringing.offer.as_bytes()).expect("an offer");
        let formats: Vec<&str> = offered.audio().expect("audio").formats.iter().map(String::as_str).collect();
        let answer = Body::sdp(description(&formats, "active"));
        self.reply(ringing.transaction, Reply::new(StatusCode::OK).body(answer)).await;
    }

    /// Sends a reply.
    pub(super) async fn reply(&mut self, transaction: TransactionId, reply: Reply) {
        self.ua.respond(self.began.elapsed(), transaction, reply).expect("still answerable");
        self.flush().await;
    }

    /// Hangs up.
    pub(super) async fn hang_up(&mut self, session: SessionId) {
        self.ua.bye(self.began.elapsed(), session, Headers::new()).expect("an answered call");
        self.until_ended(session).await;
    }

    /// Why the call ended.
    pub(super) async fn until_ended(&mut self, wanted: SessionId) -> String {
        self.until("the end of the call", |event| match event {
            Event::SessionEnded { session, cause, .. } if *session == wanted => Some(match cause {
                EndCause::CancelledRemotely(request) | EndCause::RemoteBye(request) => {
                    let reason = request.headers.text(&HeaderName::Reason).ok().flatten().unwrap_or_default();
                    format!("{} {reason}", request.method)
                }
                EndCause::Failed(failure) => failure.status().to_string(),
                other => format!("{other:?}"),
            }),
            _ => None,
        })
        .await
    }

    /// Handles traffic until an event is the wanted one; earlier ones are kept for later questions.
    async fn until<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let looking = async {
            loop {
                self.flush().await;
                if let Some(index) = self.seen.iter().position(|event| wanted(event).is_some()) {
                    let event = self.seen.remove(index).expect("just found");
                    break wanted(&event).expect("just wanted");
                }
                let wait = self.ua.next_timeout().map(|at| at.saturating_sub(self.began.elapsed()));
                tokio::select! {
                    frame = self.socket.next() => {
                        let bytes = match frame.expect("an open socket").expect("a frame") {
                            Message::Text(text) => bytes::Bytes::from(text),
                            Message::Binary(bytes) => bytes,
                            _ => continue,
                        };
                        let message = sip::parse::message(bytes).expect("a SIP message");
                        self.ua.handle(self.began.elapsed(), Input::Received { path: path(), party: sip::ua::Party::Stranger, message });
                    }
                    () = tokio::time::sleep(wait.unwrap_or(DEADLINE)) => {
                        self.ua.handle(self.began.elapsed(), Input::Timeout);
                    }
                }
            }
        };
        tokio::time::timeout(DEADLINE, looking).await.unwrap_or_else(|_| panic!("not in {DEADLINE:?}: {what}"))
    }

    async fn flush(&mut self) {
        while let Some(output) = self.ua.poll() {
            match output {
                Output::Send { bytes, .. } => {
                    let text = String::from_utf8(bytes.to_vec()).expect("text");
                    self.socket.send(Message::text(text)).await.expect("sent");
                }
                Output::Event(event) => self.seen.push_back(event),
            }
        }
    }
}

/// The formats of an answer's or offer's audio.
pub(super) fn formats_of(sdp: &[u8]) -> Vec<String> {
    sip::sdp::parse(sdp).expect("SDP").audio().expect("audio").formats.clone()
}

/// [`OFFER`] with these formats only.
fn description(formats: &[&str], setup: &str) -> String {
    let all = "111 63 9 0 8 13 110 126";
    let kept = OFFER.replace(all, &formats.join(" ")).replace("setup:actpass", &format!("setup:{setup}"));
    let of_another = |line: &&str| {
        let format = line.strip_prefix("a=rtpmap:").or_else(|| line.strip_prefix("a=fmtp:"));
        let format = format.or_else(|| line.strip_prefix("a=rtcp-fb:")).and_then(|rest| rest.split(' ').next());
        format.is_some_and(|format| !formats.contains(&format))
    };
    let mut lines: Vec<_> = kept.lines().filter(|line| !of_another(line)).map(str::to_owned).collect();
    // The server's own payload type for narrow telephone-event, where it offers.
    if formats.contains(&"101") {
        lines.push("a=rtpmap:101 telephone-event/8000".to_owned());
    }
    lines.join("\r\n") + "\r\n"
}

fn path() -> Path {
    Path { flow: FlowId(1), local: LocalId(0), remote: SocketAddr::from((Ipv4Addr::LOCALHOST, 9)) }
}
