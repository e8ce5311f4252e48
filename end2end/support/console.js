// A console in which every page has something to show, and the addresses of all pages.
import assert from "node:assert/strict";
import { startServer } from "./server.js";
import { eventually, mailedLink, openWorkspace } from "./workspace.js";

const EMAIL = "chausiku@example.co.ke";

/** Starts it; the person is the owner and an operator. `cookies` are theirs, `paths` every page by what it shows. */
export async function busyConsole() {
  const server = await startServer();
  const workspace = await openWorkspace(server.url, { email: EMAIL });
  const call = async (to, more = {}) => (await workspace.post("/v1/calls", { from: workspace.number, to, ...more }, 202)).call_id;
  const calls = {
    completed: await call("+254722009905", { max_duration: 1, record: "dual" }),
    busy: await call("+254722009901"),
    failed: await call("+254722009903"),
  };
  for (const id of Object.values(calls)) {
    await eventually("the call's end", async () => (await workspace.get(`/v1/calls/${id}`)).cost_minor !== null);
  }
  await eventually("a recording", async () => (await workspace.get("/v1/recordings?status=ready")).length === 1);
  calls.running = await call("+254722000042", { max_duration: 600, actions: [{ pause: { length: 600 } }] });
  await call("+254722000043", { max_duration: 600, actions: [{ conference: { name: "stand-up" } }] });
  await call("+254722000044", { max_duration: 600, actions: [{ enqueue: { name: "support" } }] });
  await eventually("a conference and a queue", async () => (await workspace.get("/v1/conferences")).length + (await workspace.get("/v1/queues")).length === 2);
  // Nobody listens there: its deliveries fail and wait.
  const endpoint = await workspace.post("/v1/webhooks", { url: "http://127.0.0.1:9/events", description: "Orders" }, 201);
  const test = await workspace.post(`/v1/webhooks/${endpoint.id}/test`, {}, 202);
  await eventually("an attempt", async () => (await workspace.get(`/v1/webhooks/deliveries/${test.id}/attempts`)).log.length > 0);
  const cookies = await signedIn(server);
  assert.equal((await server.command("operator", "grant", EMAIL)).code, 0);
  const ownId = await workspaceId(server, cookies);
  const request = await eventually("the log of a call that was placed", async () => (await workspace.get("/v1/requests?method=POST&path=/v1/calls"))[0]);
  const month = new Date().toISOString().slice(0, 7);
  const paths = {
    "start page": "/", "sign-in": "/signin", "sign-in on the way": "/signin?return_to=/calls", "link check": "/auth/verify?token=x", "declined invitation": "/invitation?done=declined", "closed invitation": "/invitation?token=x", "incomplete link": "/auth/verify",
    home: "/home", numbers: "/numbers", number: `/numbers/${workspace.numberId}`, "number's devices": `/numbers/${workspace.numberId}?tab=devices`, "number's calls": `/numbers/${workspace.numberId}?tab=calls`, "number's settings": `/numbers/${workspace.numberId}?tab=settings`, search: "/search", "search for a number": "/search?q=0700", "nothing found": "/search?q=zzzzzz", calls: "/calls", meetings: "/calls/meetings", playground: "/developers/playground", recordings: "/recordings", "no recording": "/recordings?status=failed", storage: "/recordings/storage", "filtered calls": "/calls?status=busy&direction=outbound", "no match": "/calls?remote=999999",
    members: "/workspace/members", roles: "/workspace/roles", "audit log": "/workspace/audit", "no entry": "/workspace/audit?actor=nobody",
    settings: "/workspace/settings", "new workspace": "/workspaces/new", profile: "/profile", requests: "/developers/requests", "opened request": `/developers/requests?open=${request.request_id}`, "unknown request": "/developers/requests?request_id=req_none", "shared document": "/developers/playground?document=%7B%22actions%22%3A%5B%7B%22hangup%22%3A%7B%7D%7D%5D%7D", shadow: "/developers/shadow", "no request": "/developers/requests?path=/none", operator: "/operator/workspaces", providers: "/operator/providers", series: "/operator/series", "one series": await firstSeries(server, cookies), inventory: "/operator/numbers", prices: "/operator/prices", "operator's payments": "/operator/payments?check=paystack", trunks: "/operator/trunks", "operator's overview": "/operator/overview", "operator's calls": "/operator/calls", "operator's nodes": "/operator/nodes", "operator's registrations": "/operator/registrations",
    wallet: "/wallet", ledger: "/wallet/ledger?kind=top_up", "no ledger": "/wallet/ledger?month=2020-01", statements: "/wallet/statements", statement: `/wallet/statements/${month}`, limits: "/wallet/limits", alerts: "/wallet/alerts", "operator's workspace": `/operator/workspaces/${ownId}`, "operator's wallet": `/operator/workspaces/${ownId}/money`, "operator's month": `/operator/statements?month=${month}`, "operator's jobs": "/operator/jobs", "operator's statements": `/operator/workspaces/${ownId}/statements`, "operator's statement": `/operator/workspaces/${ownId}/statements/${month}`, keys: "/developers/keys", webhooks: "/developers/webhooks", endpoint: `/developers/webhooks/${endpoint.id}`, "no delivery": `/developers/webhooks/${endpoint.id}?status=delivered`, deliveries: "/developers/deliveries", "no delivery anywhere": "/developers/deliveries?status=delivered", delivery: `/developers/deliveries/${test.id}`, softphone: "/softphone", "sent mail": "/dev/mail",
    ...Object.fromEntries(Object.entries(calls).flatMap(([name, id]) => [[`${name} call`, `/calls/${id}`], [`${name} call as a list`, `/calls/${id}?view=list`]])),
    "unknown call": "/calls/019a0000-0000-7000-8000-000000000001", "unknown page": "/nowhere", "refused method": "/console/wallet/top-ups",
    "price list": "/pricing", "price list of a country": "/pricing?currency=USD&country=TZ", documentation: "/docs", quickstart: "/docs/guides/quickstart", "documentation searched": "/docs/search?q=machine", "nothing in the documentation": "/docs/search?q=zzzzzz", "API reference": "/docs/api", "API requests": "/docs/api/calls", "requests of operators": "/docs/api/operators", verbs: "/docs/verbs", verb: "/docs/verbs/dial", events: "/docs/events", event: "/docs/events/call.completed", changelog: "/docs/changelog", about: "/about", status: "/status", contact: "/contact", "calculated price": "/pricing?seconds=90&calls=1000", "error page": "/docs/errors/wallet.insufficient_funds", demo: "/sdk/demo/",
  };
  return { server, cookies, paths };
}

