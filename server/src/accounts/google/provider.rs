//! Google's side of the protocol, by the `openidconnect` crate: its addresses and keys, the code's exchange, the id token.
//!
//! The crate checks signature, issuer, audience, expiry and nonce. Only RS256 is taken, which is what Google signs with:
//! with HS256 or `none` a token could be made by whoever knows the client secret, or by anyone. Addresses and keys are
//! read by discovery (OpenID Connect Discovery 1.0 §4) and kept for an hour; a token signed with a key that is not among
//! them makes us look again, once.

use std::time::{Duration, SystemTime};

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    SignatureVerificationError, TokenResponse,
};
use tokio::sync::Mutex;

use super::{Error, Identity};
use crate::accounts::{checked_name, normalise_email};
use crate::config;
use crate::state::AppState;

/// Google answers in tens of milliseconds; beyond this the person is better served by a link by mail.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long discovery is believed. Google changes keys over days, and an unknown key is looked for at once.
const KEPT_US: i64 = 3_600_000_000;

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// The provider as configured.
pub struct Google {
    client_id: ClientId,
    client_secret: ClientSecret,
    issuer: IssuerUrl,
    http: reqwest::Client,
    /// What discovery said, and when (microseconds UTC).
    known: Mutex<Option<(CoreProviderMetadata, i64)>>,
}

/// What the browser is sent to Google with.
pub(super) struct Ask<'a> {
    pub(super) state: &'a str,
    pub(super) nonce: &'a str,
    pub(super) pkce_verifier: &'a str,
    /// Whether Google shall ask which account is meant, even if only one is signed in.
    pub(super) choose_account: bool,
}

impl Google {
    /// As configured; `None` without a client id.
    ///
    /// # Errors
    /// The issuer is not a URL, or no HTTP client could be made.
    pub fn from_config(config: &config::Google) -> Result<Option<Self>, Box<dyn std::error::Error + Send + Sync>> {
        if config.client_id.is_empty() {
            return Ok(None);
        }
        // No redirects: an answer must come from where it was asked for.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build()?;
        Ok(Some(Self {
            client_id: ClientId::new(config.client_id.clone()),
            client_secret: ClientSecret::new(config.client_secret.clone()),
            issuer: IssuerUrl::new(config.issuer.clone())?,
            http,
            known: Mutex::default(),
        }))
    }

    /// Where to send the browser.
    pub(super) async fn authorize_url(&self, app: &AppState, ask: Ask<'_>) -> Result<String, Error> {
        let client = self.client(app, self.metadata(app).await?)?;
        let verifier = PkceCodeVerifier::new(ask.pkce_verifier.to_owned());
        let (state, nonce) = (CsrfToken::new(ask.state.to_owned()), Nonce::new(ask.nonce.to_owned()));
        let request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce)
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        let prompt = ask.choose_account.then_some(("prompt", "select_account"));
        let request = prompt.into_iter().fold(request, |request, (name, value)| request.add_extra_param(name, value));
        Ok(request.url().0.into())
    }

    /// Exchanges the code and checks the id token: who is it?
    pub(super) async fn identify(
        &self,
        app: &AppState,
        code: &str,
        pkce_verifier: &str,
        nonce: &str,
    ) -> Result<Identity, Error> {
        let client = self.client(app, self.metadata(app).await?)?;
        let request = client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(failed)?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(pkce_verifier.to_owned()));
        let answer = request.request_async(&self.http).await.map_err(failed)?;
        let token = answer.id_token().ok_or_else(|| Error::Exchange("no id token".to_owned()))?;
        match verified(app, &client, token, nonce) {
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                self.forget().await;
                let client = self.client(app, self.metadata(app).await?)?;
                identity(verified(app, &client, token, nonce).map_err(failed)?)
            }
            result => identity(result.map_err(failed)?),
        }
    }

    fn client(&self, app: &AppState, metadata: CoreProviderMetadata) -> Result<Client, Error> {
        let redirect = RedirectUrl::new(format!("{}/v1/auth/google/callback", app.public_url)).map_err(failed)?;
        let secret = Some(self.client_secret.clone());
        let client = CoreClient::from_provider_metadata(metadata, self.client_id.clone(), secret);
        Ok(client.set_auth_type(AuthType::RequestBody).set_redirect_uri(redirect))
    }

    /// Discovery, kept for a while; one request at a time asks for it.
    async fn metadata(&self, app: &AppState) -> Result<CoreProviderMetadata, Error> {
        let mut known = self.known.lock().await;
        let now_us = app.now_us();
        if let Some((metadata, _)) = known.as_ref().filter(|(_, read_at_us)| now_us - read_at_us < KEPT_US) {
            return Ok(metadata.clone());
        }
        let metadata = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await.map_err(failed)?;
        *known = Some((metadata.clone(), now_us));
        Ok(metadata)
    }

    async fn forget(&self) {
        *self.known.lock().await = None;
    }
}

fn verified<'a>(
    app: &AppState,
    client: &Client,
    token: &'a CoreIdToken,
    nonce: &str,
) -> Result<&'a CoreIdTokenClaims, ClaimsVerificationError> {
    let now = SystemTime::from(app.clock.now());
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs([CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256])
        .set_time_fn(move || now.into());
    token.claims(&verifier, &Nonce::new(nonce.to_owned()))
}

fn identity(claims: &CoreIdTokenClaims) -> Result<Identity, Error> {
    if claims.email_verified() != Some(true) {
        return Err(Error::MailUnverified);
    }
    let email = claims.email().ok_or(Error::MailUnverified)?;
    let name = claims.name().and_then(|names| names.get(None)).map(|name| name.as_str());
    Ok(Identity {
        subject: claims.subject().as_str().to_owned(),
        email: normalise_email(email).map_err(|_| Error::MailUnverified)?,
        name: name.and_then(|name| checked_name("name", name).ok()),
    })
}

/// The causes as well: the outer error of a failed request only says that it failed.
fn failed(error: impl std::error::Error) -> Error {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    Error::Exchange(text)
}
