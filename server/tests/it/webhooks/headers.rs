//! Answers whose headers are too many, too large or never end: each a failed attempt, and nobody else waits for it.

use std::net::Ipv4Addr;
use std::time::Duration;

use sautikit::webhooks::EventKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{DEADLINE, Scene};
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    headers_without_bounds_are_a_failed_attempt_and_delay_no_other
}

/// What a server answers with.
#[derive(Debug, Clone, Copy)]
enum Headers {
    /// More lines than are read.
    Many,
    /// One line that is longer than all together may be.
    Long,
    /// A byte at a time, for ever.
    Dripped,
}

impl Headers {
    /// Answers one request on the connection.
    async fn answer(self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
        match self {
            Self::Many => {
                for number in 0..101 {
                    stream.write_all(format!("x-{number}: x\r\n").as_bytes()).await?;
                }
            }
            Self::Long => stream.write_all(format!("x: {}\r\n", "x".repeat(500 * 1_024)).as_bytes()).await?,
            Self::Dripped => loop {
                stream.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            },
        }
        stream.write_all(b"content-length: 0\r\n\r\n").await
    }

    /// Serves on a free port; its URL.
    async fn serve(self) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.answer(stream));
            }
        });
        format!("http://{address}/")
    }
}

async fn headers_without_bounds_are_a_failed_attempt_and_delay_no_other(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let mut ids = Vec::new();
    for headers in [Headers::Many, Headers::Long, Headers::Dripped] {
        ids.push((headers, scene.endpoint(&headers.serve().await, &["wallet.*"]).await.0));
    }
    scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    for told in 1..=5 {
        scene.emit(EventKind::WalletTopUp).await;
        receiver.wait("/events", told).await;
    }
    for (headers, id) in ids {
        let what = format!("a failed attempt: {headers:?}");
        let failed = within(DEADLINE, &what, async || {
            let pending = scene.deliveries(&id, "pending", 1).await;
            pending.into_iter().find(|one| one["attempts"] == 1)
        })
        .await;
        let expected = if matches!(headers, Headers::Dripped) { "timeout" } else { "connection" };
        assert_eq!(failed["last_error"], expected, "{headers:?}: {failed}");
    }
}
