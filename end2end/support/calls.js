// Calls of a workspace, placed and read through the API.
import { eventually } from "./workspace.js";

export const callsOf = (workspace) => ({
  /** Places a call; its id. */
  async place(to, more = {}) {
    const { call_id: id } = await workspace.post("/v1/calls", { from: workspace.number, to, ...more }, 202);
    return id;
  },

  hangUp: (id) => workspace.post(`/v1/calls/${id}/hangup`, {}),

  events: (id) => workspace.get(`/v1/calls/${id}/events`),

  /** The call once it has this status. */
  that: (id, status) => eventually(`call ${status}`, async () => {
    const call = await workspace.get(`/v1/calls/${id}`);
    return call.status === status && call;
  }),

  /** The call once it has ended and its cost is known. */
  billed: (id) => eventually("the bill", async () => {
    const call = await workspace.get(`/v1/calls/${id}`);
    return call.ended_at && call.cost_minor !== null && call;
  }),

  /** These calls, at most 200, once all have ended and cost what they cost: one request a look, whatever their number. */
  allBilled: (ids) => eventually("all bills", async () => {
    const wanted = new Set(ids);
    const calls = (await workspace.get("/v1/calls?limit=200")).filter((call) => wanted.has(call.id));
    const done = calls.filter((call) => call.ended_at && call.cost_minor !== null);
    return done.length === wanted.size && done;
  }),

  /** Ids of all calls, newest first. */
  ids: async () => (await workspace.get("/v1/calls?limit=200")).map((call) => call.id),
});

/** What a server holds when no call is up. */
const IDLE = { calls: 0, sip_sessions: 0, media_ports: 0, media_rtp_pairs: 0, webrtc_connections: 0 };

/** Waits until no leg, port or browser connection of an ended call is left. */
export async function isIdle(server, deadline) {
  let left;
  const look = async () => {
    const metrics = await server.metrics();
    left = Object.entries(IDLE).filter(([name, value]) => metrics[name] !== value).map(([name]) => `${name} ${metrics[name]}`);
    return left.length === 0;
  };
  await eventually("an idle server", look, deadline).catch((error) => { throw new Error(`${error.message}: ${left}`); });
}
