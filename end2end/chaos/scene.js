// A server, a workspace with money and a number, a carrier, and calls that run through all of them.
import { once } from "node:events";
import { createServer } from "node:http";
import { openWorkspace } from "../support/workspace.js";
import { calleeOf, startCarrier } from "./carrier.js";
import { startNode } from "./node.js";
import { judge } from "./verdict.js";

/** More than any of these programs costs. */
const MONEY_MINOR = 50_000_000;

export const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The customer's server: connects the caller of number N to the callee of number N. */
async function startCustomer() {
  const server = createServer(async (request, response) => {
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(await request.toArray()).toString()));
    const index = Number(/\+254711(\d{6})/.exec(form.From ?? form.CallerNumber ?? form.callerNumber ?? JSON.stringify(form))?.[1]);
    const isFirst = Object.values(form).includes("ringing");
    const body = isFirst ? JSON.stringify({ actions: [{ dial: { to: calleeOf(index) } }] }) : "";
    response.writeHead(200, { "Content-Type": "application/json" }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}/voice`, stop: () => server.closeAllConnections() ?? server.close() };
}

/** `options` are those of the node. */
export async function openScene(options = {}) {
  const [carrier, customer] = await Promise.all([startCarrier(), startCustomer()]);
  const node = await startNode({ carrierPort: carrier.port, ...options });
  const workspace = await openWorkspace(node.url, { money: MONEY_MINOR });
  await workspace.route({ voice_callback_url: customer.url });
  const before = await workspace.balance();
  let next = 0;
  const scene = {
    node, carrier, workspace,
    /** Calls that talk for so long, then the caller hangs up. */
    call(talkMs) {
      const leg = carrier.call(next, workspace.number, node.sipPort);
      next += 1;
      // One that was not answered yet is hung up once it is. Nobody waits for calls that outlast their program.
      const hangUp = () => {
        carrier.hangUp(leg);
        if (!leg.endedAt) setTimeout(hangUp, 200).unref();
      };
      setTimeout(hangUp, talkMs).unref();
      return leg;
    },
    /** `rate` calls a second until `stop` is called, each talking for up to `talkMs`. */
    load(rate, talkMs) {
      const pace = setInterval(() => scene.call(Math.random() * talkMs), 1_000 / rate);
      return { stop: () => clearInterval(pace) };
    },
    /** Whether a new call goes through now. */
    async works() {
      const leg = scene.call(300);
      for (let look = 0; look < 100 && !leg.endedAt; look += 1) await wait(100);
      return leg.answeredAt && leg.endedAt && !leg.refused;
    },
    judge: () => judge({ node, workspace, carrier, before }),
    async close() {
      await node.stop();
      customer.stop();
      carrier.stop();
    },
  };
  return scene;
}

/** Says what was seen; a program by itself ends with 1 when something is wrong. */
export function report(title, { faults, figures, verified }) {
  console.log(`${title}: ${Object.entries(figures).map(([name, count]) => `${count} ${name.replaceAll("_", " ")}`).join(", ")}; ${verified}`);
  for (const fault of faults.slice(0, 20)) console.log(`  WRONG: ${fault}`);
  if (faults.length > 20) console.log(`  and ${faults.length - 20} more`);
}
