//! Every SQL statement of the server by name, so that one test can prepare all of them on both engines.
//!
//! A `store.rs` declares its SQL with `db::statements`; a new store adds its line to [`all`].

use crate::db::Dialect;

/// Room, name and text of every statement.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    [
        ("accounts", crate::accounts::STATEMENTS),
        ("google", crate::accounts::google::STATEMENTS),
        ("members", crate::accounts::members::STATEMENTS),
        ("invitations", crate::accounts::invitations::STATEMENTS),
        ("workspaces", crate::accounts::workspaces::STATEMENTS),
        ("api_keys", crate::api_keys::STATEMENTS),
        ("audit", crate::audit::STATEMENTS),
        ("idempotency", crate::web::idempotency::STATEMENTS),
        ("calls", crate::calls::store::STATEMENTS),
        ("nodes", crate::calls::store::nodes::STATEMENTS),
        ("pbx_calls", crate::calls::store::pbx::STATEMENTS),
        ("node_registrations", crate::calls::store::registrations::STATEMENTS),
        ("open_calls", crate::calls::store::open::STATEMENTS),
        ("live_conferences", crate::calls::store::conferences::STATEMENTS),
        ("call_events", crate::calls::store::events::STATEMENTS),
        ("call_legs", crate::calls::store::legs::STATEMENTS),
        ("call_habits", crate::calls::store::habits::STATEMENTS),
        ("call_limits", crate::calls::store::limits::STATEMENTS),
        ("call_stats", crate::calls::store::stats::STATEMENTS),
        ("call_traces", crate::calls::store::traces::STATEMENTS),
        ("jobs", crate::jobs::STATEMENTS),
        ("inventory", crate::numbers::store::inventory::STATEMENTS),
        ("mail", crate::mail::STATEMENTS),
        ("providers", crate::numbers::supply::providers::store::STATEMENTS),
        ("number_series", crate::numbers::supply::series::store::STATEMENTS),
        ("stock", crate::numbers::supply::stock::store::STATEMENTS),
        ("tenant_numbers", crate::numbers::store::tenants::STATEMENTS),
        ("top_ups", crate::payments::store::top_ups::STATEMENTS),
        ("incoming_payments", crate::payments::store::incoming::STATEMENTS),
        ("books", crate::payments::store::books::STATEMENTS),
        ("payment_claims", crate::payments::store::claims::STATEMENTS),
        ("account_references", crate::payments::store::references::STATEMENTS),
        ("provider_reversals", crate::payments::store::reversals::STATEMENTS),
        ("recordings", crate::recordings::STATEMENTS),
        ("requests", crate::requests::STATEMENTS),
        ("shadow_requests", crate::shadow::STATEMENTS),
        ("pricing", crate::pricing::STATEMENTS),
        ("privacy", crate::privacy::STATEMENTS),
        ("wallet", crate::wallet::store::STATEMENTS),
        ("adjustments", crate::wallet::store::adjustments::STATEMENTS),
        ("alerts", crate::wallet::store::alerts::STATEMENTS),
        ("wallet_statements", crate::wallet::store::statements::STATEMENTS),
        ("ledger_audit", crate::wallet::store::audit::STATEMENTS),
        ("sip_credentials", crate::sip_credentials::STATEMENTS),
        ("sip_tokens", crate::sip_tokens::STATEMENTS),
        ("storage", crate::storage::STATEMENTS),
        ("trunks", crate::trunks::STATEMENTS),
        ("webhooks", crate::webhooks::store::STATEMENTS),
        ("webhook_endpoints", crate::webhooks::store::endpoints::STATEMENTS),
        ("webhook_deliveries", crate::webhooks::store::deliveries::STATEMENTS),
        ("webhook_dispatcher", crate::webhooks::store::dispatch::STATEMENTS),
        ("webhook_missed", crate::webhooks::store::missed::STATEMENTS),
        ("webhook_unplaced", crate::webhooks::store::unplaced::STATEMENTS),
        ("webhook_listeners", crate::webhooks::store::listeners::STATEMENTS),
        ("webhook_lease", crate::webhooks::store::lease::STATEMENTS),
        ("events", crate::webhooks::store::events::STATEMENTS),
    ]
    .into_iter()
    .flat_map(|(room, statements)| statements.iter().map(move |(name, sql)| (room, *name, *sql)))
}

/// A batch of statements as one engine gets it.
pub struct BatchTexts {
    /// Its name.
    pub name: &'static str,
    /// Whether it is planned once per connection, before it is known how large the tables will be.
    pub is_kept: bool,
    /// For each number of rows.
    pub texts: Vec<&'static str>,
}

/// Every batch of statements, for the engine.
pub fn batches(dialect: Dialect) -> impl Iterator<Item = BatchTexts> {
    let all = crate::calls::record::BATCHES.into_iter().chain(crate::webhooks::batches()).chain([
        &crate::requests::INSERT,
        &crate::shadow::INSERT,
        &crate::numbers::store::inventory::INSERT,
        &crate::pricing::store::WRITE,
    ]);
    all.map(move |batch| BatchTexts {
        name: batch.name(),
        is_kept: batch.is_kept(),
        texts: batch.texts(dialect).collect(),
    })
}
