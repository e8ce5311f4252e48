// The pieces that SIPp's scenarios are made of. SIPp reads XML; here a scenario is a list of steps.
//
// `[…]` in a text is SIPp's own: what it fills in when it sends (`[last_Via:]`, `[media_port]`, `[$variable]`).

/** A scenario of these steps, as SIPp reads it. */
export const scenario = (...steps) => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario>
${steps.flat(Infinity).join("\n")}
</scenario>
`;

/** Waits; `milliseconds`. */
export const pause = (milliseconds) => `<pause milliseconds="${milliseconds}"/>`;

/** A request must come next. */
export const receive = (method) => `<recv request="${method}"/>`;

/** A final response must come next; provisional ones may come before it. Its Contact and route are kept for `toPeer`. */
export const receiveFinal = (status) => [
  ...[100, 180, 183].map((provisional) => `<recv response="${provisional}" optional="true"/>`),
  `<recv response="${status}" rrs="true"/>`,
];

/** A response to a request in a dialog must come next. */
export const receiveResponse = (status) => `<recv response="${status}"/>`;

/** The INVITE must come next. What later messages need of it is kept (SIPp insists on a reference to all of it), our media port is logged. */
export const receiveInvite = (action = "") => `<recv request="INVITE"><action>
  <ereg regexp="SIP/2.0/.*" search_in="hdr" header="Via:" assign_to="via"/>
  <ereg regexp="[0-9]+ INVITE" search_in="hdr" header="CSeq:" assign_to="cseq"/>
  <ereg regexp="&lt;.*" search_in="hdr" header="From:" assign_to="caller"/>
  <ereg regexp="&lt;[^&gt;]*&gt;" search_in="hdr" header="To:" assign_to="callee"/>
  <ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="target"/>
  <ereg regexp="m=audio [0-9]+" search_in="body" assign_to="media"/>
  <log message="[$media]"/>
  ${action}
</action></recv>
<Reference variables="via,cseq,caller,callee,target"/>`;

/** Plays a recording of Debian's sip-tester, by name, as RTP. */
export const playRecording = (name) =>
  `<nop><action><exec play_pcap_audio="/usr/share/sip-tester/${name}.pcap"/></action></nop>`;

/** G.711 and telephone-event at SIPp's media port. */
const SDP = `v=0
o=sipp 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
`;

/** The same after a part that is nothing to us (RFC 5621). */
const PARTS = `--part
Content-Type: text/plain
Content-Disposition: info;handling=optional

from the exchange
--part
Content-Type: application/sdp

${SDP}
--part--
`;

const CONTACT = "Contact: <sip:sipp@[local_ip]:[local_port]>";

/** `reliably`: sent again until something comes back, as UDP needs for requests and final answers to INVITE. */
function send(lines, { sdp = false, parts = false, reliably = false } = {}) {
  const body = parts ? ["Content-Type: multipart/mixed;boundary=part", "Content-Length: [len]", "", PARTS] : sdp ? ["Content-Type: application/sdp", "Content-Length: [len]", "", sdp === true ? SDP : sdp] : ["Content-Length: 0", "", ""];
  return `<send${reliably ? ' retrans="500"' : ""}><![CDATA[\n\n${[...lines, ...body].join("\n")}\n]]></send>`;
}

const NEW_TAG = ";tag=carrier[call_number]";

/** Answers the INVITE, also when other messages came after it; `headers` are further lines, `branch` tells forks apart. */
export const answer = (status, { sdp = false, parts = false, headers = [], contact = CONTACT, branch = "" } = {}) => send([
  `SIP/2.0 ${status}`, "Via: [$via]", "From: [$caller]", `To: [$callee]${NEW_TAG}${branch}`, "[last_Call-ID:]", "CSeq: [$cseq]",
  contact, ...headers,
], { sdp, parts, reliably: Number.parseInt(status, 10) >= 200 });

/** Answers the INVITE once: what is said again is said by the scenario. */
export const answerOnce = (status, options) => answer(status, options).replace(' retrans="500"', "");

/** A request of the carrier's in the dialog; `headers` are further lines. */
export const carrierRequest = (method, cseq, { headers = [], ...body } = {}) => send([
  `${method} [$target] SIP/2.0`, "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]", "Max-Forwards: 70",
  `From: [$callee]${NEW_TAG}`, "To: [$caller]", "Call-ID: [call_id]", `CSeq: ${cseq} ${method}`, CONTACT, ...headers,
], { ...body, reliably: method !== "ACK" });

/** An offer of the carrier's before its 200 (RFC 3311). */
export const carrierUpdate = (cseq) => carrierRequest("UPDATE", cseq, { sdp: true });

/** A key pressed at the carrier, by INFO. */
export const carrierInfo = (cseq, key) => `<send retrans="500"><![CDATA[

INFO [$target] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: [$callee]${NEW_TAG}
To: [$caller]
Call-ID: [call_id]
CSeq: ${cseq} INFO
Content-Type: application/dtmf-relay
Content-Length: [len]

Signal=${key}
Duration=160
]]></send>`;

/** Our BYE must come next; it is answered by `acceptBye`, whatever comes between. */
export const receiveBye = () => `<recv request="BYE"><action>
  <ereg regexp="SIP/2.0/.*" search_in="hdr" header="Via:" assign_to="bye_via"/>
  <ereg regexp="[0-9]+ BYE" search_in="hdr" header="CSeq:" assign_to="bye_cseq"/>
