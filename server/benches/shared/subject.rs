//! What is measured: one or more processes with their children, reached at one SIP address.

use std::{
    net::SocketAddr,
    process::{Child, Command},
};

use super::Outcome;

/// Kernel ticks per second in /proc/PID/stat; 100 on every Linux that we run on.
const TICKS_PER_SECOND: f64 = 100.0;

/// The measured processes; they end when this is dropped.
pub(super) struct Subject {
    pub(super) processes: Vec<Child>,
    /// SIP over UDP.
    pub(super) sip: SocketAddr,
}

impl Subject {
    /// User and system time so far.
    pub(super) fn cpu_seconds(&self) -> Outcome<f64> {
        let ticks = self.sum(|pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
            let fields = fields(&stat);
            let field = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
            Ok(field(11) + field(12))
        })?;
        Ok(ticks as f64 / TICKS_PER_SECOND)
    }

    /// How often its threads have gone to sleep so far, and so were woken.
    #[allow(dead_code, reason = "not every benchmark counts them")]
    pub(super) fn wakes(&self) -> Outcome<u64> {
        self.sum(|pid| {
            let mut wakes = 0;
            for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
                // A thread that ended meanwhile wakes no more.
                let Ok(status) = std::fs::read_to_string(thread?.path().join("status")) else { continue };
                let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
                wakes += line.and_then(|count| count.trim().parse::<u64>().ok()).unwrap_or(0);
            }
            Ok(wakes)
        })
    }

    /// Memory that is resident now and not shared with files or other processes.
    pub(super) fn resident_kib(&self) -> Outcome<u64> {
        self.sum(|pid| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
            let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("no RssAnon")?;
            Ok(line.trim().trim_end_matches("kB").trim().parse()?)
        })
    }

    fn sum(&self, of: impl Fn(u32) -> Outcome<u64>) -> Outcome<u64> {
        self.pids()?.into_iter().map(of).sum()
    }

    /// The processes and their children.
    fn pids(&self) -> Outcome<Vec<u32>> {
        let mut pids: Vec<u32> = self.processes.iter().map(Child::id).collect();
        let parents = pids.clone();
        for entry in std::fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            // A process that ended meanwhile is nobody's child.
            let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            let parent = fields(&stat).get(1).and_then(|text| text.parse().ok());
            if parent.is_some_and(|parent| parents.contains(&parent)) {
                pids.push(pid);
            }
        }
        Ok(pids)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // Kamailio's workers outlive a killed parent, so all are ended by their ids.
        if let Ok(pids) = self.pids() {
            let _ = Command::new("kill").arg("-KILL").args(pids.iter().map(u32::to_string)).status();
        }
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The fields of /proc/PID/stat after the name, whose parentheses may contain spaces; the first is the state.
fn fields(stat: &str) -> Vec<&str> {
    stat.rsplit(") ").next().unwrap_or_default().split(' ').collect()
}
