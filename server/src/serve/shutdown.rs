//! The end of the process.
//!
//! ```text
//!   serving ── SIGTERM, Ctrl-C ──► draining ── no call left, or the limit ──► stopping ──► ended
//!                                     └───────── a second signal ──────────────────────────▲
//! ```
//! Draining refuses new calls and leaves everything else as it was. A second signal ends the process as a crash would:
//! the next start closes its calls, bills them up to the last media and tells the carriers.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::ServeError;
use crate::gateway::{self, Gateway};
use crate::state::AppState;

/// How long open requests and background tasks get once everything stops.
const GRACE: Duration = Duration::from_secs(10);

/// The signals that stop the server; watched from before it says `ready`.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn watch() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves until a signal, then ends everything in order.
pub(super) async fn run_until_stopped(
    app: &AppState,
    gateway: &Gateway,
    mut signals: Signals,
    server: impl Future<Output = io::Result<()>>,
) -> Result<(), ServeError> {
    tokio::pin!(server);
    tokio::select! {
        result = &mut server => return Ok(result?),
        () = signals.next() => {}
    }
    let ending = async {
        tokio::select! {
            result = &mut server => return result,
            () = drain(app, gateway) => {}
        }
        stop(app, server).await
    };
    tokio::select! {
        result = ending => Ok(result?),
        () = signals.next() => {
            tracing::warn!("a second signal: ended at once");
            Ok(())
        }
    }
}

/// Lets the calls end; each is billed with its end.
async fn drain(app: &AppState, gateway: &Gateway) {
    let limit = Duration::from_secs(app.config.calls.drain_limit_seconds);
    tracing::info!("stopping: no new calls, running ones may take {limit:?}");
    app.draining.cancel();
    gateway::drain(gateway, limit).await;
}

async fn stop(app: &AppState, server: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    app.stopping.cancel();
    match tokio::time::timeout(GRACE, server).await {
        Ok(result) => result?,
        Err(_) => tracing::warn!("requests still open after {GRACE:?} were cut"),
    }
    app.tasks.close();
    if tokio::time::timeout(GRACE, app.tasks.wait()).await.is_err() {
        tracing::warn!("background tasks still running after {GRACE:?} were cut");
    }
    app.db.close().await;
    Ok(())
}
