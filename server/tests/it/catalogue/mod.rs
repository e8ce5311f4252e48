//! Every code of the error catalogue is answered by the public interface, over real HTTP, or its feature is missing.
//!
//! A file per area provokes its codes. [`MISSING`] is the only list of exceptions: a code that stands in it and is
//! answered fails the test, and so does one that is neither in it nor answered. So the list can only shrink.

mod calls;
mod database;
mod edge;
mod google;
pub(crate) mod money;
mod pbx;
mod people;
mod recordings;
mod supply;
mod webhooks;
mod workspaces;

use std::collections::BTreeSet;

use sautikit_api::ErrorCode;

use crate::support::{Server, on_each_engine};

on_each_engine! { every_code_is_answered_or_its_feature_is_missing }

/// Features that are not there yet, with the codes that come with them.
const MISSING: &[(&str, &[ErrorCode])] = &[];

async fn every_code_is_answered_or_its_feature_is_missing(server: Server) {
    let mut answered = BTreeSet::new();
    let areas = [
        edge::provoke(&server).await,
        pbx::provoke(&server).await,
        people::provoke(&server).await,
        google::provoke(&server).await,
        workspaces::provoke(&server).await,
        money::provoke(&server).await,
        supply::provoke(&server).await,
        calls::provoke(&server).await,
        recordings::provoke(&server).await,
        database::provoke(&server).await,
        webhooks::provoke(&server).await,
    ];
    for codes in areas {
        answered.extend(codes);
    }
    let missing: BTreeSet<String> =
        MISSING.iter().flat_map(|(_, codes)| codes.iter()).map(|code| code.as_str().to_owned()).collect();
    let both: Vec<_> = missing.intersection(&answered).collect();
    assert!(both.is_empty(), "answered, so their feature is there; take them off the list: {both:?}");
    let all = ErrorCode::ALL.iter().map(|code| code.as_str().to_owned());
    let neither: Vec<_> = all.filter(|code| !missing.contains(code) && !answered.contains(code)).collect();
    assert!(neither.is_empty(), "nothing here provokes them: {neither:?}");
}

/// A fresh server of the same engine, spoken to over TCP.
async fn fresh(server: &Server) -> Server {
    server.another().await.over_http().await
}

/// What the server's clients were answered with so far.
fn codes(server: &Server) -> BTreeSet<String> {
    server.codes.lock().clone()
}
