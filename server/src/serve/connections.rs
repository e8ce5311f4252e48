//! The connections of a port: accepted, held to a pace, and closed in good order.
//!
//! axum's own server gives a client all the time that it wants to finish a request's head, so that whoever opens many
//! connections and says little holds them all. Here a head has a deadline, which a connection that waits for its next
//! request has too, and a bound; and there are only so many connections ([`Room`]). Bodies have theirs in `http::json`. An
//! answer has to be taken: who stops reading a stream of events would hold it for ever, and so would who reads little of it
//! now and then.
//! TLS is the proxy's, or spoken here by the certificates of [`crate::tls`]; HTTP/2 is the proxy's.

mod patience;
mod room;

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use self::patience::Patient;
use self::room::Place;
pub(super) use self::room::Room;
use super::strict::Strict;
use crate::state::AppState;
use crate::tls::Certificates;
use crate::web::live::ClosesAt;

/// Longest time from the last answer, or from the beginning, to the end of the next request's head. Longer than the 60 s
/// that proxies keep an idle connection, so that they close it and not we while a request is on its way.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// Largest head of a request, with its line: four times what common proxies let through.
const HEAD_LIMIT_BYTES: usize = 64 * 1024;
/// What is kept for a client that is slow to read, beside what the system keeps. hyper takes more from an answer as long as it
/// holds less than this, and a head has to fit in.
const BUFFER_BYTES: usize = HEAD_LIMIT_BYTES;
/// Pause after the system had no socket for us (too many open files): connections must end before it has.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// How long a client may take nothing of what is written to it: twice as long as between two signs of life of a stream.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until `stopping`, by HTTPS where `secured`; then takes no more connections and waits for the open requests.
///
/// # Errors
/// None today; the listener's failures are logged and tried again.
pub(super) async fn serve(
    listener: TcpListener,
    routes: Router,
    room: Arc<Room>,
    secured: Option<AppState>,
    stopping: CancellationToken,
) -> io::Result<()> {
    serve_with((HEAD_TIMEOUT, WRITE_TIMEOUT), listener, routes, room, secured, stopping).await
}

async fn serve_with(
    (head_timeout, write_timeout): (Duration, Duration),
    listener: TcpListener,
    routes: Router,
    room: Arc<Room>,
    secured: Option<AppState>,
    stopping: CancellationToken,
) -> io::Result<()> {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(head_timeout).max_header_size(HEAD_LIMIT_BYTES);
    server.max_buf_size(BUFFER_BYTES);
    let connections = TaskTracker::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = stopping.cancelled() => break,
        };
        // One too many is closed at once, or the oldest that says nothing: whoever holds the others is told no more.
        let Some(place) = room.place(peer.ip()) else { continue };
        let (server, routes, stopping) = (server.clone(), routes.clone(), stopping.clone());
        let secured = secured.clone();
        let place = Arc::new(place);
        connections.spawn(async move {
            // A stream's events are small and must not wait until the last one is acknowledged. A socket that refuses is
            // closed.
            let _ = stream.set_nodelay(true);
            let stream = Patient::new(stream, write_timeout);
            match secured {
                // Apart, or a connection without TLS would be as large as one with it.
                Some(app) => {
                    let served = async move {
                        if let Some(stream) = shake_hands(&app, stream, &place).await {
                            serve_connection(server, stream, (peer, place), routes, stopping).await;
                        }
                    };
                    Box::pin(served).await;
                }
                None => serve_connection(server, stream, (peer, place), routes, stopping).await,
            }
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
    Ok(())
}

/// TLS, where the port speaks it. Whoever does not finish, or whose place another has got meanwhile, is closed.
async fn shake_hands(
    app: &AppState,
    stream: Patient<TcpStream>,
    place: &Place,
) -> Option<TlsStream<Patient<TcpStream>>> {
    let acceptor = TlsAcceptor::from(app.part::<Certificates>().web_server()?);
    tokio::select! {
        shaken = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)) => shaken.ok()?.ok(),
        () = place.given_away() => None,
    }
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    server: http1::Builder,
    stream: S,
    (peer, place): (SocketAddr, Arc<Place>),
    routes: Router,
    stopping: CancellationToken,
) {
    let asking = place.clone();
    let (closes, closes_at) = watch::channel(None);
    let closes = Arc::new(closes);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        asking.asks();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let (answer, closes) = (routes.clone().oneshot(request), closes.clone());
        // hyper keeps room for it beyond the answer's head, for as long as a stream lasts.
        Box::pin(async move {
            let Ok(answer) = answer.await as Result<Response, Infallible>;
            closes.send_replace(answer.extensions().get().map(|ClosesAt(at)| *at));
            Ok::<_, Infallible>(answer)
        })
    });
    let mut connection = pin!(server.serve_connection(TokioIo::new(Strict::new(stream)), service).with_upgrades());
    let served = async {
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = stopping.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    };
    let ended = tokio::select! {
        ended = served => ended,
        () = place.given_away() => return,
        () = over(closes_at) => return,
    };
    if let Err(error) = ended {
        // The client's doing: it went away, was too slow, or spoke no HTTP.
        tracing::trace!(%error, "a connection ended");
    }
}

