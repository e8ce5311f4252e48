//! What checking a handler came to.

use std::fmt;

/// A call that was played.
#[derive(Debug, Clone, Default)]
pub struct Walked {
    /// What its people did.
    pub name: &'static str,
    /// What the handler was asked, in order.
    pub asked: Vec<Asked>,
    /// How it ended.
    pub end: String,
}

/// One request and what came of it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where to.
    pub url: String,
    /// What is new in the form, for instance `CallStatus=ringing`.
    pub told: String,
    /// The status and how long it took, or why nothing came.
    pub came: String,
    /// The verbs that it was read as.
    pub verbs: Vec<&'static str>,
    /// What of it would not do.
    pub findings: Vec<Finding>,
}

/// Something that would not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A call would fail by it.
    Fails(String),
    /// It is skipped, and the call goes on.
    Skipped(String),
}

impl Walked {
    /// Everything that would not do.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.asked.iter().flat_map(|asked| &asked.findings)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails(what) => write!(f, "FAILS    {what}"),
            Self::Skipped(what) => write!(f, "skipped  {what}"),
        }
    }
}

impl fmt::Display for Walked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        for Asked { url, told, came, verbs, findings } in &self.asked {
            writeln!(f, "  POST {url}  {told}")?;
            let verbs = if verbs.is_empty() { "nothing to do".to_owned() } else { verbs.join(", ") };
            writeln!(f, "       {came}: {verbs}")?;
            for finding in findings {
                writeln!(f, "       {finding}")?;
            }
        }
        writeln!(f, "  {}", self.end)
    }
}
