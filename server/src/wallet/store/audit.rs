//! SQL of `ledger verify`: the chain in order, and the cross-checks between entries and what caused them.

use std::borrow::Cow;

use sautikit_api::ids::WorkspaceId;
use serde::Deserialize;
use sqlx::{AnyConnection, Row};

use crate::db::{Dialect, statements};
use crate::row;

statements! {
    WALLET_HEADS = "
        select workspace_id, balance_minor, seq, head_hash
        from wallets
        where workspace_id > $1
        order by workspace_id
        limit $2";
    COUNT_STAMPS = "
        select (select count(*) from calls where ledger_entry_id is not null)
            + (select count(*) from top_ups where ledger_entry_id is not null)
            + (select count(*) from tenant_numbers where ledger_entry_id is not null)
            + (select count(*) from provider_reversals)
            + (select count(*) from storage_charges)
            + (select count(*) from wallet_adjustments)";
    CAUSES_TWICE = "
        select count(*)
        from (select cause from wallet_ledger group by cause having count(*) > 1) as twice";
    CALLS_MISMATCHED = "
        select count(*)
        from calls c
        left join wallet_ledger e on e.id = c.ledger_entry_id
        where c.ledger_entry_id is not null
            and (e.id is null or e.cause <> 'call:' || c.id or e.amount_minor <> -c.cost_minor - c.tax_minor
                or e.tax_minor <> -c.tax_minor or e.workspace_id <> c.workspace_id)";
    CALLS_UNPAID = "
        select count(*)
        from calls
        where cost_minor > 0 and ledger_entry_id is null";
    CALLS_UNBILLED = "
        select count(*)
        from calls
        where ended_at is not null and cost_minor is null";
    /// A cost beyond that would not fit 64 bits here, and no call has one.
    CALLS_TAXED_WRONGLY = "
        select count(*)
        from calls
        where ended_at is not null and cost_minor < 900000000000000
            and tax_minor <> (cost_minor * tax_bp + 5000) / 10000";
    TAX_THAT_IS_NO_PART = "
        select count(*)
        from wallet_ledger
        where tax_minor <> 0
            and (kind not in ('call', 'rental', 'storage') or tax_minor > 0 or tax_minor < amount_minor)";
    CALLS_BILLED_UNANSWERED = "
        select count(*)
        from calls
        where status <> 'completed' and coalesce(cost_minor, 0) <> 0";
    LEGS_BEYOND_THEIR_CALL = "
        select count(*)
        from call_legs l
        join calls c on c.id = l.call_id
        where c.ended_at is not null and l.ended_at > c.ended_at and l.cost_minor > 0";
    HOLDS_MISMATCHED = "
        select count(*)
        from wallets w
        where w.held_minor <> (
            select coalesce(sum(h.held_minor), 0) from wallet_holds h where h.workspace_id = w.workspace_id)";
    CALL_ENTRIES_ORPHANED = "
        select count(*)
        from wallet_ledger e
        left join calls c on c.ledger_entry_id = e.id
        where e.kind = 'call' and c.id is null";
    LEGS_MISMATCHED = "
        select count(*)
        from calls c
        where c.cost_minor is not null
            and c.cost_minor <> (select coalesce(sum(l.cost_minor), 0) from call_legs l where l.call_id = c.id)";
    TOP_UPS_MISMATCHED = "
        select count(*)
        from top_ups t
        left join wallet_ledger e on e.id = t.ledger_entry_id
        where t.status = 'succeeded'
            and (e.id is null or e.cause <> 'topup:' || t.id or e.amount_minor <> t.amount_minor
                or e.workspace_id <> t.workspace_id)";
    TOP_UP_ENTRIES_ORPHANED = "
        select count(*)
        from wallet_ledger e
        left join top_ups t on t.ledger_entry_id = e.id
        where e.kind = 'top_up' and t.id is null";
    REVERSALS_MISMATCHED = "
        select count(*)
        from provider_reversals r
        left join wallet_ledger e on e.id = r.ledger_entry_id
        where e.id is null or e.cause <> r.cause or e.amount_minor <> r.amount_minor or e.workspace_id <> r.workspace_id";
    REVERSAL_ENTRIES_ORPHANED = "
        select count(*)
        from wallet_ledger e
        left join provider_reversals r on r.ledger_entry_id = e.id
        where e.kind = 'reversal' and r.id is null";
    TOP_UPS_OVERDRAWN_BY_REVERSALS = "
        select count(*)
        from top_ups t
        where t.amount_minor + (
            select coalesce(sum(r.amount_minor), 0) from provider_reversals r where r.top_up_id = t.id) < 0";
    /// What was told without a receipt is known by what we called the top-up.
    PAYMENTS_MISMATCHED = "
        select count(*)
        from incoming_payments p
        left join top_ups t on t.id = p.top_up_id
        where p.status = 'credited'
            and (t.id is null or t.status <> 'succeeded' or t.amount_minor <> p.amount_minor
                or (coalesce(t.receipt, '') <> p.receipt and coalesce(t.provider_reference, '') <> p.receipt))";
    ADJUSTMENTS_MISMATCHED = "
        select count(*)
        from wallet_adjustments a
        left join wallet_ledger e on e.id = a.ledger_entry_id
        where e.id is null or e.cause <> 'adjustment:' || a.id or e.amount_minor <> a.amount_minor
            or e.workspace_id <> a.workspace_id";
    ADJUSTMENT_ENTRIES_ORPHANED = "
        select count(*)
        from wallet_ledger e
        left join wallet_adjustments a on a.ledger_entry_id = e.id
        where e.kind = 'adjustment' and a.id is null";
    STORAGE_MISMATCHED = "
        select count(*)
        from storage_charges s
        left join wallet_ledger e on e.id = s.ledger_entry_id
        where e.id is null or e.kind <> 'storage' or e.amount_minor <> s.amount_minor or e.workspace_id <> s.workspace_id";
    STORAGE_ENTRIES_ORPHANED = "
        select count(*)
        from wallet_ledger e
        left join storage_charges s on s.ledger_entry_id = e.id
        where e.kind = 'storage' and s.id is null";
    RENTALS_MISMATCHED = "
        select count(*)
        from tenant_numbers n
        left join wallet_ledger e on e.id = n.ledger_entry_id
        where n.ledger_entry_id is not null
            and (e.id is null or e.kind <> 'rental' or e.workspace_id <> n.workspace_id)";
    /// A rental's cause is `rental:NUMBER:PERIOD`, and a number's id has 36 characters.
    RENTAL_ENTRIES_ORPHANED = "
        select count(*)
        from wallet_ledger e
        left join tenant_numbers n on n.id = substr(e.cause, 8, 36) and n.workspace_id = e.workspace_id
        where e.kind = 'rental' and n.id is null";
    /// Money back is an operator's, or a dispute's that ended well.
    REFUND_ENTRIES_ORPHANED = "
        select count(*)
        from wallet_ledger e
        left join wallet_adjustments a on a.ledger_entry_id = e.id
        left join provider_reversals r on r.ledger_entry_id = e.id
        where e.kind = 'refund' and a.id is null and r.id is null";
}

