//! Why webhooks can't be set up or sent, and the codes of it.

use sautikit_api::ErrorCode;

use super::WebhookError;
use super::kinds::EventKind;
use crate::web::error::ApiError;

/// Seconds after which another node may have begun to deliver.
const DISPATCHER_RETRY_SECONDS: u32 = 10;

impl From<WebhookError> for ApiError {
    fn from(error: WebhookError) -> Self {
        let message = error.to_string();
        match error {
            WebhookError::NotFound => ErrorCode::WebhooksNotFound.into(),
            WebhookError::DeliveryNotFound => Self::new(ErrorCode::WebhooksNotFound)
                .message(format!("{message}. List the deliveries and use one of their ids.")),
            WebhookError::EventNotFound => Self::new(ErrorCode::NotFound).message(message),
            WebhookError::EventUnsupported { field, name } => {
                let name: String = name.chars().take(40).collect();
                let known: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
                let message = format!(
                    "There is no event `{name}`. Use `*`, `call.*` and the like, or one of: {}.",
                    known.join(", ")
                );
                Self::new(ErrorCode::WebhooksEventUnsupported).message(message).at(field)
            }
            WebhookError::Invalid { field, .. } => Self::field(field, message),
            WebhookError::FormerSigns(_) => {
                Self::new(ErrorCode::WebhooksFormerSecretSigns).message(message).at("end_former")
            }
            WebhookError::TooMany => Self::new(ErrorCode::ValidationBadRequest).message(message),
            WebhookError::Disabled => Self::new(ErrorCode::WebhooksDeliveryNotRetryable)
                .message("The endpoint is switched off, so nothing is sent there. Switch it on first."),
            WebhookError::SecretUnset => ErrorCode::WebhooksDeliverSecretUnset.into(),
            WebhookError::NotRetryable => ErrorCode::WebhooksDeliveryNotRetryable.into(),
            WebhookError::DispatcherUnavailable => {
                Self::new(ErrorCode::WebhooksDispatcherUnavailable).retry_after(DISPATCHER_RETRY_SECONDS)
            }
            WebhookError::Seal(error) => error.into(),
            WebhookError::Database(error) => error.into(),
        }
    }
}
