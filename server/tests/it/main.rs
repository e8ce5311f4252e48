//! The API against a real database, one binary, a module per room.
//!
//! Every test runs on SQLite, and on PostgreSQL too when `SAUTIKIT_TEST_POSTGRES` names a server
//! (`scripts/postgres-for-tests.sh`). [`on_each_engine!`] makes the two.

mod support;
mod tax;

mod accounts;
mod alerts;
mod api_keys;
mod architecture;
mod audit;
mod audit_of_writes;
mod calls;
mod catalogue;
mod console;
mod docs;
mod fields;
mod gateway;
mod google;
mod http;
mod idempotency;
mod invitations;
mod isolation;
mod jobs;
mod lists;
mod mail;
mod members;
mod migrate_check;
mod payments;
mod prices;
mod privacy;
mod process;
mod rate_limit;
mod recordings;
mod renewals;
mod requests;
mod schema;
mod shadow;
mod sip_tokens;
mod statements;
mod statements_of_wallets;
mod supply;
mod trunks;
mod wallet;
mod webhooks;
mod workspaces;