/// Counts the rows that name an entry.
pub(crate) const COUNT_STAMPS_SQL: &str = COUNT_STAMPS;

/// What must be zero, with the words for when it is not.
pub(crate) const CROSS_CHECKS: &[(&str, &str)] = &[
    ("cause with more than one entry", CAUSES_TWICE),
    ("call whose entry has another cause, amount or wallet", CALLS_MISMATCHED),
    ("call with a cost but no entry", CALLS_UNPAID),
    ("ended call without a bill", CALLS_UNBILLED),
    ("call whose tax is not its rate's", CALLS_TAXED_WRONGLY),
    ("entry whose tax is no part of it, or that bears none", TAX_THAT_IS_NO_PART),
    ("call that was not completed and costs something", CALLS_BILLED_UNANSWERED),
    ("leg that is billed beyond the end of its call", LEGS_BEYOND_THEIR_CALL),
    ("wallet whose holds do not sum to what it shows as held", HOLDS_MISMATCHED),
    ("call entry without its call", CALL_ENTRIES_ORPHANED),
    ("call whose legs do not sum to its cost", LEGS_MISMATCHED),
    ("succeeded top-up whose entry has another cause, amount or wallet", TOP_UPS_MISMATCHED),
    ("top-up entry without its top-up", TOP_UP_ENTRIES_ORPHANED),
    ("reversal whose entry has another cause, amount or wallet", REVERSALS_MISMATCHED),
    ("reversal entry without its reversal", REVERSAL_ENTRIES_ORPHANED),
    ("top-up of which more was taken back than came", TOP_UPS_OVERDRAWN_BY_REVERSALS),
    ("adjustment whose entry has another cause, amount or wallet", ADJUSTMENTS_MISMATCHED),
    ("adjustment entry without its adjustment", ADJUSTMENT_ENTRIES_ORPHANED),
    ("credited payment whose top-up has another receipt or amount", PAYMENTS_MISMATCHED),
    ("charge of storage whose entry is missing or has another amount or wallet", STORAGE_MISMATCHED),
    ("storage entry without its charge", STORAGE_ENTRIES_ORPHANED),
    ("number whose rental entry is missing or another wallet's", RENTALS_MISMATCHED),
    ("rental entry without its number", RENTAL_ENTRIES_ORPHANED),
    ("refund entry without its adjustment or dispute", REFUND_ENTRIES_ORPHANED),
];

