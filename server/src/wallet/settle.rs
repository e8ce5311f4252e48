//! The money of a node's calls in one transaction: debits of those that ended, and what the live ones hold.
//!
//! In: what calls cost and ask for. Out: the entries' ids, who got what, and what each call holds now. Three steps, because
//! the flush asks and writes for others too: [`ask`] locks the wallets' rows, so that nodes share a balance without
//! overdrawing it; [`settle`] decides; what it says is then written, the node's holds as one sum per workspace, however
//! many calls there are; [`is_written`] tells whether all of it was.

use std::collections::{BTreeMap, HashMap, HashSet};

use sautikit_api::ids::{CallId, EventId, LedgerEntryId, WorkspaceId};
use sautikit_api::money::Currency;
use serde_json::json;

use super::chain::ChainKey;
use super::quota::{Demand, Grant, Held, Standing, available_minor, lendable_minor, restate, spendable_minor};
use super::store::batch;
use super::{EntryKind, Funds, LockedWallet, MAX_AMOUNT_MINOR, NewEntry, WalletError};
use crate::db::batch::Told;
use crate::db::rows::{Cell, Filled, Rows};
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::webhooks;

/// What an ended call takes from a wallet.
#[derive(Debug, Clone)]
pub struct CallDebit {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// Which call; its cause is `call:ID`.
    pub call_id: CallId,
    /// Without tax, more than 0.
    pub cost_minor: i64,
    /// What is charged beside it, not negative.
    pub tax_minor: i64,
}

/// What a flush wants of the wallets.
#[derive(Debug, Default)]
pub struct CallsMoney {
    /// What ended calls cost.
    pub debits: Vec<CallDebit>,
    /// Ended calls, which hold nothing any more, whether they cost something or not.
    pub released: Vec<(WorkspaceId, CallId)>,
    /// What live calls ask for, in their order.
    pub demands: Vec<(WorkspaceId, Demand)>,
    /// Further workspaces whose sum of holds is to be written as it stands.
    pub restated: Vec<WorkspaceId>,
}

/// How a workspace stands after a flush.
#[derive(Debug, Clone)]
pub struct Purse {
    /// The wallet's.
    pub currency: Currency,
    /// What is available to further calls.
    pub available_minor: i64,
    /// What its live calls may still get beside what they hold; none where they may overdraw without a bound.
    pub spendable_minor: Option<i64>,
    /// What of that is this node's calls' own while no wallet can be asked; none where that is.
    pub lendable_minor: Option<i64>,
    /// What each live call of this node holds.
    pub held: Held,
}

/// What a flush did.
#[derive(Debug, Default)]
pub struct Settled {
    /// The entry of each debited call.
    pub entries: HashMap<CallId, LedgerEntryId>,
    /// What the demands came to, in their order.
    pub grants: Vec<Grant>,
    /// The workspaces that were touched.
    pub purses: HashMap<WorkspaceId, Purse>,
    /// Balances that fell below their threshold, to be told with the flush.
    pub events: Vec<webhooks::NewEvent>,
    /// What is to be written for all of it.
    pub(crate) writes: Vec<Filled>,
}

/// The statements of the reading batch.
pub(crate) static ASKS: [&Rows; 3] = [&batch::LOCK_WALLETS, &batch::HOLDS_OF_NODE, &batch::ENTRIES_OF_CAUSES];
/// The statements of the writing batch.
pub(crate) static WRITES: [&Rows; 3] = [&batch::INSERT_LEDGER_ENTRIES, &batch::ADVANCE_WALLETS, &batch::UPSERT_HOLDS];

/// What has to be asked before [`settle`] of the same arguments; takes the wallets' locks.
pub(crate) fn ask(node_id: &str, held: &HashMap<WorkspaceId, Held>, money: &CallsMoney) -> [Filled; 3] {
    let workspaces = touched(held, money);
    [
        batch::lock_wallets(&workspaces),
        batch::ask_holds(node_id, &workspaces),
        batch::ask_causes(money.debits.iter().map(cause_of)),
    ]
}

