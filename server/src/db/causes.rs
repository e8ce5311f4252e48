//! What an error says in a log, down to what the database said.

use std::error::Error;
use std::fmt;

/// An error and what caused it, each in its own words. A log gets this and never an error's `Debug`: PostgreSQL tells with a
/// broken rule the row that broke it, numbers and names included.
pub(crate) struct Causes<'a>(pub(crate) &'a (dyn Error + 'a));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Many repeat what caused them.
            if !said.contains(&text) {
                write!(f, ": {text}")?;
                said.push_str(&text);
            }
            source = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the rule `positive` is broken")]
    struct Broken {
        row: &'static str,
    }

    #[derive(Debug, thiserror::Error)]
    enum OfARoom {
        #[error("the calls could not be written")]
        Database(#[from] sqlx::Error),
    }

    #[test]
    fn what_the_database_said_is_told_and_the_row_that_it_refused_is_not() {
        let broken = Broken { row: "+254722000042" };
        assert!(format!("{broken:?}").contains(broken.row));
        let error = OfARoom::from(sqlx::Error::Decode(Box::new(broken)));
        let told = Causes(&error).to_string();
        assert!(told.starts_with("the calls could not be written: ") && told.contains("`positive`"), "{told}");
        assert!(!told.contains("+254"), "{told}");
        assert_eq!(told.matches("`positive`").count(), 1, "{told}");
    }
}