/// A wallet's figures at one moment.
pub(crate) struct WalletHead {
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) balance_minor: i64,
    pub(crate) seq: i64,
    pub(crate) head_hash: String,
}

/// Entries of a page: enough to make the way to the database cheap, few enough to be read while others are checked.
const PAGE: i64 = 4_096;

/// An entry with its chain columns, in the order of [`chain_values`].
#[derive(Deserialize)]
pub(crate) struct ChainRow<'a> {
    #[serde(borrow)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) kind: Cow<'a, str>,
    pub(crate) amount_minor: i64,
    pub(crate) tax_minor: i64,
    pub(crate) balance_after_minor: i64,
    #[serde(borrow)]
    pub(crate) cause: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) reference: Cow<'a, str>,
    pub(crate) created_at: i64,
    #[serde(borrow)]
    pub(crate) key_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) prev_hash: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) hash: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) workspace_id: Cow<'a, str>,
    pub(crate) seq: i64,
}

/// The place of an entry stands last, so that the page after it can be asked for before it is read.
macro_rules! chain_values {
    () => {
        "e.id, e.kind, e.amount_minor, e.tax_minor, e.balance_after_minor, e.cause, e.reference, e.created_at, e.key_id, e.prev_hash,
        e.hash, e.workspace_id, e.seq"
    };
}

/// Values in [`chain_values`].
const CHAIN_VALUES: usize = 13;
/// Between the values of an entry (US of ASCII), and between entries (RS).
const BETWEEN_VALUES: char = '\u{1f}';
const BETWEEN_ENTRIES: char = '\u{1e}';

/// The entries of a page. In one row of text: through the driver each row is a message between threads and a dozen copies,
/// which took ten times as long as reading them.
macro_rules! chain_page {
    ($($values:tt)*) => {
        concat!(
            "
    select ",
            $($values)*,
            "
    from (
        select *
        from wallet_ledger
        where (workspace_id, seq) > ($1, $2) and workspace_id <= $3
        order by workspace_id, seq
        limit $4) e"
        )
    };
}

