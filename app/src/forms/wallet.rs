//! Topping up.

use super::{Fields, Next, TOP_UP};
use crate::{api_client::Api, format};
use sautikit_api::wallet::{CreateTopUp, TopUp};

pub(super) async fn top_up(fields: &Fields, api: &Api) -> Next {
    let Some(amount_minor) = format::parse_major(&fields.text("amount"), &fields.text("currency")) else {
        return Next::redirect("/wallet?bad_amount=1#top-up");
    };
    let phone = Some(fields.text("phone")).filter(|phone| !phone.is_empty());
    let body = CreateTopUp { method: "mpesa".to_owned(), amount_minor, phone };
    let requested = match api.post_once("/v1/wallet/top-ups", &body, &fields.text("form_token")).await {
        Ok(answer) => answer.read::<TopUp>(),
        Err(failure) => Err(failure),
    };
    match requested {
        Ok(top_up) => Next::redirect(format!("/wallet?top_up={}", top_up.id)),
        Err(failure) => Next::failed(TOP_UP, "/wallet", failure, fields),
    }
}
