// What carriers do, as scenarios; "we" is the server under test.
import {
  accept, acceptBye, answer, answerOnce, carrierBye, pause, playRecording, receive, receiveBye, receiveInvite, receiveResponse, scenario,
} from "./scenario.js";

const ringing = answer("180 Ringing");
const answered = [answer("200 OK", { sdp: true }), receive("ACK")];
/** We end the call. */
const weHangUp = [receive("BYE"), accept()];

/** Refuses, for instance with "486 Busy Here"; `headers` are further lines. */
export const refuses = (status, headers = []) => scenario(receiveInvite(), answer(status, { headers }), receive("ACK"));

/** Rings, then refuses. */
export const ringsThenRefuses = (status) => scenario(receiveInvite(), ringing, answer(status), receive("ACK"));

/** Plays an announcement before it refuses. */
export const announcesThenRefuses = (status) =>
  scenario(receiveInvite(), answer("183 Session Progress", { sdp: true }), pause(200), answer(status), receive("ACK"));

/** Answers; we hang up. */
export const answers = scenario(receiveInvite(), ringing, answered, weHangUp);

/** Answers and hangs up after so long. */
export const hangsUpAfter = (milliseconds) =>
  scenario(receiveInvite(), ringing, answered, pause(milliseconds), carrierBye(), receiveResponse(200));

/** Speaks every so often, because half a minute without audio ends a call, and hangs up after so many such pieces. */
export const speaksAndHangsUpAfter = (pieces, milliseconds) => scenario(
  receiveInvite(), ringing, answered,
  Array.from({ length: pieces }, () => [playRecording("g711a"), pause(milliseconds)]),
  carrierBye(), receiveResponse(200),
);

/** Rings until it is told to stop. */
export const rings = scenario(receiveInvite(), ringing, receive("CANCEL"), accept(), answer("487 Request Terminated"), receive("ACK"));

/** Says nothing for so long: a CANCEL may not come before it has (RFC 3261 §9.1). */
export const ringsAfter = (milliseconds) => scenario(
  receiveInvite(), pause(milliseconds), ringing, receive("CANCEL"), accept(), answer("487 Request Terminated"), receive("ACK"),
);

/** Its answer crosses our CANCEL: the call must be acknowledged and ended at once. */
export const answersIntoCancel =
  scenario(receiveInvite(), ringing, receive("CANCEL"), accept(), answer("200 OK", { sdp: true }), receive("ACK"), weHangUp);

/**
 * Has lost our first ACKs and says 200 again; each is acknowledged (RFC 3261 §13.2.2.4). For a SIPp that leaves
 * repetition to the scenario (`-nr`): else it takes the second ACK for a repeated one and answers it, for ever.
 */
export const answersThrice = scenario(
  receiveInvite(), ringing,
  ...[1, 2, 3].flatMap(() => [answerOnce("200 OK", { sdp: true }), receive("ACK")]),
  carrierBye(), receiveResponse(200),
);

/** Hangs up in the moment in which we do; both are answered. */
export const hangsUpAgainst = scenario(
  receiveInvite(), ringing, answered, receiveBye(), carrierBye(), receiveResponse(200), acceptBye(),
);

/** What `challenges` asks with. */
export const CHALLENGE = { realm: "carrier.example", nonce: "f00dcafe0123456789abcdef" };

/** Challenges with this status; `credentials` is the header that must answer, which is logged. Then goes on. */
const challenges = (status, header, credentials) => [
  receiveInvite(),
  answer(status, {
    headers: [`${header}: Digest realm="${CHALLENGE.realm}", nonce="${CHALLENGE.nonce}", algorithm=MD5, qop="auth"`],
  }),
  receive("ACK"),
  receiveInvite(`<ereg regexp="Digest .*" search_in="hdr" header="${credentials}:" check_it="true" assign_to="credentials"/>
  <log message="[$credentials]"/>`),
];

/** Challenges, then answers. */
export const challengesAndAnswers = (...challenge) =>
  scenario(challenges(...challenge), ringing, answered, weHangUp);

/** Challenges, then refuses. */
export const challengesAndRefuses = (status, ...challenge) =>
  scenario(challenges(...challenge), answer(status), receive("ACK"));