/// As JSON.
const CHAIN_PAGE_SQLITE: &str = chain_page!("cast(json_group_array(json_array(", chain_values!(), ")) as text)");
/// PostgreSQL takes three times as long to write JSON as to write the same between two marks; how many entries there are
/// stands first, so that no mark within a value goes unseen.
const CHAIN_PAGE_POSTGRES: &str =
    chain_page!("count(*) || chr(30) || coalesce(string_agg(concat_ws(chr(31), ", chain_values!(), "), chr(30)), '')");
/// A page of which a value has a mark in it.
const CHAIN_PAGE_POSTGRES_JSON: &str = chain_page!("cast(json_agg(json_build_array(", chain_values!(), ")) as text)");

/// A page of entries as text, for [`read_chain`].
pub(crate) enum PageText {
    /// As JSON.
    Json(String),
    /// Between marks, as many as there should be.
    Marked(String),
}

/// A page of entries.
pub(crate) struct ChainPage {
    pub(crate) text: PageText,
    /// Workspace and number of its last entry; none where there is no entry.
    pub(crate) place: Option<(String, i64)>,
}

pub(crate) async fn wallet_heads(
    conn: &mut AnyConnection,
    after: &str,
    limit: i64,
) -> Result<Vec<WalletHead>, sqlx::Error> {
    let rows = sqlx::query(WALLET_HEADS).bind(after.to_owned()).bind(limit).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(WalletHead {
                workspace_id: row::parsed(row, "workspace_id")?,
                balance_minor: row.try_get("balance_minor")?,
                seq: row.try_get("seq")?,
                head_hash: row.try_get("head_hash")?,
            })
        })
        .collect()
}

/// Entries after one of that place, of wallets up to `last`, by wallet and number.
pub(crate) async fn chain_page(
    conn: &mut AnyConnection,
    dialect: Dialect,
    (workspace_id, seq): (&str, i64),
    last: &str,
) -> Result<ChainPage, sqlx::Error> {
    let place = (workspace_id, seq);
    let json = match dialect {
        Dialect::Sqlite => page_text(conn, CHAIN_PAGE_SQLITE, place, last).await?,
        Dialect::Postgres => {
            let told = page_text(conn, CHAIN_PAGE_POSTGRES, place, last).await?;
            let (count, text) = told.split_once(BETWEEN_ENTRIES).unwrap_or_default();
            if is_marked_right(text, count) {
                let place = last_marked(text);
                return Ok(ChainPage { text: PageText::Marked(text.to_owned()), place });
            }
            page_text(conn, CHAIN_PAGE_POSTGRES_JSON, place, last).await?
        }
    };
    let place = last_place(&json);
    Ok(ChainPage { text: PageText::Json(json), place })
}

async fn page_text(
    conn: &mut AnyConnection,
    sql: &'static str,
    (workspace_id, seq): (&str, i64),
    last: &str,
) -> Result<String, sqlx::Error> {
    let query = sqlx::query_scalar(sql).bind(workspace_id.to_owned()).bind(seq).bind(last.to_owned()).bind(PAGE);
    let text: Option<String> = query.fetch_one(conn).await?;
    Ok(text.unwrap_or_default())
}

/// Whether a page has as many marks as its entries need: one more would make two values, or two entries, of one.
fn is_marked_right(text: &str, count: &str) -> bool {
    let Ok(count) = count.parse::<usize>() else { return false };
    let marks = |mark: char| text.bytes().filter(|byte| char::from(*byte) == mark).count();
    match count {
        0 => text.is_empty(),
        _ => marks(BETWEEN_ENTRIES) == count - 1 && marks(BETWEEN_VALUES) == count * (CHAIN_VALUES - 1),
    }
}

/// Where the last entry of a page between marks stands.
fn last_marked(text: &str) -> Option<(String, i64)> {
    let (rest, seq) = text.rsplit_once(BETWEEN_VALUES)?;
    let (_, workspace_id) = rest.rsplit_once(BETWEEN_VALUES)?;
    Some((workspace_id.to_owned(), seq.parse().ok()?))
}

