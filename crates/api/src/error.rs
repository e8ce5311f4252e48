//! The error catalogue: every code that the API answers with, its HTTP status, and the words for its page.
//!
//! This enum is the only list. The API's answers, the pages under `/docs/errors/CODE` and the SDKs derive from it.
//! Deliberately absent: how an error came about (that stays in the log beside the request id).

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

macro_rules! catalogue {
    ($($variant:ident $code:literal $status:literal $title:literal $happened:literal $remedy:literal;)*) => {
        /// A code of the catalogue. Its string form (`wallet.insufficient_funds`) is stable for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $(#[doc = $happened] $variant,)* }

        impl ErrorCode {
            /// Every code, in the catalogue's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable string, as it stands in `error.code`.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $code,)* } }

            /// The HTTP status that goes with the code.
            pub const fn status(self) -> u16 { match self { $(Self::$variant => $status,)* } }

            /// A heading of a few words.
            pub const fn title(self) -> &'static str { match self { $(Self::$variant => $title,)* } }

            /// What happened, in a sentence or two.
            pub const fn happened(self) -> &'static str { match self { $(Self::$variant => $happened,)* } }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str { match self { $(Self::$variant => $remedy,)* } }

            /// The code of that string, if the catalogue has it.
            pub fn parse(code: &str) -> Option<Self> { match code { $($code => Some(Self::$variant),)* _ => None } }
        }
    };
}

