//! The socket by which commands on the same host speak with the running server: `control.sock` in `data_dir`, which only the
//! server's user can open.
//!
//! `drain` begins draining: no new calls, readiness false. Each look after that answers with a line that says how many calls
//! still run; the one that says 0 is the last.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{sleep, timeout};

use crate::gateway::{self, Gateway};
use crate::state::AppState;

/// Between two lines.
const LINE_EVERY: Duration = Duration::from_millis(500);
/// How long whoever connects may take to say what is wanted.
const SAID_WITHIN: Duration = Duration::from_secs(5);
const DRAIN: &str = "drain";

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Whether a server of that data folder runs on this host.
pub fn is_running(data_dir: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(path(data_dir)).is_ok()
}

/// Answers until the server stops. Without the socket everything else works; its commands say that nobody is there.
pub(super) async fn serve(app: AppState, gateway: Arc<Gateway>) {
    let path = path(&app.config.data_dir);
    // A server that was killed leaves it behind; one that runs has the data folder to itself.
    let _ = std::fs::remove_file(&path);
    let bound = UnixListener::bind(&path).and_then(|listener| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    });
    let listener = match bound {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "commands can't reach this server");
            return;
        }
    };
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => break,
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let (app, gateway) = (app.clone(), gateway.clone());
                    tokio::spawn(async move {
                        // Whoever asked is gone, or hung up before the end.
                        let _ = answer(&app, &gateway, stream).await;
                    });
                }
            }
        }
    }
    let _ = std::fs::remove_file(&path);
}

async fn answer(app: &AppState, gateway: &Gateway, stream: UnixStream) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut said = String::new();
    let mut reading = BufReader::new(reading);
    timeout(SAID_WITHIN, reading.read_line(&mut said)).await??;
    if said.trim() != DRAIN {
        return Ok(());
    }
    if !app.draining.is_cancelled() {
        tracing::info!("draining: no new calls, running ones go on");
        app.draining.cancel();
    }
    loop {
        let calls = gateway::going_on(gateway);
        writing.write_all(format!("{calls}\n").as_bytes()).await?;
        if calls == 0 {
            return Ok(());
        }
        sleep(LINE_EVERY).await;
    }
}

/// Has the server of that data folder take no new calls. `wait`: until the last call has ended; `tell` hears how many still run.
///
/// # Errors
/// No server runs there, or it stopped meanwhile.
pub async fn drain(data_dir: &Path, wait: bool, mut tell: impl FnMut(usize)) -> io::Result<()> {
    let mut stream = UnixStream::connect(path(data_dir)).await?;
    stream.write_all(format!("{DRAIN}\n").as_bytes()).await?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next_line().await? {
        let calls = line.trim().parse().map_err(io::Error::other)?;
        tell(calls);
        if calls == 0 || !wait {
            return Ok(());
        }
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server stopped before its last call had ended"))
}
