//! What a user agent server must find in order before it acts on a request (RFC 3261 §8.2), and
//! what a client must find in a response (§8.1.3.3).
//!
//! `parse` has already refused what cannot be framed or matched to a transaction. Authentication,
//! dialogs and targets come after this.

use super::header::BRANCH_COOKIE;
use super::{HeaderError, HeaderName, Method, Request, Response, Scheme, StatusCode};

/// What the server understands.
#[derive(Debug, Clone, Copy)]
pub struct Capabilities<'a> {
    pub methods: &'a [Method],
    /// Option tags for Require.
    pub extensions: &'a [&'a str],
    /// Media types of request bodies, such as `application/sdp`.
    pub bodies: &'a [&'a str],
    /// The media type of our answers to an INVITE.
    pub answers: &'a str,
}

/// The final response that a request deserves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub status: StatusCode,
    /// For logs; holds nothing of the message.
    pub why: String,
    /// The header that tells the peer how to do better: Allow, Unsupported, Accept.
    pub hint: Option<(HeaderName, String)>,
}

impl Rejection {
    fn new(status: StatusCode, why: impl Into<String>) -> Rejection {
        Rejection { status, why: why.into(), hint: None }
    }

    fn with_hint(mut self, name: HeaderName, value: String) -> Rejection {
        self.hint = Some((name, value));
        self
    }

    /// The response to send; `to_tag` is any token. Never call it for an ACK, which has no response.
    pub fn response(&self, request: &Request, to_tag: &str) -> Response {
        let mut response = Response::to_request(request, self.status, Some(to_tag));
        if let Some((name, value)) = &self.hint {
            response.headers.push(name.clone(), value.clone());
        }
        response
    }
}

impl From<HeaderError> for Rejection {
    fn from(error: HeaderError) -> Rejection {
        Rejection::new(StatusCode::BAD_REQUEST, error.to_string())
    }
}

impl Request {
    /// Judges the request in the order of RFC 3261 §8.2: grammar, method, Request-URI, required
    /// extensions, body, acceptable answers.
    pub fn check(&self, capabilities: &Capabilities<'_>) -> Result<(), Rejection> {
        self.check_grammar()?;
        if self.method == Method::Ack {
            return Ok(());
        }
        self.check_method(capabilities)?;
        if matches!(self.uri.scheme, Scheme::Other(_)) {
            return Err(Rejection::new(StatusCode::UNSUPPORTED_URI_SCHEME, "unknown scheme in the Request-URI"));
        }
        // Require in a CANCEL is ignored (RFC 3261 §8.2.2.3).
        if self.method != Method::Cancel {
            self.check_extensions(capabilities)?;
        }
        self.check_body(capabilities)?;
        if self.method == Method::Invite
            && let Some(accepted) = self.accept()?
            && !accepted.iter().any(|range| range.takes(capabilities.answers))
        {
            return Err(Rejection::new(StatusCode::NOT_ACCEPTABLE, "no acceptable answer type"));
        }
        Ok(())
    }

    /// Whether the headers that a server must read can be read: what is not so gets 400 from [`Request::check`].
    pub fn is_well_formed(&self) -> bool {
        self.check_grammar().is_ok()
    }

    /// The headers that every later step reads. Date, Warning and the like are read by nobody here,
    /// so their form is nobody's concern (RFC 4475 §3.1.2.12).
    pub(crate) fn check_grammar(&self) -> Result<(), Rejection> {
        let vias = self.vias()?;
        if vias.first().and_then(|via| via.branch()) == Some(BRANCH_COOKIE) {
            return Err(Rejection::new(StatusCode::BAD_REQUEST, "branch without identifier"));
        }
        self.from()?;
        self.to()?;
        self.call_id()?;
        self.max_forwards()?;
        self.contacts()?;
        self.routes()?;
        self.record_routes()?;
        self.content_type()?;
        Ok(())
    }

    fn check_method(&self, capabilities: &Capabilities<'_>) -> Result<(), Rejection> {
        if capabilities.methods.contains(&self.method) {
            return Ok(());
        }
        let allow = capabilities.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let status = match self.method {
            Method::Other(_) => StatusCode::NOT_IMPLEMENTED,
            _ => StatusCode::METHOD_NOT_ALLOWED,
        };
        Err(Rejection::new(status, "method not served").with_hint(HeaderName::Allow, allow))
    }

    fn check_extensions(&self, capabilities: &Capabilities<'_>) -> Result<(), Rejection> {
        let unknown: Vec<String> = self
            .require()?
            .into_iter()
            .filter(|tag| !capabilities.extensions.iter().any(|known| known.eq_ignore_ascii_case(tag)))
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        Err(Rejection::new(StatusCode::BAD_EXTENSION, "required extension not known")
            .with_hint(HeaderName::Unsupported, unknown.join(", ")))
    }

    fn check_body(&self, capabilities: &Capabilities<'_>) -> Result<(), Rejection> {
        if self.body.is_empty() {
            return Ok(());
        }
        let accept = || capabilities.bodies.join(", ");
        let encoded = self
            .headers
            .get(&HeaderName::ContentEncoding)
            .is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity"));
        if encoded {
            return Err(Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoded body")
                .with_hint(HeaderName::AcceptEncoding, "identity".to_owned()));
        }
        let Some(kind) = self.content_type()? else {
            return Err(HeaderError::Missing(HeaderName::ContentType).into());
        };
        if capabilities.bodies.iter().any(|known| kind.is(known)) {
            return Ok(());
        }
        Err(Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "body type not known")
            .with_hint(HeaderName::Accept, accept()))
    }
}

impl Response {
    /// Says whether a user agent may use this response; otherwise it is dropped. A response with a
    /// second Via was meant for a proxy (RFC 3261 §8.1.3.3).
    pub fn check(&self) -> Result<(), HeaderError> {
        if self.vias()?.len() != 1 {
            return Err(HeaderError::Repeated(HeaderName::Via));
        }
        self.from()?;
        self.to()?;
        self.call_id()?;
        self.record_routes()?;
        self.content_type()?;
        Ok(())
    }
}
