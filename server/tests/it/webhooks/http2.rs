//! Connections to endpoints: HTTP/2 where the other end offers it, used again by either protocol, at public addresses only.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use parking_lot::Mutex;
use sautikit::state::AppState;
use sautikit::webhooks::client::Customers;
use sautikit::webhooks::{EventKind, Subject, run_until_stopped};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

use super::{DEADLINE, Scene, emit, endpoint};
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    events_go_over_one_connection_by_http_2_where_it_is_offered
    connections_are_used_again_where_it_is_not
    a_workspace_that_is_slow_takes_no_other_the_streams_of_a_shared_server
    headers_of_an_http_2_answer_are_bounded
}

/// The receiver's name, which leads to this machine.
const NAME: &str = "shop.example";

/// A customer's server with TLS.
#[derive(Clone)]
struct Shop {
    connections: Arc<AtomicUsize>,
    versions: Arc<Mutex<Vec<Version>>>,
    /// How requests to `/slow` came; each is answered once the gate lets one more go.
    slow: Arc<Mutex<Vec<Version>>>,
    gate: Arc<Semaphore>,
}

/// Requests that the shop lets run on one HTTP/2 connection.
const STREAMS: u32 = 10;

fn home(_: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
    Box::pin(async { Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]) })
}

impl Shop {
    /// Serves on a free port, which it returns with what clients have to believe.
    async fn start(protocols: &[&str]) -> (Self, u16, reqwest::Certificate) {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("TLS");
        let mut config =
            config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).expect("a key");
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let root = reqwest::Certificate::from_der(made.cert.der()).expect("a certificate");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let gate = Arc::new(Semaphore::new(0));
        let shop = Self { connections: Arc::default(), versions: Arc::default(), slow: Arc::default(), gate };
        tokio::spawn(shop.clone().serve(listener, TlsAcceptor::from(Arc::new(config))));
        (shop, port, root)
    }

    async fn serve(self, listener: TcpListener, tls: TlsAcceptor) {
        while let Ok((stream, _)) = listener.accept().await {
            let (shop, tls) = (self.clone(), tls.clone());
            tokio::spawn(async move {
                let Ok(stream) = tls.accept(stream).await else { return };
                shop.connections.fetch_add(1, Ordering::Relaxed);
                let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2".as_slice());
                let service = service_fn(move |request: Request<Incoming>| {
                    let shop = shop.clone();
                    async move {
                        let (parts, body) = request.into_parts();
                        let _ = axum::body::to_bytes(Body::new(body), usize::MAX).await;
                        let mut answer = Response::new(Body::from("thanks"));
                        match parts.uri.path() {
                            "/slow" => {
                                shop.slow.lock().push(parts.version);
                                shop.gate.acquire().await.expect("a gate that stays").forget();
                            }
                            "/headers" => {
                                let long = "x".repeat(20 * 1_024).parse().expect("a header");
                                answer.headers_mut().insert("x-long", long);
                            }
                            _ => shop.versions.lock().push(parts.version),
                        }
                        Ok::<_, std::convert::Infallible>(answer)
                    }
                });
                let io = TokioIo::new(stream);
                if is_h2 {
                    let mut builder = http2::Builder::new(TokioExecutor::new());
                    builder.max_concurrent_streams(STREAMS);
                    let _ = builder.serve_connection(io, service).await;
                } else {
                    let _ = http1::Builder::new().serve_connection(io, service).await;
                }
            });
        }
    }
}

/// A scene beside a shop that offers these protocols, with what delivers to it, and how its URLs begin.
async fn beside(server: Server, protocols: &[&str]) -> (Scene, Shop, AppState, String) {
    let (shop, port, root) = Shop::start(protocols).await;
    let scene = Scene::set(server).await;
    let app = scene.server.app.changed(|app| {
        app.parts.put(Customers::trusting(true, home, std::slice::from_ref(&root)).expect("a client"));
    });
    (scene, shop, app, format!("https://{NAME}:{port}"))
}