/// Settles for the node `node_id`, whose live calls hold what `held` says, after what [`ask`] was told. Nothing of it
/// counts before its [`Settled::writes`] are committed.
///
/// # Errors
/// A workspace without wallet, an amount out of range, or the database told something else.
pub(crate) fn settle(
    app: &AppState,
    node_id: &str,
    held: &HashMap<WorkspaceId, Held>,
    money: &CallsMoney,
    told: &Told,
) -> Result<Settled, WalletError> {
    let workspaces = touched(held, money);
    if workspaces.is_empty() {
        return Ok(Settled::default());
    }
    let mut wallets: BTreeMap<WorkspaceId, LockedWallet> = BTreeMap::new();
    for mut wallet in batch::locked_wallets(told)? {
        wallet.wallet.spend = wallet.wallet.spend.on(app.now_us(), &wallet.wallet.zone);
        wallets.insert(wallet.wallet.workspace_id, wallet);
    }
    let held_before: HashMap<_, _> = batch::holds_of_node(told)?.into_iter().collect();
    let locked: BTreeMap<_, _> = wallets.iter().map(|(id, wallet)| (*id, wallet.seq)).collect();
    let mut settled = Settled::default();
    let before: HashMap<_, _> = wallets.iter().map(|(id, wallet)| (*id, wallet.wallet.balance_minor)).collect();
    settled.writes.push(debit(app, &mut wallets, money, told, &mut settled.entries)?);
    settled.events.extend(wallets.iter().filter_map(|(id, wallet)| low_balance(app, wallet, before[id])));

    let nothing = Held::new();
    // Sorted out once: a flush may have a thousand calls in as many workspaces.
    let mut released_of: HashMap<WorkspaceId, Vec<CallId>> = HashMap::new();
    for (workspace, call) in &money.released {
        released_of.entry(*workspace).or_default().push(*call);
    }
    let mut demands_of: HashMap<WorkspaceId, (Vec<usize>, Vec<Demand>)> = HashMap::new();
    for (place, (workspace, demand)) in money.demands.iter().enumerate() {
        let (places, demands) = demands_of.entry(*workspace).or_default();
        places.push(place);
        demands.push(*demand);
    }
    let mut grants = BTreeMap::new();
    let mut advanced = Vec::with_capacity(workspaces.len());
    for workspace in workspaces {
        let mut wallet = wallets.remove(&workspace).ok_or(WalletError::NotFound)?;
        let released = released_of.remove(&workspace).unwrap_or_default();
        let held_before_minor = held_before.get(&workspace).copied().unwrap_or(0);
        let standing = Standing {
            balance_minor: wallet.wallet.balance_minor,
            held_by_others_minor: wallet.wallet.held_minor - held_before_minor,
            policy: wallet.wallet.overdraft_policy,
            floor_minor: wallet.wallet.overdraft_floor_minor,
            day: wallet.wallet.day(&app.config),
        };
        let (places, demands) = demands_of.remove(&workspace).unwrap_or_default();
        let remembered = held.get(&workspace).unwrap_or(&nothing);
        let (own, granted) = restate(&standing, remembered, held_before_minor, &released, &demands);
        grants.extend(places.into_iter().zip(granted));
        let held_minor = own.values().sum();
        wallet.wallet.held_minor = standing.held_by_others_minor + held_minor;
        let purse = Purse {
            currency: wallet.wallet.currency,
            available_minor: available_minor(&standing, &own),
            spendable_minor: spendable_minor(&standing, &own),
            lendable_minor: lendable_minor(&standing, &own),
            held: own,
        };
        settled.purses.insert(workspace, purse);
        advanced.push(batch::Advanced { wallet, locked_seq: locked[&workspace], held_before_minor, held_minor });
    }
    settled.grants = grants.into_values().collect();
    settled.writes.extend(batch::advance_wallets(node_id, &advanced));
    Ok(settled)
}

