//! SIPp (Debian's sip-tester) with its built-in scenarios: `uac` calls and hangs up at once, `uas` answers.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use super::{NUMBER, Outcome};

/// A SIPp process; ends when dropped.
pub(super) struct Process(Child);

/// What SIPp counted.
#[derive(Debug)]
pub(super) struct Told {
    /// Calls per second that it came to.
    pub(super) rate: f64,
    pub(super) failed: u32,
    pub(super) retransmissions: u32,
}

/// Answers at `port` until dropped.
pub(super) fn answer(folder: &Path, port: u16) -> Outcome<Process> {
    Ok(Process(start(folder, &["-sn", "uas", "-p", &port.to_string()])?))
}

/// Places `calls` calls to [`NUMBER`] at `target`, `rate` a second.
pub(super) async fn call(folder: &Path, target: SocketAddr, rate: u32, calls: u32) -> Outcome<Told> {
    let statistics = folder.join("calls.csv");
    // Those of an earlier run.
    let _ = std::fs::remove_file(&statistics);
    let target = target.to_string();
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
    let mut caller = Process(start(folder, &options)?);
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

fn start(folder: &Path, options: &[&str]) -> Outcome<Child> {
    let mut command = Command::new("sipp");
    command.args(["-i", "127.0.0.1", "-nostdin", "-buff_size", "4194304"]).args(options);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(|error| format!("sipp (Debian's sip-tester) did not start: {error}").into())
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
