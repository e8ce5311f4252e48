// What can go wrong before or besides a call, in words for the developer and the user: code, sentence, remedy. The page
// docs/sdk/browser-errors.md has them all.

const FAULTS = {
  "microphone.denied": ["The microphone may not be used on this page.", "Allow the microphone in the browser's site settings and try again."],
  "microphone.not_found": ["No microphone was found.", "Connect a microphone or headset and try again."],
  "microphone.in_use": ["The microphone is in use by another program.", "Close the other program and try again."],
  "microphone.unanswered": ["Nobody answered whether this page may use the microphone.", "Answer the browser's question, then try again."],
  "page.insecure": ["The microphone is only available on pages served over HTTPS.", "Serve the page over https:// (http://localhost also works)."],
  "token.unreachable": ["The token endpoint cannot be reached.", "Check tokenUrl, the network, and CORS when it is on another origin."],
  "token.refused": ["The token endpoint answered with HTTP status %.", "Check that the user is logged in and that your server may mint tokens (scope sip:token)."],
  "token.invalid": ["The token endpoint's answer holds no usable token.", "Answer with the JSON of POST /v1/sip/token: {token, expires_at}."],
  "gateway.unreachable": ["The connection to the gateway failed.", "Check the network, and that proxies let WebSockets through."],
  "registration.token_refused": ["The gateway refused the registration (SIP status %).", "Fetch a new token per browser session; tokens last five minutes at most."],
  "registration.failed": ["The gateway refused the registration (SIP status %).", "Try again later."],
  "device.not_found": ["There is no such audio device.", "Take an id of client.devices.list()."],
  "device.output_fixed": ["This browser does not let pages choose the loudspeaker.", "Choose the loudspeaker in the system's settings."],
  "client.not_connected": ["The client is not connected.", "Call await client.connect() first."],
  "call.destination_invalid": ["The destination is neither a phone number nor an address.", "Use international format such as +254700000001, an identity, or sip:user@domain."],
  "call.from_invalid": ["`from` is not a number in international format.", "Use one of your numbers, such as +254700000001."],
  "call.header_invalid": ["`customHeaders` holds a name or value that cannot be sent.", "At most ten names X-…, not X-Sautikit-…, with values of up to 256 plain characters."],
  "call.digits_invalid": ["Only the digits 0-9, *, #, A-D and a comma (pause) can be sent.", "Remove the other characters."],
  "call.wrong_state": ["The call is not in a state that allows this.", "Look at call.state, or listen to the call's events."],
  "call.change_refused": ["The gateway refused the change (SIP status %).", "The call goes on as it was; try again."],
  "call.in_progress": ["Another call is being placed.", "Wait for the promise of the first client.call()."],
  "call.canceled": ["The call was hung up before it was on its way.", "Nothing: no phone has rung."],
  "media.failed": ["The browser could not set up the audio: %", "Try again; if it stays, try another browser."],
};

// By the name of what `getUserMedia` or edge.js rejects with.
const MICROPHONE = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "not_found",
  OverconstrainedError: "not_found",
  NotReadableError: "in_use",
  AbortError: "in_use",
  TimeoutError: "unanswered",
};

let ErrorClass = Error;

/** The class of the errors that are made here. */
export const useErrorClass = (Class) => { ErrorClass = Class; };

/** What went wrong, with the status or message that says more. */
export function fault(code, detail) {
  const [message, remedy] = FAULTS[code];
  return new ErrorClass(code, message.replace("%", () => detail), remedy);
}

/** Why there is no microphone. */
export function microphoneFault({ name, message }) {
  if (name === "InsecureError") return fault("page.insecure");
  return MICROPHONE[name] ? fault(`microphone.${MICROPHONE[name]}`) : mediaFault({ message });
}

/** What the browser's WebRTC refused. */
export const mediaFault = ({ message }) => fault("media.failed", message ?? "");

export const registrationFault = (status) => fault([401, 403].includes(status) ? "registration.token_refused" : "registration.failed", status);
