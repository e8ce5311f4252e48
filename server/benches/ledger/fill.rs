//! Workspaces with money and a number, and a ledger of many ended calls. Written by SQL, because what they are read and settled by
//! can't tell.

use sautikit::secrets::Purpose;
use sautikit::state::AppState;
use sautikit::wallet::chain::{ChainKey, GENESIS, Link};
use sautikit::wallet::{self, EntryKind, Funds, NewEntry};
use sautikit_api::ids::WorkspaceId;
use sautikit_api::money::Currency;
use sqlx::AssertSqlSafe;

use super::Outcome;

/// What each workspace has: no call is refused.
const MONEY_MINOR: i64 = 1_000_000_000_000;
/// Rows of one statement.
const AT_ONCE: usize = 500;
/// Entries of one wallet of the large ledger.
const OF_A_WALLET: usize = 10_000;
/// What each call of the large ledger costs.
const COST_MINOR: i64 = 235;
/// KES 3.00 a minute.
const RATE_E4: i64 = 3_000_000;

/// Opens so many workspaces; the numbers under which they are called, at a price.
pub(super) async fn workspaces(app: &AppState, count: usize) -> Outcome<Vec<String>> {
    let mut numbers = Vec::with_capacity(count);
    for place in 0..count {
        let e164 = format!("+2547{:02}{place:06}", count % 89 + 10);
        open(app, &e164).await?;
        numbers.push(e164);
    }
    app.tenant_changes.note();
    Ok(numbers)
}

/// A workspace with money and the number.
async fn open(app: &AppState, e164: &str) -> Outcome<(WorkspaceId, String)> {
    let (workspace, id, now_us) = (WorkspaceId(app.new_uuid()), app.new_uuid(), app.now_us());
    let mut tx = app.db.begin_write().await?;
    for insert in [
        format!(
            "insert into workspaces (id, name, country, currency, created_at) values ('{workspace}', 'bench', 'KE', 'KES', {now_us})"
        ),
        format!(
            "insert into wallets (workspace_id, currency, zone, created_at) values ('{workspace}', 'KES', 'Africa/Nairobi', {now_us})"
        ),
        format!(
            "insert into numbers (id, e164, country, capabilities, created_at, state)
            values ('{id}', '{e164}', 'KE', '[\"voice\"]', {now_us}, 'assigned')"
        ),
        format!(
            "insert into tenant_numbers (id, number_id, workspace_id, e164, currency, monthly_price_minor, period_start, period_end,
                created_at, inbound_per_min_e4, outbound_per_min_e4)
            values ('{id}', '{id}', '{workspace}', '{e164}', 'KES', 0, 0, {now_us} + 31536000000000, {now_us}, {RATE_E4}, {RATE_E4})"
        ),
    ] {
        sqlx::query(AssertSqlSafe(insert)).execute(&mut *tx).await?;
    }
    let adjustment = app.new_uuid();
    let entry = NewEntry {
        kind: EntryKind::Adjustment,
        amount_minor: MONEY_MINOR,
        tax_minor: 0,
        currency: Currency::KES,
        cause: format!("adjustment:{adjustment}"),
        reference: "",
        funds: Funds::Required,
    };
    let entry = wallet::lock(&mut tx, workspace).await?.post(&mut tx, app, entry).await?.entry_id();
    let insert = format!(
        "insert into wallet_adjustments (id, workspace_id, kind, amount_minor, reason, operator_id, ledger_entry_id, created_at)
        values ('{adjustment}', '{workspace}', 'credit', {MONEY_MINOR}, 'bench', 'bench', '{entry}', {now_us})"
    );
    sqlx::query(AssertSqlSafe(insert)).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok((workspace, id.to_string()))
}

