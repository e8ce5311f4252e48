//! Why a request to the API brought nothing usable.

use crate::i18n::{Lang, MistakesText, fill};
use sautikit_api::{ErrorBody, ErrorDetail};
use serde_json::json;

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

    /// A member that can't be sent to the API as it was typed: the sentence that says so, with what goes into it.
    pub fn of_field(field: &str, sentence: fn(&'static MistakesText) -> &'static str, values: &[&str]) -> Self {
        let said = |lang: Lang| {
            values.iter().fold(sentence(&lang.text().mistakes).to_owned(), |said, value| fill(&said, value))
        };
        let detail = ErrorDetail {
            code: "validation.bad_request".to_owned(),
            message: said(Lang::English),
            docs_url: "/docs/errors/validation.bad_request".to_owned(),
            request_id: "–".to_owned(),
            field: Some(field.to_owned()),
            details: Some(json!({ (Lang::Swahili.code()): said(Lang::Swahili) })),
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

    /// The console's own words for it in this language, where it is the console that refuses; the API's are English.
    pub fn own_words(&self, lang: Lang) -> Option<&str> {
        self.detail(lang.code())
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
    fn what_the_console_refuses_is_said_in_both_languages() {
        let failure = ApiFailure::of_field("minimum_seconds", |text| text.seconds, &["ten"]);
        assert_eq!(failure.own_words(Lang::Swahili), Some("“ten” si idadi ya sekunde."));
        assert_eq!(failure.own_words(Lang::English), None);
        let ApiFailure::Refused { detail, .. } = failure else { panic!("refused") };
        assert_eq!(detail.message, "“ten” is no number of seconds.");
    }

    #[test]
    fn an_error_object_keeps_its_code_and_field() {
        let body = br#"{"error":{"code":"validation.bad_request","message":"m","docs_url":"d","request_id":"r","field":"email"}}"#;
        let failure = ApiFailure::from_answer(400, body);
        assert_eq!((failure.code(), failure.field()), (Some("validation.bad_request"), Some("email")));
        assert!(!failure.is_signed_out());
    }
}