</action></recv>`;

/** Answers the BYE of `receiveBye`. */
export const acceptBye = () => send([
  "SIP/2.0 200 OK", "Via: [$bye_via]", "From: [$caller]", `To: [$callee]${NEW_TAG}`, "Call-ID: [call_id]",
  "CSeq: [$bye_cseq]",
]);

/** Answers the request that came last, in a dialog or a CANCEL. */
export const accept = () => send([
  "SIP/2.0 200 OK", "[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]", "[last_CSeq:]", CONTACT,
]);

/** The carrier's own BYE. */
export const carrierBye = (cseq = 1) => send([
  "BYE [$target] SIP/2.0", "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]", "Max-Forwards: 70",
  `From: [$callee]${NEW_TAG}`, "To: [$caller]", "Call-ID: [call_id]", `CSeq: ${cseq} BYE`,
], { reliably: true });

/** Who calls in these tests. */
export const CALLER = "+254722000077";

const callerRequest = (method, uri, cseq, toTag = "") => [
  `${method} ${uri} SIP/2.0`, "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]", "Max-Forwards: 70",
  `From: <sip:${CALLER}@[local_ip]:[local_port]>;tag=caller[call_number]`,
  `To: <sip:[service]@[remote_ip]:[remote_port]>${toTag}`, "Call-ID: [call_id]", `CSeq: ${cseq}`,
];

/** A caller's INVITE to the number that SIPp was started with. */
export const invite = ({ headers = [], ...body } = { sdp: true }) => send(
  [...callerRequest("INVITE", "sip:[service]@[remote_ip]:[remote_port]", "1 INVITE"), CONTACT, ...headers],
  { ...body, reliably: true },
);

/** A caller's further offer in its dialog, which puts the other side on hold (`sendonly`) or goes on (`sendrecv`). */
export const reinvite = (cseq, direction) => send(
  [...callerRequest("INVITE", "[next_url]", `${cseq} INVITE`, "[peer_tag_param]"), CONTACT],
  { sdp: `${SDP.replace("o=sipp 1 1", `o=sipp 1 ${cseq}`)}a=${direction}\n`, reliably: true },
);

/** A caller's ACK of a 200, or BYE. */
export const toPeer = (method, cseq = 1, body = {}) =>
  send(callerRequest(method, "[next_url]", `${cseq} ${method}`, "[peer_tag_param]"), { ...body, reliably: method !== "ACK" });

/** A caller's ACK of a refusal: hop by hop, in the INVITE's transaction. */
export const ackRefusal = () => {
  const lines = callerRequest("ACK", "sip:[service]@[remote_ip]:[remote_port]", "1 ACK");
  return send(lines.map((line) => (line.startsWith("Via:") ? "[last_Via:]" : line.startsWith("To:") ? "[last_To:]" : line)));
};
