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
use sautikit::webhooks::client::Customers;
use sautikit::webhooks::{EventKind, run_until_stopped};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

use super::{DEADLINE, Scene};
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    events_go_over_one_connection_by_http_2_where_it_is_offered
    connections_are_used_again_where_it_is_not
}

/// The receiver's name, which leads to this machine.
const NAME: &str = "shop.example";

/// A customer's server with TLS.
#[derive(Clone, Default)]
struct Shop {
    connections: Arc<AtomicUsize>,
    versions: Arc<Mutex<Vec<Version>>>,
}

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
        let shop = Self::default();
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
                        shop.versions.lock().push(request.version());
                        let _ = axum::body::to_bytes(Body::new(request.into_body()), usize::MAX).await;
                        Ok::<_, std::convert::Infallible>(Response::new(Body::from("thanks")))
                    }
                });
                let io = TokioIo::new(stream);
                if is_h2 {
                    let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await;
                } else {
                    let _ = http1::Builder::new().serve_connection(io, service).await;
                }
            });
        }
    }
}

/// Tells 60 events to a shop that offers these protocols, in two bursts; the shop, and its connections after the first.
async fn told(server: Server, protocols: &[&str]) -> (Shop, usize) {
    let (shop, port, root) = Shop::start(protocols).await;
    let scene = Scene::set(server).await;
    let app = scene.server.app.changed(|app| {
        app.parts.put(Customers::trusting(true, home, std::slice::from_ref(&root)).expect("a client"));
    });
    scene.endpoint(&format!("https://{NAME}:{port}/events"), &["wallet.*"]).await;
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
