//! A database that takes nothing: calls that run are hung up, and end by their timers, all the same.

use std::time::Duration;

use sautikit::db::{Dialect, Tx};
use serde_json::json;
use sip::message::Method;
use tokio::time::timeout;

use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live};
use crate::support::{Engine, Server};

const CALLEE: &str = "+254722000042";
/// How long an end may take: far less than the record writer waits for its database, or a writer of SQLite for its turn.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Both engines, the second where there is one.
fn engines() -> impl Iterator<Item = Engine> {
    [Some(Engine::Sqlite), Engine::postgres()].into_iter().flatten()
}

/// Keeps everybody else from writing, and on PostgreSQL from reading calls, until it is dropped.
async fn block(server: &Server) -> Tx {
    let mut tx = server.app.db.begin_write().await.expect("a transaction");
    if server.app.db.dialect() == Dialect::Postgres {
        let lock = "lock table calls, call_legs, call_events, events, wallets, audit_log in access exclusive mode";
        sqlx::query(lock).execute(&mut *tx).await.expect("the tables' locks");
    }
    tx
}

/// A caller from the carrier who talks with [`CALLEE`]; the To of the dialog with the caller.
async fn bridged(live: &Live, carrier: &mut Carrier) -> String {
    let to = live.call_in(carrier, json!([{ "dial": { "to": CALLEE } }])).await;
    live.event(&live.newest_call().await, "leg.bridged").await;
    to
}

/// The next BYE, which must come at once.
async fn hung_up(carrier: &mut Carrier, who: &str) {
    let bye = timeout(AT_ONCE, carrier.asked(Method::Bye)).await;
    bye.unwrap_or_else(|_| panic!("{who} is not hung up while the database is blocked"));
}

#[tokio::test]
async fn a_callers_bye_reaches_the_callee_while_the_database_is_blocked() {
    for engine in engines() {
        let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
        let live = Live::with_carrier_on(engine, &carrier).await;
        let to = bridged(&live, &mut carrier).await;
        let call = live.newest_call().await;
        let blocking = block(&live.server).await;
        carrier.send(live.gateway.sip_address, Method::Bye, FROM, &to, 2, "").await;
        hung_up(&mut carrier, "the callee").await;
        drop(blocking);
        live.call_that_is(call["id"].as_str().expect("an id"), "completed").await;
    }
}

#[tokio::test]
async fn a_hangup_of_the_api_ends_both_legs_while_the_database_is_blocked() {
    for engine in engines() {
        let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
        let live = Live::with_carrier_on(engine, &carrier).await;
        bridged(&live, &mut carrier).await;
        let call = live.newest_call().await;
        let id = call["id"].as_str().expect("an id");
        let writer = live.server.key_of(&live.asha, &["calls:write"]).await;
        // Known from here on, so that who asks is found without the database.
        writer.post("/v1/calls/none/hangup", json!({})).await.expect_error("calls.not_found");
        let blocking = block(&live.server).await;
        let path = format!("/v1/calls/{id}/hangup");
        let (answer, ()) = tokio::join!(writer.post(&path, json!({})), async {
            hung_up(&mut carrier, "the first leg").await;
            hung_up(&mut carrier, "the second leg").await;
            drop(blocking);
        });
        answer.expect(200);
        live.call_that_is(id, "completed").await;
        let audit = live.asha.get("/v1/audit?action_kind=call.ended_by_request").await.expect(200).json;
        assert_eq!(audit[0]["subject_id"], call["id"]);
    }
}

#[tokio::test]
async fn a_call_ends_by_its_longest_duration_while_the_database_is_blocked() {
    for engine in engines() {
        let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
        let live = Live::with_carrier_on(engine, &carrier).await;
        let order =
            json!({ "from": FROM, "to": CALLEE, "max_duration": 1, "actions": [{ "pause": { "length": 60 } }] });
        let id = live.place(order).await;
        live.call_that_is(&id, "answered").await;
        let blocking = block(&live.server).await;
        hung_up(&mut carrier, "the callee").await;
        drop(blocking);
        assert_eq!(live.call_that_is(&id, "completed").await["duration_seconds"], 1);
    }
}
