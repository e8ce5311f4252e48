// What carriers do, as scenarios; "we" is the server under test.
import {
  accept, acceptBye, answer, answerOnce, carrierBye, carrierInfo, carrierRequest, carrierUpdate, pause, playRecording, receive, receiveBye,
  receiveInvite, receiveResponse, scenario,
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

/** Answers, presses a key by RFC 4733 after so long, and hangs up as long after that. */
export const pressesAndHangsUp = (key, milliseconds) => scenario(
  receiveInvite(), ringing, answered, pause(milliseconds), playRecording(`dtmf_2833_${key}`), pause(milliseconds),
  carrierBye(), receiveResponse(200),
);

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

/** What a reliable provisional response has, by its number (RFC 3262). */
const reliably = (rseq) => ["Require: 100rel", `RSeq: ${rseq}`];

/** The PRACK of this response must come next; its RAck is checked, and it is accepted. */
const acknowledged = (rseq) => [
  `<recv request="PRACK"><action>
  <ereg regexp="${rseq} [0-9]+ INVITE" search_in="hdr" header="RAck:" check_it="true" assign_to="rack${rseq}"/>
  <log message="[$rack${rseq}]"/>
</action></recv>`,
  accept(),
];

/** Rings and describes itself reliably, each acknowledged by PRACK, then answers without saying it again; hangs up. */
export const answersReliably = scenario(
  receiveInvite(),
  answer("180 Ringing", { headers: reliably(4711) }), acknowledged(4711),
  answer("183 Session Progress", { headers: reliably(4712), sdp: true }), acknowledged(4712),
  answer("200 OK"), receive("ACK"),
  pause(200), carrierBye(), receiveResponse(200),
);

/** Has lost our first PRACK and says its 183 again: that is acknowledged once. */
export const repeatsReliably = scenario(
  receiveInvite(),
  answer("183 Session Progress", { headers: reliably(7), sdp: true }), acknowledged(7),
  answer("183 Session Progress", { headers: reliably(7), sdp: true }), pause(200),
  answer("200 OK"), receive("ACK"),
  pause(200), carrierBye(), receiveResponse(200),
);

/** Describes itself reliably and offers anew before its 200 (RFC 3311). */
export const updatesBeforeItsAnswer = scenario(
  receiveInvite(),
  answer("183 Session Progress", { headers: reliably(1), sdp: true }), acknowledged(1),
  carrierUpdate(1), receiveResponse(200),
  answer("200 OK"), receive("ACK"),
  pause(200), carrierBye(2), receiveResponse(200),
);

/** Offers anew before anything of its own has arrived for certain: it is told to wait. */
export const updatesTooEarly = scenario(
  receiveInvite(),
  answer("183 Session Progress", { sdp: true }),
  carrierUpdate(1), receiveResponse(491),
  answer("200 OK", { sdp: true }), receive("ACK"),
  pause(200), carrierBye(2), receiveResponse(200),
);

/** A response must come next whose body or header shows this; it is logged as `name`. */
const shows = (status, name, regexp, where) => [
  `<recv response="100" optional="true"/>`,
  `<recv response="${status}"><action>
  <ereg regexp="${regexp}" ${where} check_it="true" assign_to="${name}"/>
  <log message="${name} [$${name}]"/>
</action></recv>`,
];

/** Asks us for an offer within the call and answers it in its ACK (RFC 3261 §14.1). */
export const asksForAnOffer = scenario(
  receiveInvite(), ringing, answered, pause(200),
  carrierRequest("INVITE", 1), shows(200, "offer", "m=audio [0-9]+ RTP/AVP", `search_in="body"`),
  carrierRequest("ACK", 1, { sdp: true }),
  pause(200), carrierBye(2), receiveResponse(200),
);

/** Keeps its session alive itself, by UPDATE without a description (RFC 4028). */
export const refreshesItsSession = scenario(
  receiveInvite(), ringing,
  answer("200 OK", { sdp: true, headers: ["Supported: timer", "Require: timer", "Session-Expires: 90;refresher=uas"] }), receive("ACK"),
  pause(200),
  carrierRequest("UPDATE", 1, { headers: ["Supported: timer", "Session-Expires: 90;refresher=uac"] }),
  shows(200, "kept", "90;refresher=uac", `search_in="hdr" header="Session-Expires:"`),
  pause(200), carrierBye(2), receiveResponse(200),
);

/** Is reached by a proxy alone: its Contact leads nowhere. Our ACK and BYE come by its route. */
export const isBehindAProxy = scenario(
  receiveInvite(), ringing,
  answer("200 OK", {
    sdp: true, contact: "Contact: <sip:behind@192.0.2.1:9>", headers: ["Record-Route: <sip:[local_ip]:[local_port];lr>"],
  }),
  receive("ACK"),
  `<recv request="BYE"><action>
  <ereg regexp=";lr" search_in="hdr" header="Route:" check_it="true" assign_to="route"/>
  <log message="route [$route]"/>
</action></recv>`,
  accept(),
);

/** Forks: two ring, and the one that did not describe itself first answers. */
export const forks = scenario(
  receiveInvite(), answer("183 Session Progress", { sdp: true, branch: "one" }), answer("180 Ringing", { branch: "two" }),
  answer("200 OK", { sdp: true, branch: "two" }),
  `<recv request="ACK"><action>
  <ereg regexp="two$" search_in="hdr" header="To:" check_it="true" assign_to="fork"/>
  <log message="fork [$fork]"/>
</action></recv>`,
  weHangUp,
);

/** Describes itself in one of two parts. */
export const answersInParts = scenario(
  receiveInvite(), ringing, answer("200 OK", { parts: true }), receive("ACK"), weHangUp,
);

/** Presses a key by INFO, and hangs up. */
export const pressesByInfo = (key) => scenario(
  receiveInvite(), ringing, answered, pause(500),
  carrierInfo(1, key), receiveResponse(200),
  pause(500), carrierBye(2), receiveResponse(200),
);
