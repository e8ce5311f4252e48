//! Why a request to the API brought nothing usable.

use sautikit_api::{ErrorBody, ErrorDetail};

/// A failed request, as pages show it.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiFailure {
    /// The API answered outside 2xx with its error object.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Code, message, request id and link. Boxed: failures travel in every `Result`.
        detail: Box<ErrorDetail>,
    },
    /// The answer was not what the wire contract says.
    Unreadable(String),
}

impl ApiFailure {
    /// The failure that a non-2xx answer stands for.
    pub fn from_answer(status: u16, body: &[u8]) -> Self {
        match serde_json::from_slice::<ErrorBody>(body) {
            Ok(body) => Self::Refused { status, detail: Box::new(body.error) },
            Err(_) => Self::Unreadable(format!("HTTP {status} without an error object")),
        }
    }

    /// A member that can't be sent to the API as it was typed.
    pub fn of_field(field: &str, message: impl Into<String>) -> Self {
        let detail = ErrorDetail {
            code: "validation.bad_request".to_owned(),
            message: message.into(),
            docs_url: "/docs/errors/validation.bad_request".to_owned(),
            request_id: "–".to_owned(),
            field: Some(field.to_owned()),
            details: None,
            aliases: Vec::new(),
        };
        Self::Refused { status: 400, detail: Box::new(detail) }
    }

    /// The same at the fields of a form whose names are others than the API's: pairs of the API's and the form's.
    #[must_use]
    pub fn named(mut self, names: &[(&str, &str)]) -> Self {
        if let Self::Refused { detail, .. } = &mut self {
            let found = names.iter().find(|(of_api, _)| detail.field.as_deref() == Some(*of_api));
            if let Some((_, of_form)) = found {
                detail.field = Some((*of_form).to_owned());
            }
        }
        self
    }

    /// Nobody is signed in, or the session is over.
    pub fn is_signed_out(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }

    /// The HTTP status to show the page with.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused { status, .. } => *status,
            Self::Unreadable(_) => 502,
        }
    }

    /// The stable code, when the API gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { detail, .. } => Some(&detail.code),
            Self::Unreadable(_) => None,
        }
    }

    /// A text among the facts that the API gave for programs.
    pub fn detail(&self, name: &str) -> Option<&str> {
        match self {
            Self::Refused { detail, .. } => detail.details.as_ref()?.get(name)?.as_str(),
            Self::Unreadable(_) => None,
        }
    }

    /// The body's member that was refused.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Refused { detail, .. } => detail.field.as_deref(),
            Self::Unreadable(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_an_error_object_is_unreadable() {
        assert_eq!(ApiFailure::from_answer(502, b"<html>").status(), 502);
        assert_eq!(ApiFailure::from_answer(502, b"<html>").code(), None);
    }

    #[test]
    fn an_error_object_keeps_its_code_and_field() {
        let body = br#"{"error":{"code":"validation.bad_request","message":"m","docs_url":"d","request_id":"r","field":"email"}}"#;
        let failure = ApiFailure::from_answer(400, body);
        assert_eq!((failure.code(), failure.field()), (Some("validation.bad_request"), Some("email")));
        assert!(!failure.is_signed_out());
    }
}
