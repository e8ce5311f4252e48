//! Where a number's calls and events go. Writing a URL resolves nothing; the client that calls it checks the address.

use std::net::IpAddr;

use sautikit_api::ids::NumberId;
use sautikit_api::numbers::{Compat, UpdateRouting};
use sautikit_api::webhooks::RotateSecret;
use serde_json::json;
use sqlx::AnyConnection;
use url::{Host, Url};

use super::{NumberError, TenantNumber, get_number, store};
use crate::audit;
use crate::secrets::{Purpose, hex};
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::webhooks::signing::{self, Sealed, Signing};
use crate::webhooks::{self, WebhookError};

/// Longest URL that is kept: longer ones fail at common servers.
const MAX_URL_BYTES: usize = 2_048;
/// Length of a signing secret: enough not to be guessed, short enough for a header of any system.
const SIGNING_SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=256;

/// How every secret that we make for signatures begins (webhooks.md).
const SECRET_PREFIX: &str = "whsec_";
/// 256 bits, as the hash has them.
const SECRET_BYTES: usize = 32;

/// Changes the routing of one of the workspace's numbers: absent members stay, null clears.
///
/// # Errors
/// Not the workspace's, an unusable URL or secret, or the database failed.
pub async fn update_routing(
    app: &AppState,
    caller: &Caller,
    id: NumberId,
    update: UpdateRouting,
) -> Result<TenantNumber, NumberError> {
    let mut tx = app.db.begin_write().await?;
    let mut number = get_number(&mut tx, caller.workspace.id, id).await?;
    let before = audited(&number);
    let new_secret = update.voice_signing_secret.is_some();
    // `voice_url` is another spelling of the same member.
    if let (Some(one), Some(other)) = (&update.voice_callback_url, &update.voice_url)
        && one != other
    {
        let message =
            "`voice_url` is another spelling of `voice_callback_url`, and the two differ. Send one of them.".to_owned();
        return Err(NumberError::Invalid { field: "voice_url", message });
    }
    let voice_field = if update.voice_callback_url.is_some() { "voice_callback_url" } else { "voice_url" };
    let voice = update.voice_callback_url.or(update.voice_url);
    set(app, voice_field, voice, &mut number.voice_callback_url)?;
    set(app, "events_url", update.events_url, &mut number.events_url)?;
    set(app, "fallback_url", update.fallback_url, &mut number.fallback_url)?;
    set(app, "shadow_url", update.shadow_url, &mut number.shadow_url)?;
    number.ring_devices = update.ring_devices.unwrap_or(number.ring_devices);
    if let Some(compat) = update.compat {
        number.compat = Compat::parse(&compat).ok_or_else(|| {
            let known = Compat::ALL.map(|compat| format!("`{}`", compat.as_str())).join(", ");
            NumberError::Invalid { field: "compat", message: format!("`compat` is one of {known}.") }
        })?;
    }
    if let Some(secret) = update.voice_signing_secret {
        if !SIGNING_SECRET_BYTES.contains(&secret.len()) {
            let message = format!(
                "`voice_signing_secret` is {} to {} bytes long.",
                SIGNING_SECRET_BYTES.start(),
                SIGNING_SECRET_BYTES.end()
            );
            return Err(NumberError::Invalid { field: "voice_signing_secret", message });
        }
        let sealed = app.secrets.seal(Purpose::VoiceSecret, &id.to_string(), secret.as_bytes(), &app.entropy);
        number.sealed_signing_secret = Some(sealed);
        // Whoever chooses the secret has taught it to their server before; and what leaked has to end at once.
        number.former_secret = None;
    }
    store::tenants::update_routing(&mut tx, &number).await?;
    if new_secret {
        webhooks::signing::note_number_secret(app, &mut tx, caller.workspace.id, id).await?;
    }
    let details = json!({ "before": before, "after": audited(&number), "new_signing_secret": new_secret });
    audit::record(app, &mut tx, &audit::Entry::by(caller, "number.routing_changed", id, details)).await?;
    tx.commit().await?;
    app.tenant_changes.note();
    Ok(number)
}

/// Gives the number a signing secret of its own, in the caller's transaction; it, and until when (microseconds UTC) what signed
/// before still signs what the new one is refused for.
///
/// # Errors
/// Not the workspace's, the grace is too long, a former secret signs still, or the database failed.
pub async fn rotate_signing_secret(
    app: &AppState,
    tx: &mut AnyConnection,
    caller: &Caller,
    id: NumberId,
    asked: &RotateSecret,
) -> Result<(String, i64), NumberError> {
    let grace_us = signing::grace_us(asked.grace_seconds)
        .ok_or_else(|| NumberError::Invalid { field: "grace_seconds", message: signing::grace_rule() })?;
    let now_us = app.now_us();
    let mut number = get_number(tx, caller.workspace.id, id).await?;
    let until = number.former_secret.as_ref().map(|(_, until)| *until);
    if let Some(message) = signing::grace_left(until, now_us, asked.end_former) {
        return Err(NumberError::FormerSigns(message));
    }
    let had_its_own = number.sealed_signing_secret.is_some();
    let seal = |secret: &str| app.secrets.seal(Purpose::VoiceSecret, &id.to_string(), secret.as_bytes(), &app.entropy);
    let former = match number_signing(app, tx, &number).await {
        Ok(signing) => Some(signing.secret),
        // What does not open signed nothing: a new secret is what mends that.
        Err(NumberError::Seal(_)) => None,
        Err(error) => return Err(error),
    };
    let former_until = now_us.saturating_add(former.as_ref().map_or(0, |_| grace_us));
    let secret = format!("{SECRET_PREFIX}{}", hex(&app.entropy.bytes::<SECRET_BYTES>()));
    number.sealed_signing_secret = Some(seal(&secret));
    number.former_secret = former.map(|former| (seal(&former), former_until));
    store::tenants::update_routing(tx, &number).await?;
    webhooks::signing::note_number_secret(app, tx, caller.workspace.id, id).await?;
    let details = json!({ "number": number.e164, "before": { "own_secret": had_its_own }, "after": { "own_secret": true },
        "former_secret_until": crate::clock::rfc3339(former_until) });
    audit::record(app, tx, &audit::Entry::by(caller, "number.signing_secret_rotated", id, details)).await?;
    Ok((secret, former_until))
}