/// Whether all of so many wallets were written: none was changed behind the lock.
pub(crate) fn is_written(wallets: usize, told: &Told) -> bool {
    batch::advanced(told) == wallets as u64
}

/// The workspaces whose wallets change, each once, in one order for all nodes.
fn touched(held: &HashMap<WorkspaceId, Held>, money: &CallsMoney) -> Vec<WorkspaceId> {
    let holds =
        |(workspace, call): &&(WorkspaceId, CallId)| held.get(workspace).is_some_and(|held| held.contains_key(call));
    let debited = money.debits.iter().map(|debit| debit.workspace_id);
    let released = money.released.iter().filter(holds).map(|(workspace, _)| *workspace);
    let demanded = money.demands.iter().map(|(workspace, _)| *workspace);
    let all = debited.chain(released).chain(demanded).chain(money.restated.iter().copied());
    let mut workspaces: Vec<_> = all.collect::<HashSet<_>>().into_iter().collect();
    workspaces.sort_unstable();
    workspaces
}

/// What its entry is caused by.
fn cause_of(debit: &CallDebit) -> String {
    format!("call:{}", debit.call_id)
}

/// Posts the debits, one after the other in each wallet's chain. A cause that was posted before moves nothing.
fn debit(
    app: &AppState,
    wallets: &mut BTreeMap<WorkspaceId, LockedWallet>,
    money: &CallsMoney,
    told: &Told,
    entries: &mut HashMap<CallId, LedgerEntryId>,
) -> Result<Filled, WalletError> {
    let posted: HashMap<_, _> = batch::entries_of_causes(told)?.into_iter().collect();
    let key = ChainKey::new(&app.secrets.key(Purpose::LedgerChain));
    let mut cells: Vec<Cell> = Vec::new();
    for debit in &money.debits {
        let cause = cause_of(debit);
        if let Some(entry) = posted.get(&cause) {
            entries.insert(debit.call_id, *entry);
            continue;
        }
        let wallet = wallets.get_mut(&debit.workspace_id).ok_or(WalletError::NotFound)?;
        let entry = NewEntry {
            kind: EntryKind::Call,
            amount_minor: debit.cost_minor.saturating_add(debit.tax_minor).saturating_neg(),
            tax_minor: -debit.tax_minor,
            currency: wallet.wallet.currency,
            cause,
            reference: &debit.call_id.pbx_call_id(),
            // The call took place.
            funds: Funds::MayOverdraw,
        };
        let next = wallet.next(app, &key, &entry)?;
        cells.extend(batch::entry_cells(&next.link(), &next.hash));
        entries.insert(debit.call_id, wallet.advance(next));
        let spent_minor = &mut wallet.wallet.spend.spent_minor;
        let with_tax_minor = debit.cost_minor.saturating_add(debit.tax_minor);
        *spent_minor = spent_minor.saturating_add(with_tax_minor).min(MAX_AMOUNT_MINOR);
    }
    Ok(batch::insert_entries(cells))
}

/// Fires once when the balance crosses the threshold downwards, not on each debit below it.
pub(super) fn low_balance(app: &AppState, wallet: &LockedWallet, before_minor: i64) -> Option<webhooks::NewEvent> {
    let threshold = wallet.wallet.low_balance_threshold_minor?;
    let balance_minor = wallet.wallet.balance_minor;
    if before_minor < threshold || balance_minor >= threshold {
        return None;
    }
    Some(webhooks::NewEvent {
        id: EventId(app.new_uuid()),
        workspace_id: wallet.wallet.workspace_id,
        kind: webhooks::EventKind::WalletLowBalance,
        subject: webhooks::Subject::Workspace,
        data: json!({ "balance_minor": balance_minor, "threshold_minor": threshold,
            "currency": wallet.wallet.currency.code() }),
        created_at: app.now_us(),
    })
}