/// Tells 60 events to a shop that offers these protocols, in two bursts; the shop, and its connections after the first.
async fn told(server: Server, protocols: &[&str]) -> (Shop, usize) {
    let (scene, shop, app, origin) = beside(server, protocols).await;
    scene.endpoint(&format!("{origin}/events"), &["wallet.*"]).await;
    tokio::spawn(run_until_stopped(app));
    let mut after_the_first = 0;
    for burst in 1..=2 {
        for _ in 0..30 {
            scene.emit(EventKind::WalletTopUp).await;
        }
        within(DEADLINE, "every event", async || (shop.versions.lock().len() >= burst * 30).then_some(())).await;
        if burst == 1 {
            after_the_first = shop.connections.load(Ordering::Relaxed);
        }
    }
    (shop, after_the_first)
}

async fn events_go_over_one_connection_by_http_2_where_it_is_offered(server: Server) {
    let (shop, after_the_first) = told(server, &["h2", "http/1.1"]).await;
    assert!(shop.versions.lock().iter().all(|version| *version == Version::HTTP_2));
    // Those that were opened while it was not yet known what it speaks are no more used.
    assert_eq!(shop.connections.load(Ordering::Relaxed), after_the_first, "no more were opened");
    assert!(after_the_first <= 8, "{after_the_first}");
}

async fn connections_are_used_again_where_it_is_not(server: Server) {
    let (shop, _) = told(server, &["http/1.1"]).await;
    assert!(shop.versions.lock().iter().all(|version| *version == Version::HTTP_11));
    let connections = shop.connections.load(Ordering::Relaxed);
    assert!(connections <= 32, "{connections} connections for 60 events");
}

async fn a_workspace_that_is_slow_takes_no_other_the_streams_of_a_shared_server(server: Server) {
    let (scene, shop, app, origin) = beside(server, &["h2", "http/1.1"]).await;
    let bob = scene.server.onboarded("bob@example.com").await;
    let workspace = bob.workspace_id().await;
    let slow = json!({ "url": format!("{origin}/slow"), "events": ["number.*"] });
    let ids = [endpoint(&bob, slow.clone()).await.0, endpoint(&bob, slow).await.0];
    scene.endpoint(&format!("{origin}/quick"), &["wallet.low_balance"]).await;
    tokio::spawn(run_until_stopped(app));
    // Its answers take longer than a second.
    emit(&scene.server, &workspace, EventKind::NumberReleased, Subject::Workspace).await;
    let came = async |count: usize| {
        within(DEADLINE, "slow requests", async || (shop.slow.lock().len() >= count).then_some(())).await;
    };
    came(2).await;
    scene.advance(1_500);
    shop.gate.add_permits(2);
    for id in ids {
        within(DEADLINE, "a slow answer", async || {
            let path = format!("/v1/webhooks/{id}/deliveries?status=delivered");
            let rows = bob.get(&path).await.expect(200).json;
            rows.as_array().is_some_and(|rows| rows.len() == 1).then_some(())
        })
        .await;
    }
    for _ in 0..8 {
        emit(&scene.server, &workspace, EventKind::NumberReleased, Subject::Workspace).await;
    }
    // More than one connection lets run.
    came(2 + 16).await;
    for told in 1..=20 {
        scene.emit(EventKind::WalletLowBalance).await;
        within(DEADLINE, "every event", async || (shop.versions.lock().len() >= told).then_some(())).await;
    }
    assert!(shop.versions.lock().iter().all(|version| *version == Version::HTTP_2));
    assert!(shop.slow.lock()[2..].iter().all(|version| *version == Version::HTTP_11));
}

async fn headers_of_an_http_2_answer_are_bounded(server: Server) {
    let (scene, shop, app, origin) = beside(server, &["h2"]).await;
    let (id, _) = scene.endpoint(&format!("{origin}/headers"), &["wallet.*"]).await;
    scene.endpoint(&format!("{origin}/events"), &["wallet.*"]).await;
    tokio::spawn(run_until_stopped(app));
    scene.emit(EventKind::WalletTopUp).await;
    within(DEADLINE, "the other one", async || (!shop.versions.lock().is_empty()).then_some(())).await;
    let failed = within(DEADLINE, "a failed attempt", async || {
        let pending = scene.deliveries(&id, "pending", 1).await;
        pending.into_iter().find(|one| one["attempts"] == 1)
    })
    .await;
    assert_eq!(failed["last_error"], "connection", "{failed}");
}
