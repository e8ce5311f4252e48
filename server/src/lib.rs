//! The server: HTTP, database, gateway sockets and jobs around the pure cores.
//!
//! One room per domain, each with the same files: `mod.rs` types, rules, operations and the error enum; `http.rs` body in,
//! one operation, body out; `store.rs` its SQL and nothing else. `accounts/` is the room to read first. Modules stand on
//! floors and know only what is below them (`docs/ARCHITECTURE.md`).

pub mod accounts;
pub mod address;
pub mod api_keys;
pub mod audit;
pub mod calls;
pub mod clock;
pub mod config;
pub mod db;
pub mod descriptors;
pub mod destination;
pub mod doctor;
pub mod entropy;
pub mod gateway;
pub mod http;
pub mod jobs;
pub mod line;
pub mod lines;
pub mod listen;
pub mod mail;
pub mod mailbox;
pub mod numbers;
pub mod payments;
pub mod pricing;
pub mod privacy;
pub mod rating;
pub mod recordings;
pub mod requests;
mod row;
pub mod secrets;
pub mod serve;
pub mod shadow;
pub mod sheet;
pub mod sip_credentials;
pub mod sip_tokens;
pub mod spreadsheet;
pub mod state;
pub mod statements;
pub mod storage;
pub mod tax;
pub mod telemetry;
pub mod telephone;
pub mod tls;
pub mod trunks;
pub mod wallet;
pub mod web;
pub mod webhooks;
