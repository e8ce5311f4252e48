//! What a page knows about the request that asked for it, and how it answers beyond its HTML.
//!
//! The server builds a [`Visit`] per request and puts it into the Leptos context; pages take it from there.

use crate::{
    api_client::{Api, ApiFailure, with_query},
    article::MenuSection,
    forms::Fields,
    gate,
    i18n::{Lang, Text},
};
use sautikit_api::{
    keys::CreatedApiKey,
    numbers::TestedRouting,
    operator::Reconciliation,
    playground::{CheckHandler, CheckedHandler, ValidatedActions},
    pricing::{ImportPrices, PriceImport},
    privacy::ErasureReceipt,
    sip::CreatedSipCredential,
    supply::SeriesImport,
    webhooks::CreatedWebhook,
};
use std::sync::{Arc, Mutex, PoisonError};

/// What the server tells every page.
#[derive(Clone)]
pub struct Visit {
    /// The API, speaking for this visitor.
    pub api: Api,
    /// The visitor's language.
    pub lang: Lang,
    /// Path of the page, without query.
    pub path: String,
    /// The query's pairs, decoded.
    pub query: Fields,
    /// When the page was asked for, in microseconds UTC.
    pub now_us: i64,
    /// Links to all pages of the documentation.
    pub docs: Arc<Vec<MenuSection>>,
    /// `http.public_url` without a trailing slash.
    pub public_url: String,
    /// URL folder of this build's assets, for instance `/assets/0123abcd`.
    pub assets: String,
    /// Path of the picture by which other sites show a link to this page, 1200 × 630 pixels; none of pages that are nobody's to show.
    pub picture: Option<String>,
    /// Whether people can sign in with Google.
    pub google_sign_in: bool,
    /// Development mode: the banner shows.
    pub development: bool,
    /// How M-Pesa can be paid by.
    pub mpesa: Pays,
    /// How Paystack can be paid by.
    pub paystack: Pays,
    /// How to reach whoever runs this server.
    pub contact: Arc<Contact>,
    /// On the status page: how the server does.
    pub health: Option<Health>,
    /// Fresh random text, used as the idempotency key of the forms of this page.
    pub form_token: String,
    /// On a browser's first page: the style, which it has not got yet.
    pub style: Option<Arc<str>>,
    /// Id of the workspace that the page is about, which its forms carry along (`components::of_workspace`).
    pub workspace: Option<String>,
    /// On the page of a mailed link: this browser asked for it.
    pub asked_here: bool,
    /// What a form that was just sent has to say on this page.
    pub flash: Option<Flash>,
    /// Status and redirect of the answer.
    pub reply: Reply,
}

impl Visit {
    /// Path and query of the page.
    pub fn address(&self) -> String {
        with_query(&self.path, &self.query.pairs().collect::<Vec<_>>())
    }

    /// The page that a gate before the console leads on to.
    pub(crate) fn beyond(&self) -> String {
        gate::beyond(self.query.get("return_to"))
    }

    /// The visitor's catalogue.
    pub fn text(&self) -> &'static Text {
        self.lang.text()
    }

    /// The failure of the form that was just sent, when it belongs to `form`.
    pub fn failure_of(&self, form: &str) -> Option<&ApiFailure> {
        match &self.flash {
            Some(Flash::Failed { form: failed, failure, .. }) if failed == form => Some(failure),
            _ => None,
        }
    }

    /// Every value of `field` that was sent with a form that failed, for checkboxes.
    pub fn typed_all(&self, form: &str, field: &str) -> Vec<String> {
        match &self.flash {
            Some(Flash::Failed { form: failed, fields, .. }) if failed == form => {
                fields.all(field).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What was typed into `field` of a form that failed, so that nobody types it twice.
    pub fn typed(&self, form: &str, field: &str) -> Option<String> {
        match &self.flash {
            Some(Flash::Failed { form: failed, fields, .. }) if failed == form => fields.get(field).map(str::to_owned),
            _ => None,
        }
    }
}

/// How to reach whoever runs this server; what is empty is not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// An e-mail address.
    pub email: String,
    /// A telephone number, as it is shown.
    pub phone: String,
    /// When somebody is there.
    pub hours: String,
    /// Where, in one line.
    pub address: String,
}

impl Contact {
    /// Whether nothing is told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How the server does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// The database answers.
    pub database: bool,
    /// It is being stopped.
    pub is_draining: bool,
    /// Calls can be made and come in; `None` where this server has no part in them.
    pub calls: Option<bool>,
    /// When that was found, RFC 3339.
    pub at: String,
}

/// What becomes of a top-up by a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pays {
    /// The provider is asked.
    Real,
    /// Play money: development with nothing configured.
    Simulated,
    /// Not offered here.
    Not,
}

/// The result of a form, shown by the page that has it.
#[derive(Clone)]
pub enum Flash {
    /// The API refused.
    Failed {
        /// Which form.
        form: String,
        /// Why.
        failure: ApiFailure,
        /// What was sent, to fill the form again.
        fields: Fields,
    },
    /// A sign-in link is on its way to this address.
    MailSent(String),
    /// A key with its secret, which no later page can show. Boxed: it is much larger than the others.
    KeyCreated(Box<CreatedApiKey>),
    /// What a file of series would make, with its lines.
    SeriesLooked(Box<(SeriesImport, String)>),
    /// What a file of prices would change, with what was asked.
    PricesLooked(Box<(PriceImport, ImportPrices)>),
    /// A device's credential with its password, which no later page can show.
    CredentialShown(Box<CreatedSipCredential>),
    /// A number's signing secret, which no later page can show.
    SecretShown(String),
    /// A provider's statement against the wallets.
    Reconciled(Box<Reconciliation>),
    /// A webhook endpoint with its secret, which no later page can show.
    WebhookShown(Box<CreatedWebhook>),
    /// What came of a test of a number's routing.
    RoutingTested(Box<TestedRouting>),
    /// What a voice document was read as, with the document and for whom it was written.
    ActionsRead(Box<(ValidatedActions, String, String)>),
    /// What checking a handler came to, with what was asked.
    HandlerChecked(Box<(CheckedHandler, CheckHandler)>),
    /// What a request of the log answered when it was sent again.
    Repeated(Box<Repeated>),
    /// The receipt of a number that was erased.
    Erased(Box<ErasureReceipt>),
}

/// The answer to a request of the log that was sent again.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeated {
    /// Its id in the log.
    pub request_id: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// The answer's JSON.
    pub body: String,
}

/// Status and redirect of the answer, set while a page renders and read by the server afterwards.
#[derive(Clone, Default)]
pub struct Reply(Arc<Mutex<Answer>>);

/// What [`Reply`] collected.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status; 200 when absent.
    pub status: Option<u16>,
    /// Where to send the browser instead of showing the page.
    pub redirect: Option<String>,
}

impl Reply {
    /// Sends the browser to `to` (a path of ours).
    pub fn redirect(&self, to: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).redirect = Some(to.into());
    }

    /// Answers with `status`.
    pub fn status(&self, status: u16) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).status = Some(status);
    }

    /// What was set.
    pub fn answer(&self) -> Answer {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