/** The id of the workspace. */
async function workspaceId(server, cookies) {
  const cookie = cookies.map((one) => `${one.name}=${one.value}`).join("; ");
  return (await (await fetch(`${server.url}/v1/workspace`, { headers: { Cookie: cookie } })).json()).id;
}

/** The session cookie of a fresh sign-in by mail. */
async function signedIn(server) {
  const json = { "Content-Type": "application/json", Origin: server.url };
  const seen = await mailedLink(server.url, EMAIL);
  await fetch(`${server.url}/v1/auth/magic-link`, { method: "POST", headers: json, body: JSON.stringify({ email: EMAIL }) });
  const link = await eventually("a second mail", async () => {
    const mails = await (await fetch(`${server.url}/dev/mail.json`)).json();
    return mails.map((mail) => mail.links[0]).find((link) => link && link !== seen);
  });
  const body = JSON.stringify({ token: new URL(link).searchParams.get("token") });
  const answer = await fetch(`${server.url}/v1/auth/magic-link/verify`, { method: "POST", headers: json, body });
  const [name, value] = answer.headers.getSetCookie()[0].split(";")[0].split("=");
  return [{ name, value, url: server.url }];
}

/** The page of the series that development mode has. */
async function firstSeries(server, cookies) {
  const headers = { Cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") };
  const [series] = await (await fetch(`${server.url}/v1/admin/series`, { headers })).json();
  return `/operator/series/${series.id}`;
}
