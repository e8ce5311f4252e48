//! The inventory of development mode: twenty Kenyan numbers with the prices that the guides name.

use sautikit_api::ids::InventoryNumberId;
use sautikit_api::money::Currency;

use super::{InventoryNumber, store};
use crate::rating::Rate;
use crate::state::AppState;

/// How many numbers there are, from +254700000001 up.
const COUNT: u32 = 20;
/// KES 100 a month.
const MONTHLY_PRICE_MINOR: i64 = 10_000;
/// KES 3.00 a minute.
const OUTBOUND_PER_MIN_MINOR: i64 = 300;

/// Adds the development inventory, where it is missing.
///
/// # Errors
/// The database failed.
pub async fn seed_development(app: &AppState) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    for index in 1..=COUNT {
        let number = InventoryNumber {
            id: InventoryNumberId(app.new_uuid()),
            e164: format!("+2547000000{index:02}"),
            country: "KE".to_owned(),
            capabilities: vec!["voice".to_owned()],
            currency: Currency::KES,
            monthly_price_minor: MONTHLY_PRICE_MINOR,
            inbound_rate: Rate::FREE,
            outbound_rate: Rate::per_minute_minor(OUTBOUND_PER_MIN_MINOR),
            state: "available".to_owned(),
        };
        store::inventory::insert(&mut tx, &number, app.now_us()).await?;
    }
    tx.commit().await
}