/// What the number's voice callbacks are signed with: its own secret, else the workspace's; with what signed before.
///
/// # Errors
/// A secret was sealed under another master key, or the database failed.
pub async fn number_signing(
    app: &AppState,
    conn: &mut AnyConnection,
    number: &TenantNumber,
) -> Result<Signing, NumberError> {
    let Some(sealed) = number.sealed_signing_secret.clone() else {
        return signing::workspace_signing(app, conn, number.workspace_id).await.map_err(|error| match error {
            WebhookError::Database(error) => NumberError::Database(error),
            WebhookError::Seal(error) => NumberError::Seal(error),
            other => NumberError::Database(sqlx::Error::Decode(other.into())),
        });
    };
    let (former, former_until) = number.former_secret.clone().unzip();
    Ok(signing::open_number(app, number.id, &Sealed { secret: Some(sealed), former, former_until })?)
}

/// What the audit log shows of a number's routing. Addresses may carry credentials: only their hosts are shown.
fn audited(number: &TenantNumber) -> serde_json::Value {
    let host = |url: &Option<String>| {
        let parsed = url.as_deref().and_then(|url| Url::parse(url).ok());
        parsed.and_then(|url| url.host_str().map(str::to_owned))
    };
    json!({
        "voice_callback_host": host(&number.voice_callback_url),
        "events_host": host(&number.events_url),
        "fallback_host": host(&number.fallback_url),
        "shadow_host": host(&number.shadow_url),
        "ring_devices": number.ring_devices,
        "compat": number.compat.as_str(),
    })
}

fn set(
    app: &AppState,
    field: &'static str,
    given: Option<Option<String>>,
    into: &mut Option<String>,
) -> Result<(), NumberError> {
    let Some(given) = given else { return Ok(()) };
    if let Some(url) = &given {
        check_callback_url(url, app.config.is_development())
            .map_err(|reason| NumberError::InvalidUrl { field, reason })?;
    }
    *into = given;
    Ok(())
}

/// Whether a customer's URL may be kept: https to a public host; in development also http to loopback.
///
/// # Errors
/// The reason, in words that complete a sentence.
pub fn check_callback_url(text: &str, development: bool) -> Result<(), &'static str> {
    if text.len() > MAX_URL_BYTES {
        return Err("the URL is longer than 2,048 bytes");
    }
    let url = Url::parse(text).map_err(|_| "not a URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("URLs with user information are not called");
    }
    if url.port().is_some_and(|port| port < 1024 && port != 443 && !(development && port == 80)) {
        return Err("only port 443 and ports from 1024 up are called");
    }
    let host = url.host().ok_or("the URL names no host")?;
    if is_loopback(&host) {
        let allowed = development && matches!(url.scheme(), "http" | "https");
        return if allowed { Ok(()) } else { Err("the address is not public") };
    }
    if url.scheme() != "https" {
        return Err("only https URLs are called");
    }
    match host {
        Host::Ipv4(ip) if !is_public(IpAddr::V4(ip)) => Err("the address is not public"),
        Host::Ipv6(ip) if !is_public(IpAddr::V6(ip)) => Err("the address is not public"),
        _ => Ok(()),
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

/// A first look at literal addresses; the client's own check on the connected address is the strict one.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let carrier_grade_nat = a == 100 && (64..128).contains(&b);
            let benchmark = a == 198 && (b == 18 || b == 19);
            let inner = ip.is_private() || ip.is_link_local() || ip.is_unspecified() || ip.is_loopback();
            !(inner || carrier_grade_nat || benchmark || a == 0 || a >= 224)
        }
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => is_public(IpAddr::V4(mapped)),
            // Global unicast is 2000::/3; 2002::/16 (6to4) and 64:ff9b::/96 (NAT64) hide IPv4 addresses.
            None => ip.segments()[0] & 0xe000 == 0x2000 && ip.segments()[0] != 0x2002,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_takes_public_https_only() {
        assert!(check_callback_url("https://ivr.example.com/voice", false).is_ok());
        for url in [
            "http://ivr.example.com/voice",
            "https://127.0.0.1/x",
            "https://localhost/x",
            "https://10.0.0.1/x",
            "https://169.254.169.254/x",
            "https://[::1]/x",
            "https://[fd00::1]/x",
            "https://[::ffff:10.0.0.1]/x",
            "https://u:p@example.com/",
            "https://example.com:22/",
            "ftp://example.com/",
            "nonsense",
            "",
        ] {
            assert!(check_callback_url(url, false).is_err(), "{url}");
        }
    }

    #[test]
    fn development_also_takes_loopback_http() {
        assert!(check_callback_url("http://127.0.0.1:3000/voice", true).is_ok());
        assert!(check_callback_url("http://localhost:3000/voice", true).is_ok());
        assert!(check_callback_url("http://ivr.example.com/voice", true).is_err());
    }
}
