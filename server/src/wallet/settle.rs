//! The money of a node's calls in one transaction: debits of those that ended, and what the live ones hold.
//!
//! In: what calls cost and ask for. Out: the entries' ids, who got what, and what each call holds now. The wallets' rows
//! are locked first, so that nodes share a balance without overdrawing it; what the node holds is written as one sum per
//! workspace, however many calls there are.

use std::collections::{BTreeMap, HashMap, HashSet};

use sautikit_api::ids::{CallId, EventId, LedgerEntryId, WorkspaceId};
use sautikit_api::money::Currency;
use serde_json::json;
use sqlx::AnyConnection;

use super::chain::Link;
use super::posting::KEY_ID;
use super::quota::{Demand, Grant, Held, OverdraftPolicy, Standing, available_minor, share};
use super::store::batch;
use super::{EntryKind, LockedWallet, WalletError};
use crate::db::rows::Cell;
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
    /// More than 0.
    pub cost_minor: i64,
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
    /// Whether its live calls may overdraw.
    pub policy: OverdraftPolicy,
    /// What is available to further calls.
    pub available_minor: i64,
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
}

/// Settles for the node `node_id`, whose live calls hold what `held` says. Nothing of it counts before the commit.
///
/// # Errors
/// A workspace without wallet, or the database failed.
pub async fn settle(
    tx: &mut AnyConnection,
    app: &AppState,
    node_id: &str,
    held: &HashMap<WorkspaceId, Held>,
    money: &CallsMoney,
) -> Result<Settled, WalletError> {
    let dialect = app.db.dialect();
    let workspaces = touched(held, money);
    if workspaces.is_empty() {
        return Ok(Settled::default());
    }
    let mut wallets: BTreeMap<WorkspaceId, LockedWallet> = BTreeMap::new();
    for wallet in batch::lock_wallets(tx, dialect, &workspaces).await? {
        wallets.insert(wallet.wallet.workspace_id, wallet);
    }
    let mut held_before: HashMap<_, _> =
        batch::holds_of_node(tx, dialect, node_id, &workspaces).await?.into_iter().collect();
    let locked: BTreeMap<_, _> = wallets.iter().map(|(id, wallet)| (*id, wallet.seq)).collect();
    let mut settled = Settled::default();
    debit(tx, app, &mut wallets, &money.debits, &mut settled).await?;

    let mut grants = BTreeMap::new();
    let mut holds = Vec::with_capacity(workspaces.len());
    for workspace in workspaces {
        let wallet = wallets.get_mut(&workspace).ok_or(WalletError::NotFound)?;
        let mut own = held.get(&workspace).cloned().unwrap_or_default();
        for (_, call) in money.released.iter().filter(|(of, _)| *of == workspace) {
            own.remove(call);
        }
        let standing = Standing {
            balance_minor: wallet.wallet.balance_minor,
            held_by_others_minor: wallet.wallet.held_minor - held_before.remove(&workspace).unwrap_or(0),
            policy: wallet.wallet.overdraft_policy,
        };
        let (places, demands): (Vec<_>, Vec<_>) = money
            .demands
            .iter()
            .enumerate()
            .filter(|(_, (of, _))| *of == workspace)
            .map(|(at, (_, one))| (at, *one))
            .unzip();
        grants.extend(places.into_iter().zip(share(&standing, &mut own, &demands)));
        let own_minor = own.values().sum();
        wallet.wallet.held_minor = standing.held_by_others_minor + own_minor;
        holds.push((workspace, own_minor));
        let available_minor = available_minor(&standing, &own);
        let currency = wallet.wallet.currency;
        settled.purses.insert(workspace, Purse { currency, policy: standing.policy, available_minor, held: own });
    }
    settled.grants = grants.into_values().collect();
    let advanced: Vec<_> = wallets.into_iter().map(|(id, wallet)| (wallet, locked[&id])).collect();
    batch::advance_wallets(tx, dialect, &advanced).await?;
    batch::upsert_holds(tx, dialect, node_id, &holds).await?;
    Ok(settled)
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

/// Posts the debits, one after the other in each wallet's chain. A cause that was posted before moves nothing.
async fn debit(
    tx: &mut AnyConnection,
    app: &AppState,
    wallets: &mut BTreeMap<WorkspaceId, LockedWallet>,
    debits: &[CallDebit],
    settled: &mut Settled,
) -> Result<(), WalletError> {
    if debits.is_empty() {
        return Ok(());
    }
    let dialect = app.db.dialect();
    let cause_of = |debit: &CallDebit| format!("call:{}", debit.call_id);
    let posted: HashMap<_, _> =
        batch::entries_of_causes(tx, dialect, debits.iter().map(cause_of)).await?.into_iter().collect();
    let key = app.secrets.key(Purpose::LedgerChain);
    let before: HashMap<_, _> = wallets.iter().map(|(id, wallet)| (*id, wallet.wallet.balance_minor)).collect();
    let mut cells: Vec<Cell> = Vec::new();
    for debit in debits {
        let cause = cause_of(debit);
        if let Some(entry) = posted.get(&cause) {
            settled.entries.insert(debit.call_id, *entry);
            continue;
        }
        let wallet = wallets.get_mut(&debit.workspace_id).ok_or(WalletError::NotFound)?;
        let balance_after_minor = wallet.debited(debit.cost_minor)?;
        let id = LedgerEntryId(app.new_uuid());
        let created_at = app.now_us().max(wallet.last_entry_at);
        let (id_text, workspace) = (id.to_string(), debit.workspace_id.to_string());
        let link = Link {
            prev_hash: &wallet.head_hash,
            key_id: KEY_ID,
            id: &id_text,
            workspace_id: &workspace,
            seq: wallet.seq + 1,
            kind: EntryKind::Call.as_str(),
            amount_minor: -debit.cost_minor,
            tax_minor: 0,
            balance_after_minor,
            cause: &cause,
            reference: &debit.call_id.pbx_call_id(),
            created_at,
        };
        let hash = link.hash(&key);
        cells.extend(batch::entry_cells(&link, &hash));
        (wallet.seq, wallet.last_entry_at) = (link.seq, created_at);
        (wallet.wallet.balance_minor, wallet.head_hash) = (balance_after_minor, hash);
        settled.entries.insert(debit.call_id, id);
    }
    batch::insert_entries(tx, dialect, cells).await?;
    settled.events.extend(wallets.values().filter_map(|wallet| {
        let before_minor = before[&wallet.wallet.workspace_id];
        low_balance(app, wallet, before_minor)
    }));
    Ok(())
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
