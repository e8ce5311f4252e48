//! What must be true at last, reckoned from what happened and not from the tables.

use std::collections::HashSet;

use sautikit::tax::TaxRate;
use sautikit::wallet;
use sautikit::wallet::period::BillingMonth;
use serde_json::Value;

use super::{TAX_BASIS_POINTS, World};

/// What its rental of a month costs.
const MONTHLY_MINOR: i64 = 10_000;

fn amount(entry: &Value) -> i64 {
    entry["amount_minor"].as_i64().expect("an amount")
}

fn cause(entry: &Value) -> &str {
    entry["cause"].as_str().expect("a cause")
}

impl World {
    async fn all(&self, path: &str) -> Vec<Value> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.scene.asha.get(&format!("{path}?limit=200{cursor}")).await.expect(200);
            rows.extend(page.json.as_array().expect("a list").iter().cloned());
            match page.header("x-next-cursor").filter(|next| !next.is_empty()) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    }

    async fn count(&self, sql: &str) -> i64 {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()));
        query.fetch_one(self.scene.server.app.db.pool()).await.expect("a count")
    }

    /// Receipts of what was credited.
    pub(super) async fn receipts_in_wallet(&self) -> HashSet<String> {
        let top_ups = self.all("/v1/wallet/top-ups").await;
        let settled = top_ups.iter().filter(|top_up| top_up["status"] == "succeeded");
        settled.filter_map(|top_up| top_up["receipt"].as_str().map(str::to_owned)).collect()
    }

    pub(super) async fn judge(&self) {
        let app = &self.scene.server.app;
        let report = wallet::verify::verify(app).await.expect("verified");
        assert!(report.is_sound(), "{:?}", report.breaks);
        let ledger = self.all("/v1/wallet/ledger").await;
        let sum = |kind: &str, field: &str| {
            let entries = ledger.iter().filter(|entry| entry["kind"] == kind);
            entries.map(|entry| entry[field].as_i64().expect("an amount")).sum::<i64>()
        };
        let tax = TaxRate::of_basis_points(i64::from(TAX_BASIS_POINTS));

        // What the providers have is what came in, less what was taken back.
        let received_minor: i64 = self.received.iter().map(|(_, amount_minor)| amount_minor).sum();
        let by_operator = ledger.iter().filter(|entry| cause(entry).starts_with("adjustment:"));
        assert_eq!(by_operator.map(amount).sum::<i64>(), self.adjusted_minor, "each adjustment once");
        let won = ledger.iter().filter(|entry| entry["kind"] == "refund" && cause(entry).starts_with("dispute:"));
        let won_minor: i64 = won.map(amount).sum();
        assert_eq!(
            sum("top_up", "amount_minor") + sum("reversal", "amount_minor") + won_minor,
            received_minor + self.paystack_minor,
            "each payment once"
        );

        let top_ups = self.all("/v1/wallet/top-ups").await;
        for (receipt, amount_minor) in &self.received {
            let credited: Vec<_> = top_ups.iter().filter(|top_up| top_up["receipt"] == *receipt.as_str()).collect();
            assert_eq!(credited.len(), 1, "{receipt}");
            assert_eq!(
                (&credited[0]["status"], amount(credited[0])),
                (&"succeeded".into(), *amount_minor),
                "{receipt}"
            );
        }

        // Calls cost what they cost, and their tax beside it.
        let calls = self.all("/v1/calls").await;
        let (mut cost_minor, mut tax_minor) = (0, 0);
        for call in &calls {
            let cost = call["cost_minor"].as_i64().unwrap_or_else(|| panic!("no bill: {call}"));
            let seconds = call["duration_seconds"].as_i64().expect("a duration");
            if call["hangup_cause"] == "normal_clearing" {
                assert_eq!(cost, seconds.max(1) * 5, "{call}");
            }
            assert_eq!(call["tax_minor"], tax.on_minor(cost), "{call}");
            cost_minor += cost;
            tax_minor += tax.on_minor(cost);
        }
        assert_eq!((sum("call", "amount_minor"), sum("call", "tax_minor")), (-cost_minor - tax_minor, -tax_minor));

        // Each number is paid from its claim on until it is given up, every month once.
        for (id, claimed_us, given_up_us) in &self.numbers {
            let (mut at_us, mut expected) = (*claimed_us, Vec::new());
            while at_us <= given_up_us.unwrap_or_else(|| app.now_us()) {
                let month = BillingMonth::containing(at_us, "Africa/Nairobi").expect("a month");
                let price_minor = if expected.is_empty() {
                    month.pro_rata_minor(MONTHLY_MINOR).expect("a share")
                } else {
                    MONTHLY_MINOR
                };
                expected.push((format!("rental:{id}:{}", month.name), -tax.gross_minor(price_minor)));
                at_us = month.end_us;
            }
            let paid = ledger.iter().filter(|entry| cause(entry).contains(id.as_str()));
            let mut paid: Vec<_> = paid.map(|entry| (cause(entry).to_owned(), amount(entry))).collect();
            paid.sort();
            assert_eq!(paid, expected);
        }

        // Nothing is due and forgotten.
        let now_us = app.now_us();
        for (what, sql) in [
            (
                "jobs that are due",
                format!("select count(*) from jobs where state in ('queued', 'running') and due_at <= {now_us}"),
            ),
            ("jobs that were given up", "select count(*) from jobs where state = 'dead'".to_owned()),
            (
                "payments that nobody looked at",
                "select count(*) from incoming_payments where status in ('received', 'unmatched')".to_owned(),
            ),
            ("calls without an end", "select count(*) from calls where ended_at is null".to_owned()),
            ("money that is held", "select count(*) from wallets where held_minor <> 0".to_owned()),
        ] {
            assert_eq!(self.count(&sql).await, 0, "{what}");
        }
        let total: i64 = ledger.iter().map(amount).sum();
        assert_eq!(self.scene.balance().await, total);
    }
}
