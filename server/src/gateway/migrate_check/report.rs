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
pub struct Finding {
    /// What comes of it.
    pub severity: Severity,
    /// What was expected, or what is skipped.
    pub message: String,
    /// Line and character of the answer, both from 1; none where it is not about a place in it.
    pub place: Option<(u32, u32)>,
}

/// What comes of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// A call would fail by it.
    Fails,
    /// It is skipped, and the call goes on.
    Skipped,
}

impl Severity {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Fails, Self::Skipped];

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fails => "fails",
            Self::Skipped => "skipped",
        }
    }
}

impl Finding {
    /// A call would fail by it, and no place of the answer is to blame.
    pub fn fails(message: impl Into<String>) -> Self {
        Self { severity: Severity::Fails, message: message.into(), place: None }
    }
}

impl Walked {
    /// Everything that would not do.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.asked.iter().flat_map(|asked| &asked.findings)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.severity {
            Severity::Fails => "FAILS    ",
            Severity::Skipped => "skipped  ",
        })?;
        if let Some((line, column)) = self.place {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.message)
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