/// A ledger of so many ended calls, in wallets of some thousand each.
pub(super) async fn ledger(app: &AppState, entries: usize) -> Outcome<()> {
    let key = ChainKey::new(&app.secrets.key(Purpose::LedgerChain));
    for wallet in 0..entries.div_ceil(OF_A_WALLET) {
        let (workspace, number) = open(app, &format!("+25499{wallet:07}")).await?;
        calls(app, &key, &workspace.to_string(), &number, OF_A_WALLET.min(entries - wallet * OF_A_WALLET)).await?;
    }
    sqlx::query("analyze").execute(app.db.pool()).await?;
    Ok(())
}

async fn calls(app: &AppState, key: &ChainKey, workspace: &str, number: &str, count: usize) -> Outcome<()> {
    let (mut seq, mut prev_hash, mut balance_minor, created_at): (i64, String, i64, i64) = {
        let head = format!(
            "select seq, head_hash, balance_minor, last_entry_at from wallets where workspace_id = '{workspace}'"
        );
        sqlx::query_as(AssertSqlSafe(head)).fetch_one(app.db.pool()).await?
    };
    assert_ne!(prev_hash, GENESIS);
    for from in (0..count).step_by(AT_ONCE) {
        let (mut ledger, mut rows, mut legs) = (String::new(), String::new(), String::new());
        for _ in from..count.min(from + AT_ONCE) {
            let (call, entry) = (app.new_uuid().to_string(), app.new_uuid().to_string());
            seq += 1;
            balance_minor -= COST_MINOR;
            let (cause, reference) = (format!("call:{call}"), format!("HD_{}", call.replace('-', "")));
            let link = Link {
                prev_hash: &prev_hash,
                key_id: "ledger-v1",
                id: &entry,
                workspace_id: workspace,
                seq,
                kind: "call",
                amount_minor: -COST_MINOR,
                tax_minor: 0,
                balance_after_minor: balance_minor,
                cause: &cause,
                reference: &reference,
                created_at,
            };
            let hash = link.hash(key);
            let comma = if ledger.is_empty() { "" } else { "," };
            ledger += &format!(
                "{comma}('{entry}','{workspace}',{seq},'call',{},0,{balance_minor},'{cause}','{reference}',{created_at},'ledger-v1','{prev_hash}','{hash}')",
                -COST_MINOR
            );
            rows += &format!(
                "{comma}('{call}','{workspace}','{number}','inbound','trunk','completed','+254722000042','+254700000001','+254700000001',
                '+254722000042','KES',60,14400,{created_at},{created_at},{created_at} + 47000000,47,'normal_clearing',{COST_MINOR},'{entry}')"
            );
            legs += &format!(
                "{comma}('{call}','{workspace}','{call}','telephone','inbound','+254722000042',{RATE_E4},1,{created_at},{created_at},
                {created_at} + 47000000,47,{COST_MINOR},'normal_clearing')"
            );
            prev_hash = hash;
        }
        let mut tx = app.db.begin_write().await?;
        for insert in [
            format!(
                "insert into wallet_ledger (id, workspace_id, seq, kind, amount_minor, tax_minor, balance_after_minor, cause,
                    reference, created_at, key_id, prev_hash, hash) values {ledger}"
            ),
            format!(
                "insert into calls (id, workspace_id, tenant_number_id, direction, origin, status, from_party, to_party, local_e164,
                    remote_party, currency, ring_timeout_seconds, max_duration_seconds, started_at, answered_at, ended_at,
                    duration_seconds, hangup_cause, cost_minor, ledger_entry_id) values {rows}"
            ),
            format!(
                "insert into call_legs (id, workspace_id, call_id, kind, direction, target, rate_per_min_e4, billing_increment_seconds,
                    started_at, answered_at, ended_at, duration_seconds, cost_minor, outcome) values {legs}"
            ),
            format!(
                "update wallets set seq = {seq}, head_hash = '{prev_hash}', balance_minor = {balance_minor} where workspace_id = '{workspace}'"
            ),
        ] {
            sqlx::query(AssertSqlSafe(insert)).execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}