/// Where the last row of a page stands: its last two values, neither of which has a comma or a quote in it.
fn last_place(text: &str) -> Option<(String, i64)> {
    let row = text.trim_end().strip_suffix(']')?.trim_end().strip_suffix(']')?;
    let (row, seq) = row.rsplit_once(',')?;
    let (_, workspace_id) = row.rsplit_once(',')?;
    Some((workspace_id.trim().trim_matches('"').to_owned(), seq.trim().parse().ok()?))
}

/// The entries of a page.
pub(crate) fn read_chain(text: &PageText) -> Result<Vec<ChainRow<'_>>, sqlx::Error> {
    match text {
        PageText::Json(text) => serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into())),
        PageText::Marked(text) => {
            let entries = text.split(BETWEEN_ENTRIES).filter(|entry| !entry.is_empty());
            let no_entry = || sqlx::Error::Decode("an entry of the ledger is not written as one".into());
            entries.map(|entry| marked_entry(entry).ok_or_else(no_entry)).collect()
        }
    }
}

fn marked_entry(text: &str) -> Option<ChainRow<'_>> {
    let mut values = text.split(BETWEEN_VALUES);
    let mut text = || values.next().map(Cow::Borrowed);
    let number = |text: Option<Cow<'_, str>>| text?.parse::<i64>().ok();
    let row = ChainRow {
        id: text()?,
        kind: text()?,
        amount_minor: number(text())?,
        tax_minor: number(text())?,
        balance_after_minor: number(text())?,
        cause: text()?,
        reference: text()?,
        created_at: number(text())?,
        key_id: text()?,
        prev_hash: text()?,
        hash: text()?,
        workspace_id: text()?,
        seq: number(text())?,
    };
    text().is_none().then_some(row)
}

pub(crate) async fn count(conn: &mut AnyConnection, sql: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(sql).fetch_one(conn).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_it_ends_on_both_engines() {
        let workspace = "00000000-0000-7000-8000-000000000001";
        let row = format!(r#"["e1","call",-5,0,95,"call:1","a],[\"b",7,"k","","00","{workspace}",2]"#);
        for text in [format!("[{row}]"), format!("[{}]", row.replace(",\"", ", \"")), format!("[{row}, {row}] ")] {
            assert_eq!(last_place(&text), Some((workspace.to_owned(), 2)), "{text}");
            let text = PageText::Json(text);
            let rows = read_chain(&text).unwrap();
            let last = rows.last().unwrap();
            assert_eq!((last.reference.as_ref(), last.amount_minor, last.seq), ("a],[\"b", -5, 2));
        }
        assert_eq!((last_place(""), last_place("[]")), (None, None));
    }

    #[test]
    fn a_page_between_marks_is_read_as_it_was_written_and_a_mark_within_a_value_is_seen() {
        let workspace = "00000000-0000-7000-8000-000000000001";
        let row = |reference: &str| {
            let values = ["e1", "call", "-5", "0", "95", "call:1", reference, "7", "k", "", "00", workspace, "2"];
            values.join("\u{1f}")
        };
        let page = [row("HD_1"), row("")].join("\u{1e}");
        assert!(is_marked_right(&page, "2") && !is_marked_right(&page, "1") && !is_marked_right(&page, "3"));
        assert_eq!(last_marked(&page), Some((workspace.to_owned(), 2)));
        let text = PageText::Marked(page);
        let rows = read_chain(&text).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].reference.as_ref(), rows[0].prev_hash.as_ref(), rows[1].amount_minor), ("HD_1", "", -5));
        // A value that pretends to be the end of an entry and the beginning of the next, or two values.
        for within in [format!("a\u{1e}{}", row("b")), "a\u{1f}b".to_owned(), "\u{1e}".to_owned()] {
            assert!(!is_marked_right(&row(&within), "1"), "{within:?}");
        }
        assert!(is_marked_right("", "0") && !is_marked_right("", "1") && !is_marked_right("", "x"));
        assert!(read_chain(&PageText::Marked("a\u{1f}b".to_owned())).is_err());
    }
}