/// Until the answer that is being written has lasted as long as it may.
async fn over(mut closes_at: watch::Receiver<Option<Instant>>) {
    loop {
        let at = *closes_at.borrow_and_update();
        let late = async {
            match at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Ok(()) = closes_at.changed() => {}
            () = late => return,
        }
    }
}

/// The next connection. A client that is gone before it was accepted is passed over.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_client(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// What the server says to a client that sends this and then waits, until the server closes.
    async fn said_to(sent: &[u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().route(
            "/",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move {
                assert!(peer.ip().is_loopback());
                "hello"
            }),
        );
        let stopping = CancellationToken::new();
        let server = tokio::spawn(serve_with(
            (Duration::from_millis(100), WRITE_TIMEOUT),
            listener,
            routes,
            Room::new(&[]),
            None,
            stopping.clone(),
        ));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(sent).await.unwrap();
        let mut said = Vec::new();
        // A reset after the answer is an end too.
        let _ = client.read_to_end(&mut said).await;
        stopping.cancel();
        server.await.unwrap().unwrap();
        String::from_utf8(said).unwrap()
    }

    #[tokio::test]
    async fn whoever_does_not_finish_a_head_is_disconnected() {
        assert_eq!(said_to(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await, "");
        assert_eq!(said_to(b"").await, "");
    }

    #[tokio::test]
    async fn a_connection_that_asks_nothing_more_is_closed_after_its_answer() {
        let said = said_to(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("hello"), "{said}");
    }

    #[tokio::test]
    async fn requests_in_a_row_are_answered_in_a_row() {
        let said = said_to(&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20)).await;
        assert_eq!(said.matches("HTTP/1.1 200").count(), 20);
    }

    #[tokio::test]
    async fn a_head_that_others_may_read_differently_is_refused() {
        let heads = [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
            "GET / HTTP/1.1\nHost: x\n\n",
            "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\nX-C: d\r\n\r\n",
        ];
        for head in heads {
            let said = said_to(head.as_bytes()).await;
            assert!(said.starts_with("HTTP/1.1 400") && !said.contains("hello"), "{head:?}: {said}");
        }
        let said = said_to(b"GET / HTTP/1.0\r\n\r\n").await;
        assert!(said.starts_with("HTTP/1.0 200"), "{said}");
    }

    #[tokio::test]
    async fn a_head_is_bounded() {
        let sent = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(HEAD_LIMIT_BYTES));
        let said = said_to(sent.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 431") || said.is_empty(), "{said}");
    }

    /// Tells when it is dropped.
    struct Held(Option<tokio::sync::oneshot::Sender<()>>);

    impl Drop for Held {
        fn drop(&mut self) {
            self.0.take().map(|gone| gone.send(()));
        }
    }

    #[tokio::test]
    async fn a_reader_that_stops_reading_holds_nothing_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        let (gone, is_gone) = tokio::sync::oneshot::channel();
        let held = Arc::new(parking_lot::Mutex::new(Some(Held(Some(gone)))));
        let routes = Router::new().route(
            "/",
            get(move || async move {
                let held = held.lock().take();
                Body::from_stream(futures::stream::unfold(held, |held| async {
                    Some((Ok::<_, Infallible>(bytes::Bytes::from_static(&[b'x'; 65_536])), held))
                }))
            }),
        );
        let timeouts = (HEAD_TIMEOUT, Duration::from_millis(200));
        let server = tokio::spawn(serve_with(timeouts, listener, routes, Room::new(&[]), None, stopping.clone()));
        let mut stalled = TcpStream::connect(address).await.unwrap();
        stalled.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        is_gone.await.unwrap();
        stopping.cancel();
        server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_reader_that_takes_a_little_now_and_then_holds_nothing_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        let routes = Router::new().route(
            "/",
            get(|| async {
                let endless =
                    futures::stream::repeat_with(|| Ok::<_, Infallible>(bytes::Bytes::from_static(&[b'x'; 4_096])));
                let mut answer = Response::new(Body::from_stream(endless));
                answer.extensions_mut().insert(ClosesAt(crate::clock::timer_now() + Duration::from_millis(300)));
                answer
            }),
        );
        // Whoever takes something is waited for anew.
        let timeouts = (HEAD_TIMEOUT, HEAD_TIMEOUT);
        let server = tokio::spawn(serve_with(timeouts, listener, routes, Room::new(&[]), None, stopping.clone()));
        let mut trickles = TcpStream::connect(address).await.unwrap();
        trickles.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut piece = [0; 512];
        while trickles.read(&mut piece).await.is_ok_and(|taken| taken > 0) {
            tokio::task::yield_now().await;
        }
        stopping.cancel();
        server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn stopping_ends_idle_connections_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        let routes = Router::new().route("/", get(|| async { "hello" }));
        let server = tokio::spawn(serve(listener, routes, Room::new(&[]), None, stopping.clone()));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut first = [0; 12];
        client.read_exact(&mut first).await.unwrap();
        stopping.cancel();
        server.await.unwrap().unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
    }
}
