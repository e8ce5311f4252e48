//! `sautikit doctor`: what stands between this configuration and calls that work, in words, each with its mend.
//!
//! It runs beside a live server as well as before the first start, changes nothing that calls go by, and asks only whom the
//! configuration names, and a time server. Every check ends within [`LONGEST`], whatever it meets.

mod host;
mod network;
mod outside;
mod services;
mod tls;
mod trunks;

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;

use crate::state::AppState;

/// For one check: a relay or carrier that has not answered by then counts as silent.
const LONGEST: Duration = Duration::from_secs(15);

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and something is in the way of more.
    Warning,
    /// Calls or people will run into it.
    Failure,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, such as `database`.
    pub check: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What was seen.
    pub message: String,
    /// What to do about it; none where nothing is to be done.
    pub mend: Option<String>,
}

impl Finding {
    fn good(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Good, message: message.into(), mend: None }
    }

    fn warning(check: &'static str, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warning, message: message.into(), mend: Some(mend.into()) }
    }

    fn failure(check: &'static str, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Failure, message: message.into(), mend: Some(mend.into()) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Good => "ok  ",
            Verdict::Warning => "warn",
            Verdict::Failure => "FAIL",
        };
        write!(f, "{mark}  {:<12} {}", self.check, self.message)?;
        match &self.mend {
            Some(mend) => write!(f, "\n      {:<12} → {mend}", ""),
            None => Ok(()),
        }
    }
}

/// Whether anything failed: then the command's exit code is 1.
pub fn has_failed(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.verdict == Verdict::Failure)
}

/// Looks at everything, in the order in which a call needs it.
pub async fn examine(app: &AppState) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(within("database", services::database(app)).await);
    findings.extend(within("clock", network::clock(app)).await);
    findings.extend(host::disk(app));
    findings.push(host::descriptors());
    findings.extend(network::ports(app));
    findings.extend(network::rtp(app));
    findings.push(network::public_address(app));
    findings.extend(outside::seen(app).await);
    findings.extend(tls::certificates(app));
    findings.extend(within("mail", services::mail(app)).await);
    findings.extend(within("storage", services::storage(app)).await);
    findings.push(host::speech().await);
    findings.extend(within("trunk", trunks::examine(app)).await);
    findings
}

async fn within(check: &'static str, looking: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    timeout(LONGEST, looking).await.unwrap_or_else(|_| {
        let message = format!("no answer within {} s", LONGEST.as_secs());
        vec![Finding::failure(check, message, "Look whether a firewall drops what this host sends there.")]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_its_mend_another() {
        let good = Finding::good("disk", "12 GB are free");
        let failure = Finding::failure("mail", "the relay refuses us", "Check the password.");
        assert_eq!(good.to_string(), "ok    disk         12 GB are free");
        assert!(failure.to_string().ends_with("→ Check the password."));
        assert!(!has_failed(std::slice::from_ref(&good)) && has_failed(&[good, failure]));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_does_not_answer_is_a_failure_in_words() {
        let found = within("mail", async { vec![Finding::good("mail", "it answers")] }).await;
        assert_eq!(found, [Finding::good("mail", "it answers")]);
    }
}
