//! Providers and series.

use std::collections::BTreeSet;

use serde_json::json;

use super::{codes, fresh};
use crate::support::Server;

pub(super) async fn provoke(like: &Server) -> BTreeSet<String> {
    let server = fresh(like).await;
    let operator = server.operator().await;
    let series = operator.get("/v1/admin/series").await.expect(200).json[0].clone();
    let provider_id = series["provider_id"].as_str().expect("an id").to_owned();
    let new = |first: &str, last: &str| {
        json!({ "provider_id": provider_id, "country": "KE", "prefix": "+2547000000", "first_suffix": first,
            "last_suffix": last, "prices": series["prices"] })
    };
    operator.post("/v1/admin/series", new("30", "3")).await.expect_error("numbers.series_invalid");
    operator.post("/v1/admin/series", new("20", "30")).await.expect_error("numbers.suffix_collision");
    let provider = format!("/v1/admin/providers/{provider_id}");
    operator.delete(&provider).await.expect_error("provider.has_active_series");

    let kenyan = server.onboarded("a@example.com").await;
    let number = kenyan.get("/v1/numbers/available").await.expect(200).json[0]["id"].clone();
    let path = format!("/v1/admin/series/{}", series["id"].as_str().expect("an id"));
    operator.patch(&path, json!({ "status": "paused" })).await.expect(200);
    let claim = format!("/v1/numbers/{}/claim", number.as_str().expect("an id"));
    kenyan.post(&claim, json!({})).await.expect_error("numbers.series_not_active");
    codes(&server)
}
