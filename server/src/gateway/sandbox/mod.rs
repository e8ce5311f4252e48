//! The sandbox carrier: a user agent of its own on its own socket, so that everything works on a laptop over real SIP
//! and RTP. What it does with a call is [`script`]'s; it knows nothing of the gateway but its address.

mod answering;
mod calling;
mod script;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sautikit_api::ErrorCode;
use sautikit_api::ids::CallId;
use tokio::sync::oneshot;

use super::media::MediaHandle;
use super::sip::{Endpoint, EndpointError, Incoming, SipHandle};
use super::speech::Speech;
use crate::state::AppState;

/// How long the gateway may leave a call of ours without a word: RFC 3261 has it send 100 within 200 ms, and its database
/// may be slow. After that the call is told to be coming in all the same.
const LONGEST_SILENCE: Duration = Duration::from_secs(5);

/// Why the carrier did not start.
#[derive(Debug, thiserror::Error)]
#[error("sandbox carrier: {0}")]
pub struct SandboxError(#[from] EndpointError);

/// The running carrier. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    parts: Arc<Parts>,
}

struct Parts {
    sip: SipHandle,
    media: MediaHandle,
    speech: Speech,
    address: SocketAddr,
    /// Where the gateway takes calls.
    gateway: SocketAddr,
}

impl Sandbox {
    /// Opens its socket on loopback and answers from now on.
    pub async fn start(
        app: &AppState,
        media: &MediaHandle,
        speech: &Speech,
        gateway: SocketAddr,
    ) -> Result<Self, SandboxError> {
        let endpoint = Endpoint {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_ip: Ipv4Addr::LOCALHOST.into(),
            domain: "sandbox.invalid".to_owned(),
            secure_web: false,
            product: "Sautikit sandbox carrier".to_owned(),
            seed: app.entropy.bytes(),
            clock: app.clock.clone(),
            stopping: app.stopping.clone(),
            connections: None,
            traced: None,
        };
        let endpoint = endpoint.bind()?;
        let address = endpoint.address();
        let (sip, mut incoming) = endpoint.start(None, &[]);
        let parts = Parts { sip, media: media.clone(), speech: speech.clone(), address, gateway };
        let sandbox = Self { parts: Arc::new(parts) };
        let carrier = sandbox.clone();
        app.tasks.spawn(async move {
            while let Some(work) = incoming.recv().await {
                if let Incoming::Call(call) = work {
                    tokio::spawn(answering::answer(carrier.clone(), call));
                }
            }
        });
        Ok(sandbox)
    }

    /// Its SIP address.
    pub fn address(&self) -> SocketAddr {
        self.parts.address
    }

    /// Calls one of our numbers, by the name `id`; the caller speaks a line, then repeats what it hears.
    ///
    /// # Errors
    /// The gateway's refusal, if it comes before the call has a record.
    pub async fn call_us(&self, id: CallId, from: String, to: String) -> Result<(), ErrorCode> {
        let (tell, taken) = oneshot::channel();
        tokio::spawn(calling::call(self.clone(), id, from, to, tell));
        match tokio::time::timeout(LONGEST_SILENCE, taken).await {
            Ok(Ok(Some(code))) => Err(code),
            _ => Ok(()),
        }
    }
}
