//! Clean calls without media: SIPp's built-in `uac` calls, its built-in `uas` answers, each hangs up at once.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use super::{NUMBER, Outcome, callback, customer, free_port, server::Server, trunk_to};

/// Prints CPU seconds per 1,000 calls at `rate` calls per second.
pub(super) async fn measure(rate: u32, calls: u32) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let port = free_port()?;
    let _callee = Peer(sipp(folder.path(), &["-sn", "uas", "-p", &port.to_string()])?);
    let server = Server::start(&trunk_to(([127, 0, 0, 1], port).into()))?;
    let account = customer::open(&server.http, &callback::serve().await?).await?;
    // Fills pools and caches, so that the start is not counted.
    call(folder.path(), &server, 10, 20).await?;
    customer::settled(&account).await?;
    let before = server.subject.cpu_seconds()?;
    let told = call(folder.path(), &server, rate, calls).await?;
    customer::settled(&account).await?;
    let cpu = server.subject.cpu_seconds()? - before;
    println!(
        "clean calls: {calls} at {rate}/s: {:.2} CPU-s per 1,000, {:.1}/s reached, {} failed, {} retransmissions, {} MiB",
        cpu * 1_000.0 / f64::from(calls),
        told.rate,
        told.failed,
        told.retransmissions,
        server.subject.resident_kib()? / 1_024,
    );
    Ok(())
}

/// What SIPp counted.
#[derive(Debug)]
struct Told {
    rate: f64,
    failed: u32,
    retransmissions: u32,
}

async fn call(folder: &Path, server: &Server, rate: u32, calls: u32) -> Outcome<Told> {
    let statistics = folder.join("calls.csv");
    let target = server.subject.sip.to_string();
    let (rate, calls) = (rate.to_string(), calls.to_string());
    let file = statistics.to_str().ok_or("the folder's name is not text")?;
    let options = [
        "-sn",
        "uac",
        "-s",
        &NUMBER[1..],
        "-r",
        &rate,
        "-m",
        &calls,
        "-l",
        "20000",
        "-trace_stat",
        "-stf",
        file,
        &target,
    ];
    let mut caller = Peer(sipp(folder, &options)?);
    // It exits with 1 when a call failed; the counts say so too.
    tokio::task::spawn_blocking(move || caller.0.wait().map(drop)).await??;
    let text = std::fs::read_to_string(&statistics)?;
    let (names, values) = text.split_once('\n').ok_or("no statistics")?;
    let values = values.trim_end().rsplit('\n').next().ok_or("no statistics")?;
    let value = |wanted: &str| {
        let named = names.split(';').zip(values.split(';')).find(|(name, _)| *name == wanted);
        named.map(|(_, value)| value).ok_or_else(|| format!("no {wanted} in the statistics"))
    };
    Ok(Told {
        rate: value("CallRate(C)")?.parse()?,
        failed: value("FailedCall(C)")?.parse()?,
        retransmissions: value("Retransmissions(C)")?.parse()?,
    })
}

fn sipp(folder: &Path, options: &[&str]) -> Outcome<Child> {
    let mut command = Command::new("sipp");
    command.args(["-i", "127.0.0.1", "-nostdin", "-buff_size", "4194304"]).args(options);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(|error| format!("sipp (Debian's sip-tester) did not start: {error}").into())
}

/// A SIPp process; ends when dropped.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
