//! What can go wrong before or besides a call, in words for the developer and the user: code, sentence, remedy.

use sip::phone::decimal;

/// The contents of a `SautikitError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `getUserMedia` was refused by the user or by policy.
    MicrophoneDenied,
    /// There is no microphone, or not the wanted one.
    MicrophoneMissing,
    /// Another program holds it.
    MicrophoneBusy,
    /// The question whether the page may use it was left open.
    MicrophoneUnanswered,
    /// The page is not served over HTTPS, so that the browser hides the microphone.
    InsecurePage,
    /// `tokenUrl` cannot be reached.
    TokenUnreachable,
    /// `tokenUrl` answered with this HTTP status.
    TokenRefused(u16),
    /// The answer holds no token, or one that cannot be read.
    TokenInvalid,
    /// The WebSocket cannot be opened.
    GatewayUnreachable,
    /// The gateway refused the registration with this SIP status.
    RegistrationRefused(u16),
    /// There is no such device, or it is gone.
    DeviceMissing,
    /// The browser plays on the device that it chooses only.
    OutputFixed,
    /// There is no connection (any more).
    NotConnected,
    /// The destination is neither number nor address.
    DestinationInvalid,
    /// `from` is not a number in international format.
    FromInvalid,
    /// `customHeaders` holds what may not be said.
    HeaderInvalid,
    /// Not DTMF.
    DigitsInvalid,
    /// The call is not in a state for this.
    WrongState,
    /// The gateway refused a change of the call with this SIP status.
    ChangeRefused(u16),
    /// Another call is being placed; it has to be on its way first.
    CallInProgress,
    /// The call was hung up before it was on its way.
    CallCanceled,
    /// The browser's WebRTC refused; holds its message.
    Media(String),
}

impl Fault {
    /// By the name of the DOMException that `getUserMedia` rejects with.
    pub(crate) fn of_microphone(name: &str, message: &str) -> Self {
        match name {
            "NotAllowedError" | "SecurityError" => Self::MicrophoneDenied,
            "NotFoundError" | "OverconstrainedError" => Self::MicrophoneMissing,
            "NotReadableError" | "AbortError" => Self::MicrophoneBusy,
            // Of `js/edge.js`.
            "TimeoutError" => Self::MicrophoneUnanswered,
            "InsecureError" => Self::InsecurePage,
            _ => Self::Media(message.to_owned()),
        }
    }

