//! Kamailio with rtpengine (Debian's packages) between the same telephones, for ratios of one run on one machine.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::{Command, Stdio},
    time::Duration,
};

use super::{Outcome, free_port, subject::Subject};

/// Neither says when it is ready; both answer long before this.
const START: Duration = Duration::from_secs(3);

/// A running proxy; ends when dropped.
pub(super) struct Peer {
    pub(super) subject: Subject,
    _data: tempfile::TempDir,
}

impl Peer {
    /// Starts Kamailio, and rtpengine when it is to relay media; calls go on to `callee`.
    pub(super) fn start(callee: SocketAddr, relays_media: bool) -> Outcome<Self> {
        let data = tempfile::tempdir()?;
        let (port, control) = (free_port()?, free_port()?);
        let config = data.path().join("kamailio.cfg");
        let text = include_str!("kamailio.cfg");
        let filled = text.replace("PORT", &port.to_string()).replace("NG", &control.to_string());
        std::fs::write(&config, filled.replace("CALLEE", &callee.port().to_string()))?;
        let mut subject = Subject { processes: Vec::new(), sip: (Ipv4Addr::LOCALHOST, port).into() };
        let mut rtpengine = Command::new("rtpengine");
        rtpengine.args(["--foreground", "--config-file=none", "--interface=127.0.0.1", "--table=-1", "--log-level=3"]);
        rtpengine.args(["--log-stderr", "--port-min=30000", "--port-max=39999", "--num-threads=2"]);
        rtpengine.arg(format!("--listen-ng=127.0.0.1:{control}"));
        let mut kamailio = Command::new("/usr/sbin/kamailio");
        kamailio.args(["-DD", "-E", "-m", "64", "-Y"]).arg(data.path()).arg("-f").arg(&config);
        if relays_media {
            kamailio.args(["-A", "MEDIA"]);
        }
        for mut command in [relays_media.then_some(rtpengine), Some(kamailio)].into_iter().flatten() {
            let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            subject.processes.push(spawned.map_err(|error| format!("{:?}: {error}", command.get_program()))?);
        }
        std::thread::sleep(START);
        for process in &mut subject.processes {
            if let Some(status) = process.try_wait()? {
                return Err(format!("Kamailio or rtpengine ended at once: {status}").into());
            }
        }
        Ok(Self { subject, _data: data })
    }
}
