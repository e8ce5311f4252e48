// A SIP peer on a trunk's socket that does what a test says, one dialog at a time.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { eventually } from "../support/workspace.js";
import { HOST } from "../sipp/sipp.js";

let made = 0;

/** Opens the socket; `server` is our SIP address. */
export async function openPeer(server, port) {
  const [host, serverPort] = server.split(":");
  const here = `${HOST}:${port}`;
  const socket = createSocket("udp4").bind(port, HOST);
  await once(socket, "listening");
  const messages = [];
  socket.on("message", (bytes) => messages.push(bytes.toString()));
  const send = (text) => socket.send(text, Number(serverPort), host);
  const all = (text, name) => text.split("\r\n\r\n")[0].split("\r\n").filter((line) => line.toLowerCase().startsWith(`${name}:`));
  const value = (text, name) => all(text, name)[0]?.slice(name.length + 1).trim();
  const body = (text) => text.slice(text.indexOf("\r\n\r\n") + 4);

  /** A dialog from its sides' identities. */
  const dialog = (parts) => ({
    cseq: 1,
    ...parts,
    request(method, sdp = "", { cseq } = {}) {
      const number = cseq ?? (this.cseq += 1);
      const branch = `z9hG4bK${this.id}${method}${number}${made++}`;
      send([`${method} ${this.target} SIP/2.0`, `Via: SIP/2.0/UDP ${here};branch=${branch};rport`, "Max-Forwards: 70",
        `From: ${this.us}`, `To: ${this.them}`, `Call-ID: ${this.id}`, `CSeq: ${number} ${method}`,
        `Contact: <sip:peer@${here}>`, ...(sdp ? ["Content-Type: application/sdp"] : []), `Content-Length: ${sdp.length}`, "", sdp].join("\r\n"));
      return number;
    },
    /** The final answer to a request. */
    async ask(method, sdp) {
      const number = this.request(method, sdp);
      const text = await eventually(`an answer to ${method}`, () => messages.find((message) => /^SIP\/2\.0 [2-6]/.test(message)
        && value(message, "call-id") === this.id && value(message, "cseq") === `${number} ${method}`));
      return { status: Number(text.slice(8, 11)), sdp: body(text), number, text };
    },
    /** A re-INVITE with its ACK, or the first INVITE; without an offer `answer` makes the one for the ACK from ours. */
    async invite(sdp, answer = () => "") {
      const final = await this.ask("INVITE", sdp);
      if (final.status < 300) {
        this.them = value(final.text, "to");
        this.target = /<([^>]+)>/.exec(value(final.text, "contact"))[1];
        this.request("ACK", sdp ? "" : answer(final.sdp), { cseq: final.number });
      }
      return final;
    },
    async bye() {
      assert.equal((await this.ask("BYE")).status, 200);
    },
  });

  return {
    /** We call `number`. */
    calls: (number) => {
      const [id, target] = [`negotiation${made++}`, `sip:${number}@${server}`];
      return dialog({ id, cseq: 0, target, us: `<sip:+254722000077@${here}>;tag=p`, them: `<${target}>` });
    },
    /** The next call that comes to `number`: its offer, how to answer it, and the dialog with this tag of ours. */
    async called(number) {
      const invite = await eventually(`a call to ${number}`, () => messages.find((message) => message.startsWith(`INVITE sip:${number}@`)));
      const reply = (status, tag, sdp = "") => send([`SIP/2.0 ${status}`, ...all(invite, "via"), ...all(invite, "from"),
        `To: ${value(invite, "to")};tag=${tag}`, ...all(invite, "call-id"), ...all(invite, "cseq"), `Contact: <sip:peer@${here}>`,
        ...(sdp ? ["Content-Type: application/sdp"] : []), `Content-Length: ${sdp.length}`, "", sdp].join("\r\n"));
      const id = value(invite, "call-id");
      return {
        offer: body(invite),
        reply,
        acknowledged: () => eventually("the ACK", () => messages.some((message) => message.startsWith("ACK ") && value(message, "call-id") === id)),
        dialog: (tag) => dialog({
          id, target: /<([^>]+)>/.exec(value(invite, "contact"))[1], us: `${value(invite, "to")};tag=${tag}`, them: value(invite, "from"),
        }),
      };
    },
    close: () => socket.close(),
  };
}
