//! Wallets that have plenty: a leg's reservation from one of them waits for no flush.
//!
//! Where calls may overdraw a leg may begin while anything is available, so the database need only be asked
//! where that is in doubt. Each flush tells what is available of the wallets that it touched; for a second a reservation
//! that is small against it is taken from that figure, and held with the next flush. What other nodes and debits took
//! meanwhile can't matter at sixteen times what is asked. A wallet that may not be overdrawn, or only down to a floor, is
//! not in here: what is not held may not be spent.

use std::collections::HashMap;

use parking_lot::Mutex;
use sautikit_api::ids::WorkspaceId;

use crate::wallet::settle::Purse;

/// How long a figure counts, in microseconds: as long as everything else that admission goes by.
const COUNTS_US: i64 = 1_000_000;
/// So many times what a reservation asks for must be available.
const AMPLE: i64 = 16;
/// Wallets that are known at most: stale ones go once there are more.
const MOST_KNOWN: usize = 4_096;

#[derive(Debug, Clone, Copy)]
struct Known {
    available_minor: i64,
    at_us: i64,
}

/// What is available of wallets that a flush has just touched.
#[derive(Debug, Default)]
pub(super) struct Ample(Mutex<HashMap<WorkspaceId, Known>>);

impl Ample {
    /// A flush has told how the wallet stands.
    pub(super) fn learn(&self, workspace: WorkspaceId, purse: &Purse, now_us: i64) {
        let mut known = self.0.lock();
        if purse.spendable_minor.is_some() {
            known.remove(&workspace);
            return;
        }
        if known.len() >= MOST_KNOWN {
            known.retain(|_, one| counts(one, now_us));
        }
        if known.len() < MOST_KNOWN {
            known.insert(workspace, Known { available_minor: purse.available_minor, at_us: now_us });
        }
    }

    /// Whether there is plenty for `wanted_minor`, which is then taken from what is known to be available.
    pub(super) fn take(&self, workspace: WorkspaceId, wanted_minor: i64, now_us: i64) -> bool {
        let mut known = self.0.lock();
        let Some(one) = known.get_mut(&workspace).filter(|one| counts(one, now_us)) else { return false };
        if one.available_minor / AMPLE < wanted_minor {
            return false;
        }
        one.available_minor -= wanted_minor;
        true
    }
}

fn counts(known: &Known, now_us: i64) -> bool {
    (0..COUNTS_US).contains(&(now_us - known.at_us))
}

#[cfg(test)]
mod tests {
    use sautikit_api::money::Currency;
    use uuid::Uuid;

    use super::*;

    const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::nil());

    fn purse(available_minor: i64, spendable_minor: Option<i64>) -> Purse {
        let currency = Currency::parse("KES").unwrap();
        let lendable_minor = spendable_minor;
        Purse { currency, available_minor, spendable_minor, lendable_minor, held: Default::default() }
    }

    fn knows(available_minor: i64, spendable_minor: Option<i64>) -> Ample {
        let ample = Ample::default();
        ample.learn(WORKSPACE, &purse(available_minor, spendable_minor), 5);
        ample
    }

    #[test]
    fn what_is_small_against_what_is_there_is_taken_until_it_is_not() {
        let ample = knows(1_650, None);
        assert!(ample.take(WORKSPACE, 100, 6));
        assert!(!ample.take(WORKSPACE, 100, 6), "1,550 are no sixteen times 100");
        assert!(ample.take(WORKSPACE, 90, 6));
    }

    #[test]
    fn an_old_figure_counts_no_more_and_one_from_the_future_neither() {
        let ample = knows(1_000_000, None);
        assert!(ample.take(WORKSPACE, 1, 5 + COUNTS_US - 1));
        assert!(!ample.take(WORKSPACE, 1, 5 + COUNTS_US));
        assert!(!ample.take(WORKSPACE, 1, 4));
    }

    #[test]
    fn a_wallet_that_may_not_be_overdrawn_is_asked_every_time() {
        assert!(!knows(1_000_000, Some(1_000_000)).take(WORKSPACE, 1, 6));
        let ample = knows(1_000_000, None);
        ample.learn(WORKSPACE, &purse(1_000_000, Some(1_000_000)), 6);
        assert!(!ample.take(WORKSPACE, 1, 7));
    }
}