    /// Stable, for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::MicrophoneDenied => "microphone.denied",
            Self::MicrophoneMissing => "microphone.not_found",
            Self::MicrophoneBusy => "microphone.in_use",
            Self::MicrophoneUnanswered => "microphone.unanswered",
            Self::InsecurePage => "page.insecure",
            Self::TokenUnreachable => "token.unreachable",
            Self::TokenRefused(_) => "token.refused",
            Self::TokenInvalid => "token.invalid",
            Self::GatewayUnreachable => "gateway.unreachable",
            Self::RegistrationRefused(401 | 403) => "registration.token_refused",
            Self::RegistrationRefused(_) => "registration.failed",
            Self::DeviceMissing => "device.not_found",
            Self::OutputFixed => "device.output_fixed",
            Self::NotConnected => "client.not_connected",
            Self::DestinationInvalid => "call.destination_invalid",
            Self::FromInvalid => "call.from_invalid",
            Self::HeaderInvalid => "call.header_invalid",
            Self::DigitsInvalid => "call.digits_invalid",
            Self::WrongState => "call.wrong_state",
            Self::ChangeRefused(_) => "call.change_refused",
            Self::CallInProgress => "call.in_progress",
            Self::CallCanceled => "call.canceled",
            Self::Media(_) => "media.failed",
        }
    }

    /// What happened.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::MicrophoneDenied => "The microphone may not be used on this page.".into(),
            Self::MicrophoneMissing => "No microphone was found.".into(),
            Self::MicrophoneBusy => "The microphone is in use by another program.".into(),
            Self::MicrophoneUnanswered => "Nobody answered whether this page may use the microphone.".into(),
            Self::InsecurePage => "The microphone is only available on pages served over HTTPS.".into(),
            Self::TokenUnreachable => "The token endpoint cannot be reached.".into(),
            Self::TokenRefused(status) => {
                ["The token endpoint answered with HTTP status ", &decimal((*status).into()), "."].concat()
            }
            Self::TokenInvalid => "The token endpoint's answer holds no usable token.".into(),
            Self::GatewayUnreachable => "The connection to the gateway failed.".into(),
            Self::RegistrationRefused(status) => {
                ["The gateway refused the registration (SIP status ", &decimal((*status).into()), ")."].concat()
            }
            Self::DeviceMissing => "There is no such audio device.".into(),
            Self::OutputFixed => "This browser does not let pages choose the loudspeaker.".into(),
            Self::NotConnected => "The client is not connected.".into(),
            Self::DestinationInvalid => "The destination is neither a phone number nor an address.".into(),
            Self::FromInvalid => "`from` is not a number in international format.".into(),
            Self::HeaderInvalid => "`customHeaders` holds a name or value that cannot be sent.".into(),
            Self::DigitsInvalid => "Only the digits 0-9, *, #, A-D and a comma (pause) can be sent.".into(),
            Self::WrongState => "The call is not in a state that allows this.".into(),
            Self::ChangeRefused(status) => {
                ["The gateway refused the change (SIP status ", &decimal((*status).into()), ")."].concat()
            }
            Self::CallInProgress => "Another call is being placed.".into(),
            Self::CallCanceled => "The call was hung up before it was on its way.".into(),
            Self::Media(detail) => ["The browser could not set up the audio: ", detail].concat(),
        }
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::MicrophoneDenied => "Allow the microphone in the browser's site settings and try again.",
            Self::MicrophoneMissing => "Connect a microphone or headset and try again.",
            Self::MicrophoneBusy => "Close the other program and try again.",
            Self::MicrophoneUnanswered => "Answer the browser's question, then try again.",
            Self::InsecurePage => "Serve the page over https:// (http://localhost also works).",
            Self::TokenUnreachable => "Check tokenUrl, the network, and CORS when it is on another origin.",
            Self::TokenRefused(_) => {
                "Check that the user is logged in and that your server may mint tokens (scope sip:token)."
            }
            Self::TokenInvalid => "Answer with the JSON of POST /v1/sip/token: {token, expires_at}.",
            Self::GatewayUnreachable => "Check the network, and that proxies let WebSockets through.",
            Self::RegistrationRefused(401 | 403) => {
                "Fetch a new token per browser session; tokens last five minutes at most."
            }
            Self::RegistrationRefused(_) => "Try again later.",
            Self::DeviceMissing => "Take an id of client.devices.list().",
            Self::OutputFixed => "Choose the loudspeaker in the system's settings.",
            Self::NotConnected => "Call await client.connect() first.",
            Self::DestinationInvalid => {
                "Use international format such as +254700000001, an identity, or sip:user@domain."
            }
            Self::FromInvalid => "Use one of your numbers, such as +254700000001.",
            Self::HeaderInvalid => {
                "At most ten names X-…, not X-Sautikit-…, with values of up to 256 plain characters."
            }
            Self::DigitsInvalid => "Remove the other characters.",
            Self::WrongState => "Look at call.state, or listen to the call's events.",
            Self::ChangeRefused(_) => "The call goes on as it was; try again.",
            Self::CallInProgress => "Wait for the promise of the first client.call().",
            Self::CallCanceled => "Nothing: no phone has rung.",
            Self::Media(_) => "Try again; if it stays, try another browser.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_documentation() {
        let page = include_str!("../../docs/sdk/browser-errors.md");
        let source = include_str!("fault.rs");
        let codes = source.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\","));
        let codes: Vec<&str> = codes.filter(|code| code.contains('.') && !code.contains(' ')).collect();
        assert!(codes.len() > 20, "{codes:?}");
        for code in codes {
            assert!(page.contains(&format!("| `{code}` |")), "{code}");
        }
    }

    #[test]
    fn each_refusal_of_the_microphone_has_its_own_code() {
        assert_eq!(Fault::of_microphone("NotAllowedError", "").code(), "microphone.denied");
        assert_eq!(Fault::of_microphone("NotFoundError", "").code(), "microphone.not_found");
        assert_eq!(Fault::of_microphone("TypeError", "odd").code(), "media.failed");
    }
}
