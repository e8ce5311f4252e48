// What callers from a carrier do, as scenarios; "we" is the server under test.
import { accept, ackRefusal, invite, pause, playRecording, receive, receiveFinal, receiveResponse, scenario, toPeer } from "./scenario.js";

const connected = [invite(), receiveFinal(200), toPeer("ACK")];

/** Is turned away with this status. */
export const isTold = (status) => scenario(invite(), receiveFinal(status), ackRefusal());

/** Hangs up so long after the answer. */
export const hangsUpAfter = (milliseconds) =>
  scenario(connected, pause(milliseconds), toPeer("BYE", 2), receiveResponse(200));

/** Presses keys by RFC 4733, in the middle of whatever is said; then we hang up. */
export const presses = (...keys) => scenario(
  connected, pause(500), keys.map((key) => [playRecording(`dtmf_2833_${key}`), pause(600)]), receive("BYE"), accept(),
);

/** Listens until we hang up. */
export const listens = scenario(connected, receive("BYE"), accept());

/** Never acknowledges the answer: we say it again until we give up and end the call (RFC 3261 §13.3.1.4). */
export const neverAcknowledges = scenario(
  invite(), receiveFinal(200),
  `<label id="again"/>`, `<recv response="200" optional="true" next="again"/>`,
  receive("BYE"), accept(),
);
