// kill -9, again and again, under events that are on their way: `node chaos/webhooks.js [KILLS] [CALLS PER SECOND] [EVENTS]`.
// With a number of events the kills are spread over as many; `CHAOS_DATABASE` is the URL of a PostgreSQL.
import { once } from "node:events";
import { createServer } from "node:http";
import { isSigned } from "../callbacks/express.js";
import { openScene, report, wait } from "./scene.js";
import { all } from "./verdict.js";

/** Calls talk for up to so long. */
const TALK_MS = 1_000;
/** Between a start and its kill, at most and at least. */
const LIVES_MS = [500, 3_000];
/** Of a call: started, answered, completed and billed. */
const EVENTS_OF_CALL = 4;
/** Until what a kill cut off was sent again: longer than the receiver's refusals are apart. */
const ARRIVED_WITHIN_MS = 60_000;
/** Events of one page of the list. */
const PAGE = 200;

/** A customer's server that keeps what it took. Every tenth request it refuses, an event once at most, so that some is always tried again. */
async function startReceiver() {
  const receiver = { taken: [], unsigned: 0, secret: "" };
  const refused = new Set();
  let requests = 0;
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    if (!isSigned(request.headers["x-sautikit-signature"], body, receiver.secret)) receiver.unsigned += 1;
    const event = JSON.parse(body);
    requests += 1;
    if (requests % 10 === 0 && !refused.has(event.id)) {
      refused.add(event.id);
      return response.writeHead(500).end();
    }
    receiver.taken.push(event);
    response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  receiver.url = `http://127.0.0.1:${server.address().port}/events`;
  receiver.stop = () => server.closeAllConnections() ?? server.close();
  return receiver;
}

/** Every event of the workspace, the oldest first. */
async function allEvents(workspace) {
  const events = [];
  for (;;) {
    const after = events.length > 0 ? `&after=${events.at(-1).id}` : "";
    const page = await workspace.get(`/v1/events?limit=${PAGE}${after}`);
    events.push(...page);
    if (page.length < PAGE) return events;
  }
}

/** What is wrong with what happened: each call has its events from the first on without a gap, and one that is over its end. */
function gapsOf(events, calls) {
  const faults = [];
  const sequences = new Map();
  for (const event of events) sequences.set(event.data.call_id, [...(sequences.get(event.data.call_id) ?? []), event]);
  for (const [call, own] of sequences) {
    const places = own.map(({ sequence }) => sequence).sort((a, b) => a - b);
    if (places.some((place, at) => place !== at + 1)) faults.push(`call ${call} has the events ${places}`);
  }
  for (const { id, status } of calls) {
    const kinds = (sequences.get(id) ?? []).map(({ event }) => event);
    const end = status === "completed" ? "call.completed" : "call.failed";
    if (!["ringing", "answered"].includes(status) && !kinds.includes(end)) faults.push(`call ${id}, ${status}, tells ${kinds.join(", ") || "nothing"}`);
    if (status === "completed" && !kinds.includes("call.billed")) faults.push(`call ${id} tells no bill`);
  }
  return faults;
}

/** What is wrong with what was taken, given what happened. */
function faultsOf(events, receiver) {
  const faults = [];
  const taken = new Set(receiver.taken.map(({ id }) => id));
  const happened = new Set(events.map(({ id }) => id));
  const lost = events.filter(({ id }) => !taken.has(id));
  if (lost.length > 0) faults.push(`${lost.length} events never came, such as ${lost[0].event} ${lost[0].id}`);
  const invented = [...taken].filter((id) => !happened.has(id));
  if (invented.length > 0) faults.push(`${invented.length} events came that never happened`);
  if (receiver.unsigned > 0) faults.push(`${receiver.unsigned} requests had no good signature`);
  const last = new Map();
  const seen = new Set();
  for (const { id, sequence, data } of receiver.taken) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (sequence <= (last.get(data.call_id) ?? 0)) faults.push(`call ${data.call_id}: event ${sequence} came after ${last.get(data.call_id)}`);
    last.set(data.call_id, sequence);
  }
  return faults;
}

/**
 * Kills so often under `rate` calls a second, whose events go to a receiver that refuses some, over so many events at least; what
 * was found.
 */
export async function killUnderEvents(kills, rate, wanted = 0) {
  const scene = await openScene(process.env.CHAOS_DATABASE ? { database: process.env.CHAOS_DATABASE } : {});
  const receiver = await startReceiver();
  const made = await scene.workspace.post("/v1/webhooks", { url: receiver.url, events: ["call.*"] }, 201);
  receiver.secret = made.secret;
  const before = await allEvents(scene.workspace);
  const needed = (wanted / EVENTS_OF_CALL / rate) * 1_000;
  const lives = wanted > 0 ? [needed / kills, (needed / kills) * 1.2] : LIVES_MS;
  await scene.killed(kills, { rate, talkMs: TALK_MS, livesMs: lives });
  const told = async () => (await allEvents(scene.workspace)).filter(({ id, event }) => event.startsWith("call.") && !before.some((old) => old.id === id));
  // Waits until every call is closed and paid.
  const { faults: judged } = await scene.judge();
  const calls = await all(scene.node, scene.workspace, "/v1/calls");
  let events = await told();
  for (let waited = 0; waited < ARRIVED_WITHIN_MS; waited += 1_000) {
    events = await told();
    const taken = new Set(receiver.taken.map(({ id }) => id));
    if (events.every(({ id }) => taken.has(id))) break;
    await wait(1_000);
  }
  const faults = [...gapsOf(events, calls), ...faultsOf(events, receiver), ...judged];
  const repeated = receiver.taken.length - new Set(receiver.taken.map(({ id }) => id)).size;
  const verdict = { faults, figures: { events: events.length, taken: receiver.taken.length, repeated }, verified: `${kills} kills` };
  receiver.stop();
  await scene.close();
  return verdict;
}

if (process.argv[1] === import.meta.filename) {
  const [kills, rate, events] = [Number(process.argv[2] ?? 20), Number(process.argv[3] ?? 50), Number(process.argv[4] ?? 0)];
  const verdict = await killUnderEvents(kills, rate, events);
  report(`kill -9 ${kills} times under the events of ${rate} calls/s`, verdict);
  process.exit(verdict.faults.length > 0 ? 1 : 0);
}
