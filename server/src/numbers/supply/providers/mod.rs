//! Carriers that give numbers. One that is retired gives none any more; it stays, because its series name it.

pub mod http;
pub(crate) mod store;

use sautikit_api::ids::ProviderId;
use sautikit_api::supply::{CreateProvider, UpdateProvider};
use serde_json::{Value, json};

use super::{Doer, LINE_MAX_CHARS, SupplyError, invalid};
use crate::line;
use crate::numbers::ProviderStatus;
use crate::state::AppState;
use crate::telephone;

/// Longest notes, in characters: a page of text.
const NOTES_MAX_CHARS: usize = 2_000;

/// A carrier that gives numbers.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// No other provider's.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Whom to call.
    pub contact: String,
    /// What operators want to remember.
    pub notes: String,
    /// Where it stands.
    pub status: ProviderStatus,
    /// Microseconds UTC.
    pub created_at: i64,
}

async fn create(app: &AppState, doer: Doer, asked: CreateProvider) -> Result<Provider, SupplyError> {
    let provider = Provider {
        id: ProviderId(app.new_uuid()),
        name: checked_name(&asked.name)?,
        country: checked_country(&asked.country)?,
        contact: checked_line("contact", &asked.contact)?,
        notes: checked_notes(&asked.notes)?,
        status: ProviderStatus::Active,
        created_at: app.now_us(),
    };
    let mut tx = app.db.begin_write().await?;
    if !store::insert(&mut tx, &provider).await? {
        return Err(name_taken(&provider.name));
    }
    doer.note(app, &mut tx, "provider.created", (None, Some(provider.id.to_string())), audited(&provider)).await?;
    tx.commit().await?;
    Ok(provider)
}

/// Changes what is given.
async fn update(app: &AppState, doer: Doer, id: ProviderId, asked: UpdateProvider) -> Result<Provider, SupplyError> {
    let mut tx = app.db.begin_write().await?;
    let before = store::find(&mut tx, id).await?.ok_or(SupplyError::ProviderUnknown)?;
    let mut after = before.clone();
    if let Some(name) = &asked.name {
        after.name = checked_name(name)?;
    }
    if let Some(country) = &asked.country {
        after.country = checked_country(country)?;
    }
    if let Some(contact) = &asked.contact {
        after.contact = checked_line("contact", contact)?;
    }
    if let Some(notes) = &asked.notes {
        after.notes = checked_notes(notes)?;
    }
    if audited(&after) == audited(&before) {
        return Ok(after);
    }
    let taken = store::find_by_name(&mut tx, &after.name).await?.filter(|other| other.id != id);
    if taken.is_some() {
        return Err(name_taken(&after.name));
    }
    store::update(&mut tx, &after).await?;
    let details = json!({ "before": audited(&before), "after": audited(&after) });
    doer.note(app, &mut tx, "provider.updated", (None, Some(id.to_string())), details).await?;
    tx.commit().await?;
    Ok(after)
}

/// Retires a provider of which nothing is left; one that is retired already stays so.
async fn retire(app: &AppState, doer: Doer, id: ProviderId) -> Result<(), SupplyError> {
    let mut tx = app.db.begin_write().await?;
    // Locked, so that no series comes in between.
    if !store::lock(&mut tx, id).await? {
        return Err(SupplyError::ProviderUnknown);
    }
    let provider = store::find(&mut tx, id).await?.ok_or(SupplyError::ProviderUnknown)?;
    if provider.status == ProviderStatus::Retired {
        return Ok(());
    }
    match store::count_live_series(&mut tx, id).await? {
        0 => {}
        live => return Err(SupplyError::ProviderInUse(live)),
    }
    store::retire(&mut tx, id).await?;
    let details = json!({ "name": provider.name });
    doer.note(app, &mut tx, "provider.retired", (None, Some(id.to_string())), details).await?;
    tx.commit().await?;
    Ok(())
}

fn audited(provider: &Provider) -> Value {
    json!({ "name": provider.name, "country": provider.country, "contact": provider.contact, "notes": provider.notes })
}

fn name_taken(name: &str) -> SupplyError {
    invalid("name", format!("There is a provider named {name} already."))
}

fn checked_name(text: &str) -> Result<String, SupplyError> {
    line::checked(text, LINE_MAX_CHARS).ok_or_else(|| invalid("name", line::rule(LINE_MAX_CHARS)))
}

/// A country that has numbers.
pub(super) fn checked_country(text: &str) -> Result<String, SupplyError> {
    let country = text.trim();
    let is_one = country.len() == 2 && telephone::is_country(country);
    let rule = || invalid("country", "`country` is the two letters of ISO 3166-1 in upper case, such as KE.");
    is_one.then(|| country.to_owned()).ok_or_else(rule)
}

/// One line, which may be empty.
pub(super) fn checked_line(field: &'static str, text: &str) -> Result<String, SupplyError> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    line::checked(text, LINE_MAX_CHARS).ok_or_else(|| invalid(field, line::rule(LINE_MAX_CHARS)))
}

fn checked_notes(text: &str) -> Result<String, SupplyError> {
    let notes = text.trim();
    let is_text = |letter: char| matches!(letter, '\n' | '\r' | '\t') || !letter.is_control();
    if notes.chars().count() > NOTES_MAX_CHARS || !notes.chars().all(is_text) {
        return Err(invalid("notes", format!("`notes` are at most {NOTES_MAX_CHARS} characters of text.")));
    }
    Ok(notes.to_owned())
}