catalogue! {
    AccountSuspended "account.suspended" 403 "Workspace suspended" "The workspace is suspended. Reading still works; changes and calls do not." "Settle what the suspension mail names, or write to the operator.";
    AccountsAdminRequired "accounts.admin_required" 403 "Admin role needed" "This needs the role admin or owner." "Ask an owner or admin of the workspace to do it or to change your role.";
    AccountsLastOwner "accounts.last_owner" 409 "Last owner" "A workspace keeps at least one owner, so the last one can't leave, be removed or be demoted." "Make another member owner first.";
    AccountsRemoveDenied "accounts.remove_denied" 403 "Member can't be removed" "Your role does not allow removing this member." "Ask an owner.";
    AccountsRoleChangeDenied "accounts.role_change_denied" 403 "Role can't be changed" "Your role does not allow giving or taking this role." "Ask an owner.";
    AccountsWriteDenied "accounts.write_denied" 403 "Role can't write here" "Your role may read this, but not change it." "Ask an admin for a role that may, or use another account.";
    ApiKeyAlreadyRevoked "api_key.already_revoked" 409 "Key already revoked" "This API key was revoked before." "Nothing is left to do; create a new key if you need one.";
    ApiKeyExpired "api_key.expired" 401 "Key expired" "The API key's expiry date has passed." "Create or rotate a key in the console.";
    ApiKeyInvalid "api_key.invalid" 401 "Key not valid" "The API key is unknown or malformed." "Check that the whole key was copied, with its prefix and without spaces.";
    ApiKeyNameRequired "api_key.name_required" 400 "Key needs a name" "An API key needs a name of 1 to 80 characters." "Send `name`.";
    ApiKeyNotFound "api_key.not_found" 404 "Key not found" "No API key with this id exists in the workspace." "List the keys and use one of their ids.";
    ApiKeyRevoked "api_key.revoked" 401 "Key revoked" "The API key has been revoked." "Create a new key.";
    ApiKeyScopeDenied "api_key.scope_denied" 403 "Scope missing" "The API key lacks the scope that this endpoint needs; `details.required` names it." "Create a key with that scope.";
    ApiKeyScopeInvalid "api_key.scope_invalid" 400 "Unknown scope" "One of the scopes asked for does not exist, or is more than you may give." "Use the scopes that the reference lists.";
    AuditInvalidActionKind "audit.invalid_action_kind" 400 "Unknown action kind" "The audit log has no such kind of action." "Use a kind from the reference.";
    AuthAdminRequired "auth.admin_required" 403 "Operators only" "This endpoint is for operators of the installation." "Sign in as an operator.";
    AuthCannotUnlinkOnlyAuth "auth.cannot_unlink_only_auth" 409 "Only way to sign in" "This is your last way to sign in, so it can't be removed." "Add another way first.";
    AuthEmailTaken "auth.email_taken" 409 "Address in use" "Another account uses this e-mail address." "Sign in with that address instead.";
    AuthGoogleExchangeFailed "auth.google_exchange_failed" 502 "Google did not confirm" "Google refused or failed to exchange the sign-in code." "Start the sign-in again.";
    AuthGoogleNotConfigured "auth.google_not_configured" 503 "Google sign-in is off" "This installation has no Google client configured." "Use a magic link.";
    AuthGoogleStateMismatch "auth.google_state_mismatch" 400 "Sign-in did not start here" "The answer from Google does not belong to a sign-in that this browser began." "Start the sign-in again in one browser window.";
    AuthInviteEmailMismatch "auth.invite_email_mismatch" 403 "Invitation is for another address" "The invitation was sent to another e-mail address than yours." "Sign in with the invited address.";
    AuthNoWorkspace "auth.no_workspace" 409 "No workspace yet" "You are signed in but belong to no workspace." "Finish onboarding: POST /v1/auth/onboarding.";
    AuthSessionInvalid "auth.session_invalid" 401 "Not signed in" "No valid credential came with the request." "Sign in, or send `Authorization: Bearer` with an API key.";
    AuthTokenExpired "auth.token_expired" 401 "Link expired" "The sign-in link is older than 15 minutes." "Ask for a new link.";
    AuthTokenInvalid "auth.token_invalid" 401 "Link not valid" "The sign-in link is unknown or damaged." "Ask for a new link.";
    AuthTokenUsed "auth.token_used" 401 "Link already used" "The sign-in link was used before; each works once." "Ask for a new link.";
    AuthWorkspaceForbidden "auth.workspace_forbidden" 403 "Not your workspace" "You are not a member of this workspace, or the key belongs to another one." "Use a credential of that workspace.";
    CallsEventsFailed "calls.events_failed" 500 "Events could not be read" "The call's events could not be read just now." "Try again; tell us the request id if it stays.";
    CallsGetFailed "calls.get_failed" 500 "Call could not be read" "The call could not be read just now." "Try again; tell us the request id if it stays.";
    CallsListFailed "calls.list_failed" 500 "Calls could not be listed" "The calls could not be listed just now." "Try again; tell us the request id if it stays.";
    CallsNotFound "calls.not_found" 404 "Call not found" "No call with this id exists in the workspace." "Use the call's id, its call_sid or its HD_ id.";
    CallsRecordingExpired "calls.recording_expired" 410 "Recording expired" "The recording was removed by the retention rule." "Raise the retention to keep later ones longer.";
    CallsRecordingFailed "calls.recording_failed" 502 "Recording failed" "The recording could not be captured or stored." "See the call's events for the cause.";
    CallsRecordingInProgress "calls.recording_in_progress" 409 "Recording in progress" "The recording is still being recorded or stored." "Try again once it is ready.";
    CallsRecordingNotFound "calls.recording_not_found" 404 "No recording" "The call has no recording." "Record with the `record` verb or `dial` with `record`.";
    CallsStatsFailed "calls.stats_failed" 500 "Statistics could not be read" "The statistics could not be read just now." "Try again; tell us the request id if it stays.";
    CurrencyUnsupported "currency.unsupported" 400 "Currency not supported" "This installation does not offer that currency." "Choose one of the listed currencies.";
    IdempotencyConflict "idempotency.conflict" 409 "Idempotency key conflict" "The Idempotency-Key was used for another request, or its first request is still running." "Use a new key for a new request; repeat the same request unchanged.";
    InternalError "internal_error" 500 "Internal error" "Something failed on our side." "Try again; tell us the request id if it stays.";
    InvitationsNotFound "invitations.not_found" 404 "Invitation not found" "The invitation is unknown, used, withdrawn or expired." "Ask for a new invitation.";
    InviteRequiresLogin "invite_requires_login" 401 "Sign in first" "Accepting an invitation needs a signed-in user. While it is open, `details.email` names the invited address." "Sign in with the invited address.";
    MethodNotAllowed "method_not_allowed" 405 "Method not allowed" "The address exists, but not with this method; `Allow` lists those it takes." "Use one of the methods in `Allow`.";
    MpesaUnavailable "mpesa.unavailable" 503 "M-Pesa unavailable" "M-Pesa is not configured or did not answer." "Try again later, or pay in another way.";
    NotFound "not_found" 404 "Not found" "There is nothing at this address." "Check the path against the reference.";
    NumbersAlreadyClaimed "numbers.already_claimed" 409 "Number taken" "The number was claimed by a workspace." "Choose another available number.";
    NumbersInvalidRoutingUrl "numbers.invalid_routing_url" 400 "URL not usable" "The URL is malformed, not https, or not a public address." "Give an https URL of a public host.";
    NumbersNotAssigned "numbers.not_assigned" 404 "Not your number" "The number is not one of the workspace's." "Claim it first, or check the id.";
    NumbersNotFound "numbers.not_found" 404 "Number not found" "There is no such number." "List the numbers and use one of their ids.";
    NumbersPriceMissing "numbers.price_missing" 409 "No price" "The number has no price in the workspace's currency." "Choose a number priced in your currency.";
    NumbersRetired "numbers.retired" 410 "Number retired" "The number was withdrawn for good." "Choose another number.";
    NumbersSeriesInvalid "numbers.series_invalid" 400 "Series not valid" "The number series is malformed or overlaps another." "Correct the range.";
    NumbersSeriesNotActive "numbers.series_not_active" 409 "Series not active" "The number's series is not active." "Activate the series first.";
    NumbersSipConfigUnavailable "numbers.sip_config_unavailable" 503 "SIP settings unavailable" "The gateway is off, so there are no SIP settings to give." "Start a node with the gateway role.";
    NumbersSipCredentialsAlreadyRevoked "numbers.sip_credentials.already_revoked" 409 "Credential already revoked" "This SIP credential was revoked before." "Create a new one if you need it.";
    NumbersSipCredentialsNotFound "numbers.sip_credentials.not_found" 404 "Credential not found" "No SIP credential with this id belongs to the number." "List the credentials and use one of their ids.";
    NumbersSipTokenUnavailable "numbers.sip_token_unavailable" 503 "SIP tokens unavailable" "There is no signing key, or the gateway is off." "Start a node with the gateway role.";
    NumbersSuffixCollision "numbers.suffix_collision" 409 "Numbers would collide" "Two series would contain the same number." "Change one of the ranges.";
    NumbersWalletUnavailable "numbers.wallet_unavailable" 503 "Wallet busy" "The wallet could not be read or locked in time." "Try again in a moment; nothing was charged.";
    PaymentsClaimLimit "payments.claim_limit" 429 "Too many claims" "A workspace may claim five payments a day." "Wait a day, or ask the operator.";
    ConferencesNotFound "conferences.not_found" 404 "Conference not found" "No conference with this id or name is live in the workspace, or the call is not in it." "List the conferences; one is live while somebody is in it.";
    QueuesNotFound "queues.not_found" 404 "Queue not found" "No queue with this id or name is in use in the workspace, or the call does not wait in it." "List the queues; one is in use while somebody waits or talks in it.";
    PaymentsUnmatchedNotFound "payments.unmatched_not_found" 404 "No such payment waits" "No payment waits that has this receipt, amount and telephone." "Check M-Pesa's message: the code, the amount and the telephone that paid.";
    PaystackUnavailable "paystack.unavailable" 503 "Paystack unavailable" "Paystack is not configured or did not answer." "Try again later, or pay in another way.";
    PbxBodyReadFailed "pbx.body_read_failed" 400 "Body could not be read" "The body of the event could not be read." "Send it again.";
    PbxIngestFailed "pbx.ingest_failed" 500 "Event could not be stored" "The event could not be stored just now." "Send it again with the same event id.";
    PbxPayloadDecodeFailed "pbx.payload_decode_failed" 400 "Event not understood" "The event is not the JSON that the reference describes." "Correct the payload.";
    PbxResolveFailed "pbx.resolve_failed" 404 "Call or number unknown" "The event names a call or number that is unknown." "Check the ids.";
    PbxUnknownWorkspace "pbx.unknown_workspace" 404 "Workspace unknown" "The event's workspace is not one of the source's." "Check the workspace id and the source's list.";
    ProviderHasActiveSeries "provider.has_active_series" 409 "Provider in use" "The provider still has active series." "Deactivate its series first.";
    ProviderInvalidCredentials "provider.invalid_credentials" 400 "Credentials not valid" "The provider's credentials are not usable." "Correct them.";
    StorageTierInvalid "storage.tier_invalid" 400 "Unknown tier" "There is no such storage tier." "Use a tier from GET /v1/storage/tiers.";
    StorageTierSwitchFailed "storage.tier_switch_failed" 409 "Tier can't be switched" "The used space does not fit, or the payment failed." "Free space or top up.";
    TopupNotFound "topup.not_found" 404 "Top-up not found" "No top-up with this id exists in the workspace." "List the top-ups and use one of their ids.";
    ValidationBadRequest "validation.bad_request" 400 "Request not valid" "Part of the request is missing or not usable; `field` names it." "Correct that field.";
    ValidationInvalidCursor "validation.invalid_cursor" 400 "Cursor not valid" "The cursor is not one that this list gave." "Start again without a cursor.";
    WalletAdjustmentInvalidKind "wallet.adjustment_invalid_kind" 400 "Unknown adjustment" "There is no such kind of adjustment." "Use credit, debit, refund, promo or write_off.";
    WalletAlertSubscriberExists "wallet.alert_subscriber_exists" 409 "Already subscribed" "The address is subscribed already." "Nothing is left to do.";
    WalletAlertSubscriberInvalidEmail "wallet.alert_subscriber_invalid_email" 400 "Address not valid" "This is not an e-mail address." "Correct it.";
    WalletAlertSubscriberNotFound "wallet.alert_subscriber_not_found" 404 "Subscriber not found" "No subscriber with this id exists." "List the subscribers and use one of their ids.";
    WalletAlertSubscribersMax "wallet.alert_subscribers_max" 409 "Too many subscribers" "A workspace has at most 10 alert subscribers." "Remove one first.";
    WalletCurrencyMismatch "wallet.currency_mismatch" 409 "Wrong currency" "The amount is in another currency than the wallet." "Use the wallet's currency.";
    WalletInsufficientFunds "wallet.insufficient_funds" 402 "Not enough money" "The wallet's available balance does not cover this." "Top up, then try again.";
    WalletInvalidAmount "wallet.invalid_amount" 400 "Amount not valid" "The amount is not positive, not whole, or too large." "Send a positive integer in minor units.";
    WalletNotFound "wallet.not_found" 404 "No wallet" "The workspace has no wallet." "Finish onboarding.";
    WalletTopupBelowMinimum "wallet.topup_below_minimum" 400 "Below the minimum" "The amount is below the smallest top-up; `details.minimum_minor` names it." "Top up at least that much.";
    WebhooksCreateFailed "webhooks.create_failed" 500 "Endpoint could not be created" "The endpoint could not be stored just now." "Try again.";
    WebhooksDeleteFailed "webhooks.delete_failed" 500 "Endpoint could not be deleted" "The endpoint could not be deleted just now." "Try again.";
    WebhooksDeliverSecretUnset "webhooks.deliver.secret_unset" 409 "No signing secret" "The endpoint has no secret to sign with." "Rotate its secret.";
    WebhooksDeliveryNotRetryable "webhooks.delivery_not_retryable" 409 "Delivery can't be retried" "The delivery is pending or was delivered." "Only failed or exhausted deliveries can be retried.";
    WebhooksDispatcherUnavailable "webhooks.dispatcher_unavailable" 503 "Deliveries are stopped" "No node delivers webhooks just now." "Try again in a minute. Operators: a running node takes over by itself; its log says why it does not.";
    WebhooksEventUnsupported "webhooks.event_unsupported" 400 "Unknown event" "There is no such event kind." "Use the kinds that the reference lists.";
    WebhooksFormerSecretSigns "webhooks.former_secret_signs" 409 "A former secret still signs" "The secret was rotated a short while ago, and the one before it signs until its grace is over." "Wait for that, or send `end_former: true`, which ends it now.";
    WebhooksListFailed "webhooks.list_failed" 500 "Endpoints could not be listed" "The endpoints could not be read just now." "Try again.";
    WebhooksNotFound "webhooks.not_found" 404 "Endpoint not found" "No webhook endpoint with this id exists in the workspace." "List the endpoints and use one of their ids.";
    WebhooksPatchFailed "webhooks.patch_failed" 500 "Endpoint could not be changed" "The change could not be stored just now." "Try again.";
    WebhooksRotateSecretFailed "webhooks.rotate_secret_failed" 500 "Secret could not be rotated" "The new secret could not be stored just now." "Try again.";
    AuthOriginDenied "auth.origin_denied" 403 "Foreign origin" "A change by cookie came from another site." "Use an API key from servers, and the console's own pages in browsers.";
    AuthAlreadyOnboarded "auth.already_onboarded" 409 "Already onboarded" "You have a workspace already." "Create further ones with POST /v1/workspaces.";
    PbxSignatureInvalid "pbx.signature_invalid" 401 "Signature not valid" "The event's signature does not match." "Sign the raw body with the source's secret.";
    RateLimited "rate_limited" 429 "Too many requests" "You sent more requests than the limit allows." "Wait as long as `Retry-After` says.";
    PayloadTooLarge "payload_too_large" 413 "Body too large" "The body is larger than 1 MiB." "Send less.";
    UnsupportedMediaType "unsupported_media_type" 415 "Content type not supported" "This endpoint takes JSON." "Send `Content-Type: application/json`.";
    ServiceDraining "service.draining" 503 "Node is shutting down" "The node takes no new work." "Try again; another node will answer.";
    CallsNotLive "calls.not_live" 409 "Call has ended" "The call is over, so it can't be acted on." "Check the call's status first.";
    CallsDestinationBlocked "calls.destination_blocked" 403 "Destination not allowed" "The destination's country or prefix is not allowed, or has no price." "Check the number, or ask the operator to open the destination.";
    CallsEmergencyBlocked "calls.emergency_blocked" 403 "Emergency numbers can't be called" "Calls to emergency and short codes are refused here." "Use a telephone for emergencies.";
    CallsLimitExceeded "calls.limit_exceeded" 429 "Too many calls" "The workspace's limit of concurrent calls or calls per second is reached." "Wait, or ask for a higher limit.";
    CallsFrozen "calls.frozen" 403 "Outbound calls are frozen" "Calls of this workspace spread as in an attack, so its outbound calls are frozen; calls that come in and calls between numbers of this server go on." "An owner who has just signed in lets them go on: in the console under Limits, or by POST /v1/wallet/unfreeze. Revoke what was stolen first.";
    CallsNoRoute "calls.no_route" 503 "No route" "No trunk serves the destination." "Ask the operator to connect a carrier for it.";
    CallsOverloaded "calls.overloaded" 503 "Too many calls at once" "This server can't set up another call in time." "Try again in a moment; calls that run are not affected.";
    CallsStreamTokenExpired "calls.stream_token_expired" 401 "Stream's token is over" "The call ended more than five minutes ago, and with it the token of its stream." "Read the call's events with an API key: GET /v1/calls/{id}/events.";
    CallsStreamTokenInvalid "calls.stream_token_invalid" 401 "Stream's token not valid" "The token in the address is not the one of this call's stream." "Take the `stream_url` of the call's own answer, or a new one of `POST /v1/calls/{id}/stream/revoke` where it was revoked, or send an API key.";
    StorageUnavailable "storage.unavailable" 503 "Storage unavailable" "The database can't be reached or written, so nothing was done." "Try again in a moment. Calls that run go on.";
    ActionsInvalid "actions.invalid" 422 "Actions not valid" "The voice actions did not validate; `details` names the place." "Correct the action at that place.";
    SpendLimitReached "spend_limit.reached" 402 "Spend limit reached" "The workspace's spend limit for the day is reached." "Raise the limit or wait until tomorrow.";
}

impl ErrorCode {
    /// Other spellings that clients may look for; the quickstart's clients know an empty wallet by another name.
    pub const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::WalletInsufficientFunds => &["wallet.insufficient_balance"],
            _ => &[],
        }
    }
}

/// As its string, like everywhere outside.
impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// The one member.
    pub error: ErrorDetail,
}

/// What went wrong, for programs (`code`) and people (`message`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorDetail {
    /// A code of [`ErrorCode`]; a string, so that an older client can read a newer server's answer.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::ErrorCode))]
    pub code: String,
    /// A sentence that names the offending value and the remedy.
    pub message: String,
    /// The code's page.
    pub docs_url: String,
    /// The id under which the server's log knows this request.
    pub request_id: String,
    /// The offending field of the body or query, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Further facts, their shape told by the code's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
    /// Other spellings of `code`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_parse_back() {
        let codes: HashSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), ErrorCode::ALL.len());
        assert!(ErrorCode::ALL.iter().all(|code| ErrorCode::parse(code.as_str()) == Some(*code)));
    }

    #[test]
    fn every_status_is_an_error() {
        assert!(ErrorCode::ALL.iter().all(|code| (400..=599).contains(&code.status())));
    }
}
