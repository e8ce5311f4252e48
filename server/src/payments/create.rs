//! What a customer may ask for, and with which provider it begins.

use sautikit_api::ids::{TopUpId, WorkspaceId};
use sautikit_api::money::Currency;
use sautikit_api::wallet::CreateTopUp;
use sqlx::AnyConnection;

use super::account_reference::{self, Kind};
use super::daraja::{self, Daraja};
use super::paystack::{self, Paystack};
use super::{Channel, Method, PaymentError, Status, TopUp, question, simulator, store};
use crate::jobs;
use crate::state::AppState;
use crate::telephone;
use crate::wallet::{self, MAX_AMOUNT_MINOR, WalletError};

/// A top-up that is written, and what is left to do about it.
pub struct Created {
    /// It.
    pub top_up: TopUp,
    /// Whether Paystack is to be asked for a page before the customer is answered.
    pub wants_page: bool,
}

/// Writes a top-up in the caller's transaction; it stays pending until its provider decides.
///
/// # Errors
/// An unusable method, amount or phone, no provider, or the database failed.
pub async fn create_top_up(
    app: &AppState,
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    country: &str,
    request: &CreateTopUp,
) -> Result<Created, PaymentError> {
    let method = method(request)?;
    let wallet = wallet::read(tx, workspace_id).await?;
    check_amount(app, method, request.amount_minor, wallet.currency)?;
    let phone = checked_phone(method, request.phone.as_deref(), country)?;
    let mut top_up = TopUp {
        phone,
        channel: match method {
            Method::Mpesa => Channel::Push,
            Method::Paystack => Channel::Page,
        },
        ..TopUp::new(app, workspace_id, method, request.amount_minor, wallet.currency)
    };
    let mut wants_page = false;
    match (method, Daraja::of(app).is_some(), Paystack::of(app).is_some()) {
        (Method::Mpesa, true, _) => {
            top_up.provider_reference = Some(account_reference::made_of(Kind::Push, app.entropy.bytes()));
            store::top_ups::insert(tx, &top_up).await?;
            jobs::enqueue(tx, app, &daraja::Push { top_up_id: top_up.id }, app.now_us()).await?;
        }
        (Method::Paystack, _, true) => {
            // Our id, so that whatever Paystack tells of it leads back.
            top_up.provider_reference = Some(top_up.id.to_string());
            store::top_ups::insert(tx, &top_up).await?;
            // Here already: whatever becomes of the request, somebody asks what became of the payment.
            question::ask_in_time::<paystack::Verify>(app, tx, top_up.id, 0).await?;
            wants_page = true;
        }
        _ if app.config.is_development() => {
            top_up.simulated = true;
            store::top_ups::insert(tx, &top_up).await?;
            let due_us = app.now_us() + simulator::DECISION_DELAY_US;
            jobs::enqueue(tx, app, &simulator::Settle { top_up_id: top_up.id }, due_us).await?;
        }
        _ => return Err(PaymentError::Unavailable(method)),
    }
    Ok(Created { top_up, wants_page })
}

/// The top-up of a request that was lost while Paystack was asked: whoever takes it over goes on with that one.
///
/// # Errors
/// The database failed.
pub(super) async fn begun_before(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    id: TopUpId,
) -> Result<Option<Created>, PaymentError> {
    let found = store::top_ups::find_of(tx, workspace_id, id).await?;
    let found = found.filter(|top_up| top_up.status != Status::Failed);
    Ok(found.map(|top_up| Created { wants_page: true, top_up }))
}

/// Whether the provider of the request is there to be asked, before anything is written for a customer who waits.
///
/// # Errors
/// It is configured and does not answer.
pub(super) async fn provider_is_there(app: &AppState, request: &CreateTopUp) -> Result<(), PaymentError> {
    match (method(request)?, Daraja::of(app)) {
        (Method::Mpesa, Some(daraja)) => daraja.is_there(app).await.map_err(|failed| {
            tracing::warn!(error = %failed, "M-Pesa is not there for a top-up");
            PaymentError::Unavailable(Method::Mpesa)
        }),
        _ => Ok(()),
    }
}

fn method(request: &CreateTopUp) -> Result<Method, PaymentError> {
    Method::parse(&request.method)
        .ok_or(PaymentError::Invalid { field: "method", message: "`method` is `mpesa` or `paystack`." })
}

fn check_amount(app: &AppState, method: Method, amount_minor: i64, currency: Currency) -> Result<(), PaymentError> {
    if amount_minor <= 0 || amount_minor > MAX_AMOUNT_MINOR {
        return Err(WalletError::InvalidAmount.into());
    }
    let unit_minor = 10_i64.pow(currency.exponent());
    if method == Method::Mpesa {
        if currency != Currency::KES {
            return Err(WalletError::CurrencyMismatch { wallet: currency, amount: Currency::KES }.into());
        }
        if amount_minor % unit_minor != 0 {
            return Err(PaymentError::NotWhole);
        }
    }
    if method == Method::Paystack && Paystack::of(app).is_some_and(|paystack| !paystack.takes(currency)) {
        return Err(PaymentError::UnsupportedCurrency(currency));
    }
    let minimum_minor = app.config.payments.minimum_minor(currency);
    if amount_minor < minimum_minor { Err(PaymentError::BelowMinimum { minimum_minor, currency }) } else { Ok(()) }
}

fn checked_phone(method: Method, phone: Option<&str>, country: &str) -> Result<Option<String>, PaymentError> {
    let field = "phone";
    match (phone, method) {
        (Some(phone), Method::Mpesa) => match mpesa_phone(phone) {
            Some(number) => Ok(Some(number)),
            None => Err(PaymentError::Invalid { field, message: NOT_MPESA }),
        },
        (None, Method::Mpesa) => Err(PaymentError::Invalid { field, message: NOT_MPESA }),
        (Some(phone), Method::Paystack) => match telephone::read(phone, Some(country)) {
            Some(number) => Ok(Some(number.e164)),
            None => {
                Err(PaymentError::Invalid { field, message: "`phone` is a telephone in E.164, such as +254722000001." })
            }
        },
        (None, Method::Paystack) => Ok(None),
    }
}

/// Why a telephone does not pay by M-Pesa.
pub(super) const NOT_MPESA: &str = "`phone` is the Kenyan mobile telephone that pays, such as +254722000001.";

/// The E.164 of a telephone that can pay by M-Pesa. A top-up is in shillings, so its M-Pesa is Kenya's, wherever the workspace
/// is, and that is on mobile telephones.
pub(super) fn mpesa_phone(written: &str) -> Option<String> {
    let number = telephone::read(written, Some("KE"))?;
    (number.country.as_deref() == Some("KE") && number.is_mobile).then_some(number.e164)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kenyan_mobile_telephones_pay_by_mpesa() {
        for written in ["0722000001", "+254722000001", "254110000001", "0110 000 001", "tel:+254-722-000-001"] {
            assert!(mpesa_phone(written).is_some(), "{written}");
        }
        for written in ["+447700900123", "+256772000001", "+254202000000", "0202000000", "12", "+254900000000", "x"] {
            assert_eq!(mpesa_phone(written), None, "{written}");
        }
    }
}
