// What phones with a SIP credential do, as scenarios.
import { accept, receive, receiveFinal, receiveResponse, scenario } from "./scenario.js";

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
function request(method, cseq, { username, to, more = [], sdp = false, credentials, tag = "" }) {
  const uri = method === "REGISTER" ? "sip:[remote_ip]:[remote_port]" : "sip:[service]@[remote_ip]:[remote_port]";
  const lines = [
    `${method} ${uri} SIP/2.0`, "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport", "Max-Forwards: 70",
    `From: <sip:${username}@[remote_ip]:[remote_port]>;tag=device[call_number]`, `To: <${to}>${tag}`, "Call-ID: [call_id]",
    `CSeq: ${cseq} ${method}`, `Contact: <sip:${username}@[local_ip]:[local_port]>`, "User-Agent: SIPp", ...more,
    ...(credentials ? [`[authentication username=${username} password=${credentials}]`] : []),
    ...(sdp ? ["Content-Type: application/sdp", "Content-Length: [len]", "", SDP] : ["Content-Length: 0", "", ""]),
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
