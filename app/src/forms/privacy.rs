//! Erasing a person's number.

use super::{ERASE_NUMBER, Fields, Next};
use crate::{api_client::Api, visit::Flash};
use sautikit_api::privacy::{EraseNumber, ErasureReceipt};

const PAGE: &str = "/workspace/settings";

pub(super) async fn erase(fields: &Fields, api: &Api) -> Next {
    let number = fields.text("number");
    if number != fields.text("again") {
        return Next::mistyped(PAGE);
    }
    let answer = api.post("/v1/privacy/erasures", &EraseNumber { number }).await;
    match answer.and_then(|answer| answer.read::<ErasureReceipt>()) {
        Ok(receipt) => Next::Show { page: PAGE.to_owned(), flash: Flash::Erased(Box::new(receipt)), status: 200 },
        Err(failure) => Next::failed(ERASE_NUMBER, PAGE, failure, fields),
    }
}
