//! A customer who can be called: tops up, claims [`NUMBER`] and routes it.

use reqwest::Method;
use serde_json::json;

use super::{NUMBER, Outcome, account::Account};

/// KES 1,000,000: more than any run costs.
const MONEY_MINOR: i64 = 100_000_000;

/// Signs up and is ready to be called; `callback_url` decides what happens then.
pub(super) async fn open(base: &str, callback_url: &str) -> Outcome<Account> {
    let account = Account::sign_up(base).await?;
    account.post("/v1/wallet/top-ups", json!({ "method": "paystack", "amount_minor": MONEY_MINOR })).await?;
    account.eventually(async |account| Ok((balance_minor(account).await? > 0).then_some(()))).await?;
    let available = account.get("/v1/numbers/available?country=KE&currency=KES").await?;
    let numbers = available.as_array().ok_or("no numbers")?;
    let number = numbers.iter().find(|number| number["number"] == NUMBER).ok_or("the number is not available")?;
    let id = number["id"].as_str().ok_or("no id")?;
    let claimed = account.post(&format!("/v1/numbers/{id}/claim"), json!({})).await?;
    let id = claimed["id"].as_str().ok_or("no id")?;
    let routing = json!({ "voice_callback_url": callback_url });
    account.send(Method::PATCH, &format!("/v1/numbers/{id}/routing"), Some(routing)).await?;
    Ok(account)
}

/// Waits until every call has ended and is debited, and says how many of the newest 100 completed.
pub(super) async fn settled(account: &Account) -> Outcome<usize> {
    account
        .eventually(async |account| {
            let calls = account.get("/v1/calls?limit=100").await?;
            let calls = calls.as_array().ok_or("no calls")?;
            let done = calls.iter().all(|call| !call["cost_minor"].is_null());
            Ok(done.then(|| calls.iter().filter(|call| call["status"] == "completed").count()))
        })
        .await
}

async fn balance_minor(account: &Account) -> Outcome<i64> {
    Ok(account.get("/v1/wallet/balance").await?["balance_minor"].as_i64().ok_or("no balance")?)
}
