// What phones with a SIP credential do, as scenarios.
import { accept, pause, receive, receiveFinal, receiveResponse, scenario } from "./scenario.js";

const SDP = `v=0
o=sipp 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
`;

/** A request of the device; `credentials` are the two of its account, where it answers a challenge. */
function request(method, cseq, { username, to, more = [], sdp = false, credentials, tag = "", body = SDP }) {
  const uri = method === "REGISTER" ? "sip:[remote_ip]:[remote_port]" : "sip:[service]@[remote_ip]:[remote_port]";
  const lines = [
    `${method} ${uri} SIP/2.0`, "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport", "Max-Forwards: 70",
    `From: <sip:${username}@[remote_ip]:[remote_port]>;tag=device[call_number]`, `To: <${to}>${tag}`, "Call-ID: [call_id]",
    `CSeq: ${cseq} ${method}`, `Contact: <sip:${username}@[local_ip]:[local_port]>`, "User-Agent: SIPp", ...more,
    ...(credentials ? [`[authentication username=${username} password=${credentials}]`] : []),
    ...(sdp ? ["Content-Type: application/sdp", "Content-Length: [len]", "", body] : ["Content-Length: 0", "", ""]),
  ];
  return `<send${method === "ACK" ? "" : ' retrans="500"'}><![CDATA[\n\n${lines.join("\n")}\n]]></send>`;
}

const challenged = [
  `<recv response="100" optional="true"/>`, `<recv response="401" auth="true"/>`,
];
/** SIPp reads the first challenge only and knows MD5 only: it asks again, as phones of its kind do. */
const notUnderstood = `<recv response="401"/>`;

/** Registers for a minute. */
export const registers = (username, password) => {
  const to = `sip:${username}@[remote_ip]:[remote_port]`;
  const expires = ["Expires: 60"];
  return scenario(
    request("REGISTER", 1, { username, to, more: expires }), notUnderstood,
    request("REGISTER", 2, { username, to, more: expires }), challenged,
    request("REGISTER", 3, { username, to, more: expires, credentials: password }), receiveResponse(200),
  );
};

/** Calls the number that SIPp was started with and listens until we hang up. */
export const calls = (username, password) => {
  const to = "sip:[service]@[remote_ip]:[remote_port]";
  return scenario(
    request("INVITE", 1, { username, to, sdp: true }), challenged,
    request("ACK", 1, { username, to, tag: "[peer_tag_param]" }),
    request("INVITE", 2, { username, to, sdp: true, credentials: password }),
    receiveFinal(200), request("ACK", 2, { username, to, tag: "[peer_tag_param]" }).replace(/ACK sip:\S+/, "ACK [next_url]"),
    receive("BYE"), accept(),
  );
};

const TO = "sip:[service]@[remote_ip]:[remote_port]";

/** A request in the dialog of `connected`. */
const within = (method, cseq, { username, ...more }) =>
  request(method, cseq, { username, to: TO, tag: "[peer_tag_param]", ...more }).replace(`${method} sip:[service]@[remote_ip]:[remote_port]`, `${method} [next_url]`);

/** The call is answered, and goes on for a moment. */
const connected = (username, password) => [
  request("INVITE", 1, { username, to: TO, sdp: true }), challenged,
  request("ACK", 1, { username, to: TO, tag: "[peer_tag_param]" }),
  request("INVITE", 2, { username, to: TO, sdp: true, credentials: password }),
  receiveFinal(200), within("ACK", 2, { username }), pause(500),
];

const hangsUp = (username, cseq) => [within("BYE", cseq, { username }), receiveResponse(200)];

/** Offers anew; what comes back is logged as `name`, with its direction. */
const offers = (username, cseq, body, name) => [
  within("INVITE", cseq, { username, sdp: true, body }),
  `<recv response="100" optional="true"/>`,
  `<recv response="200" rrs="true"><action>
  <ereg regexp="a=(sendrecv|sendonly|recvonly|inactive)" search_in="body" check_it="true" assign_to="${name},${name}_only"/>
  <log message="${name} [$${name}]"/>
</action></recv>
<Reference variables="${name}_only"/>`,
  within("ACK", cseq, { username }), pause(500),
];

/** Calls, holds by a direction or an address of zeros, comes back and hangs up. */
export const holds = (username, password, { direction = "sendrecv", address }) => scenario(
  connected(username, password),
  offers(username, 3, `${address ? SDP.replace("[media_ip]", address) : SDP}a=${direction}\n`, "held"),
  offers(username, 4, `${SDP}a=sendrecv\n`, "back"),
  hangsUp(username, 5),
);

/** Calls, has whoever answers connected with `to`, logs what it is told of that, and is hung up on, or hangs up where it fails. */
export const refers = (username, password, to, failure) => scenario(
  connected(username, password),
  within("REFER", 3, { username, more: [`Refer-To: <sip:${to}@[remote_ip]>`] }), receiveResponse(202),
  `<label id="1"/>
<recv request="NOTIFY"><action>
  <ereg regexp="terminated" search_in="hdr" header="Subscription-State:" assign_to="over"/>
  <ereg regexp="SIP/2.0 [0-9]+" search_in="body" check_it="true" assign_to="told"/>
  <log message="told [$told]"/>
</action></recv>`,
  // The next step is chosen with the answer: the BYE comes at the NOTIFY's heels.
  accept().replace("<send", `<send next="2" test="over"`),
  `<nop next="1"/>
<label id="2"/>`,
  failure ? hangsUp(username, 4) : [receive("BYE"), accept()],
);
