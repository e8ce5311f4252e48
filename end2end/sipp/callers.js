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

/** Offers nothing: we do, and it answers in its ACK (RFC 3261 §13.2.1). */
export const offersNothing = scenario(
  invite({}),
  [100, 180, 183].map((provisional) => `<recv response="${provisional}" optional="true"/>`),
  `<recv response="200" rrs="true"><action>
  <ereg regexp="m=audio [0-9]+ RTP/AVP" search_in="body" check_it="true" assign_to="offer"/>
  <log message="[$offer]"/>
</action></recv>`,
  toPeer("ACK", 1, { sdp: true }), pause(300), toPeer("BYE", 2), receiveResponse(200),
);

/** Wants its session refreshed more often than we do: it is told what would do (RFC 4028 §6). */
export const wantsATimerTooShort = scenario(
  invite({ sdp: true, headers: ["Supported: timer", "Session-Expires: 30"] }),
  `<recv response="100" optional="true"/>`,
  `<recv response="422"><action>
  <ereg regexp="90" search_in="hdr" header="Min-SE:" check_it="true" assign_to="least"/>
  <log message="[$least]"/>
</action></recv>`,
  ackRefusal(),
);

/** Describes itself in one of two parts. */
export const offersInParts = scenario(
  invite({ parts: true }), receiveFinal(200), toPeer("ACK"), pause(300), toPeer("BYE", 2), receiveResponse(200),
);
