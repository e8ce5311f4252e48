//! Requests that are answered with an error code, for the code's page. A test sends each (`server/tests/it/docs/codes.rs`).
//!
//! Where it takes more than one, the last is answered with the code; `{id}`, `{key}` and the like are members of the first row of
//! an answer before, of the newest that has them. Who sends them is an owner, unless [`setting`] says otherwise. What comes by a
//! fault of ours or in a browser's own steps, no request provokes: [`fault`] says when it comes. Every code has the one or the other.

mod sequences;
mod single;

use sautikit_api::ErrorCode;

/// An id of the right form that nothing has.
const UNKNOWN: &str = "01900000-0000-7000-8000-000000000000";

/// Who may place a call.
const CALLER: &str = "As an owner of a workspace with money and a number, here +254700000001:";

/// The requests as HTTP has them, in order; none where no request provokes the code.
pub(super) fn requests(code: ErrorCode) -> Vec<String> {
    single::request(code).map_or_else(|| sequences::requests(code), |request| vec![request])
}

/// What has to be so for the requests to be answered with the code; none where any owner of a workspace sees it.
pub(super) fn setting(code: ErrorCode) -> Option<&'static str> {
    Some(match code.as_str() {
        "accounts.write_denied" | "accounts.admin_required" => "As a member with the role `viewer`:",
        "accounts.role_change_denied" => "As a member with the role `admin`:",
        "accounts.remove_denied" => {
            "As a member with the role `admin`; `{owner_id}` is the `user_id` of the member who is `owner`:"
        }
        "api_key.expired" => "`{soon}` is an hour from now, such as `2026-12-01T09:00:00Z`:",
        "auth.no_workspace" => "As somebody who has signed in and has no workspace yet:",
        "auth.token_used" | "auth.token_expired" => "`{token}` is the end of the link that the mail brings:",
        "auth.invite_email_mismatch" => {
            "As somebody who has signed in with another address than the invited one; `{token}` is the end of the link in the \
             invitation's mail:"
        }
        "auth.cannot_unlink_only_auth" => "As somebody who has only ever signed in with Google:",
        "auth.google_state_mismatch" => "Where sign-in with Google is on:",
        "account.suspended"
        | "wallet.adjustment_invalid_kind"
        | "wallet.not_found"
        | "numbers.price_missing"
        | "numbers.retired"
        | "numbers.series_invalid"
        | "numbers.series_not_active"
        | "numbers.suffix_collision"
        | "provider.has_active_series" => "As an operator of the installation, who also owns a workspace:",
        "provider.invalid_credentials" => {
            "As an operator of the installation, where `paystack.secret_key` is none that Paystack knows:"
        }
        "actions.invalid"
        | "calls.destination_blocked"
        | "calls.limit_exceeded"
        | "calls.not_live"
        | "calls.stream_token_expired"
        | "numbers.invalid_routing_url"
        | "numbers.sip_credentials.already_revoked"
        | "numbers.sip_credentials.not_found"
        | "spend_limit.reached" => CALLER,
        "numbers.already_claimed" => {
            "As an owner of a workspace with money; `{available_id}` is the `id` of the first answer's first row:"
        }
        "calls.frozen" => {
            "As an owner of a workspace with money and a number, here +254700000001, whose calls have just spread as in an attack:"
        }
        "calls.recording_in_progress" => "As an owner of a workspace, while a call of it is recorded:",
        "calls.recording_expired" => {
            "As an owner of a workspace whose newest call was recorded, longer ago than its recordings are kept:"
        }
        "storage.tier_switch_failed" => {
            "As an owner of a workspace that has another tier, and whose recordings are more than the tier `free` holds:"
        }
        "calls.no_route" | "numbers.sip_config_unavailable" => "Where no node of the installation takes calls:",
        "webhooks.dispatcher_unavailable" => {
            "Where no node of the installation delivers, because each that did has stopped:"
        }
        "mpesa.unavailable" => "Where the installation takes no payments by M-Pesa:",
        "paystack.unavailable" => "Where the installation takes no payments by Paystack:",
        "payload_too_large" => "`{large}` is the letter x, 1,048,577 times:",
        "pbx.body_read_failed" => "`{large}` is the letter x, 16,385 times:",
        "pbx.payload_decode_failed" | "pbx.resolve_failed" | "pbx.unknown_workspace" => {
            "As the PBX `asterisk` of the configuration, which may tell of your workspace's calls; `{signature}` is its signature of \
             the body, made as [External PBX](/docs/concepts/external-pbx) says:"
        }
        "rate_limited" => "Faster than the key's rate (`limits.key_requests_per_second`) lets through:",
        _ => return None,
    })
}

/// How often the last request is sent until it is refused, where once is not enough. `{n}` in it counts from 1.
pub(super) fn times(code: ErrorCode) -> Option<u32> {
    Some(match code.as_str() {
        "payments.claim_limit" => 6,
        "rate_limited" => 401,
        "wallet.alert_subscribers_max" => 11,
        _ => return None,
    })
}

/// What has to have happened between the requests before and the last one.
pub(super) fn meanwhile(code: ErrorCode) -> Option<&'static str> {
    Some(match code.as_str() {
        "api_key.expired" => "3600 seconds have passed",
        "auth.token_expired" => "901 seconds have passed",
        "calls.not_live" => "the call has ended",
        "calls.stream_token_expired" => "the call has ended and 301 seconds have passed",
        _ => return None,
    })
}

/// When a code comes that no request provokes by itself.
pub(super) fn fault(code: ErrorCode) -> Option<&'static str> {
    Some(match code.as_str() {
        "calls.events_failed"
        | "calls.get_failed"
        | "calls.list_failed"
        | "calls.stats_failed"
        | "webhooks.create_failed"
        | "webhooks.delete_failed"
        | "webhooks.list_failed"
        | "webhooks.patch_failed"
        | "webhooks.rotate_secret_failed"
        | "pbx.ingest_failed" => {
            "the database can not be reached, or refuses what it is asked, while a request is answered"
        }
        "internal_error" => {
            "something fails that has no code of its own; the log of the server has the cause beside the request's id"
        }
        "numbers.wallet_unavailable" => "another request holds the wallet for longer than a claim waits for it",
        "calls.recording_failed" => {
            "a recording is asked for that was damaged before it was stored, as by a disk that was full, for which the storage tier \
             had no room, or that the place where it is kept does not give"
        }
        "calls.overloaded" => "the node has as many calls as it can take, or no room to set another up in time",
        "service.draining" => "the node is being shut down; another one answers the next request",
        "auth.email_taken" => {
            "somebody signs in with Google or links a Google account, and that account or its address is another person's here; the \
             browser shows a page that says so"
        }
        "auth.google_exchange_failed" => {
            "somebody signs in with Google, and Google does not answer or does not confirm who it is; the browser shows a page that \
             says so"
        }
        "numbers.sip_token_unavailable" => {
            "the node that is asked for a token is being shut down, or has no key that signs tokens, or can not open it"
        }
        "webhooks.deliver.secret_unset" => {
            "a test event is asked for and the endpoint's secret can not be opened, as after `secrets.master_key` was changed; \
             deliveries to it fail as well, with the reason `secret_unset`"
        }
        "storage.unavailable" => {
            "the database can not be reached or written: a request that needs it is refused, and so is a call that could not be \
             recorded; calls that run go on"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_requests_or_a_sentence_and_none_has_both() {
        for code in ErrorCode::ALL.iter().copied() {
            let is_provoked = !requests(code).is_empty();
            assert_ne!(is_provoked, fault(code).is_some(), "{code} has requests: {is_provoked}");
            let has_more = setting(code).is_some() || times(code).is_some() || meanwhile(code).is_some();
            assert!(is_provoked || !has_more, "{code}: what stands around requests that are not there");
        }
    }
}
