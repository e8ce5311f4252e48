// kill -9, again and again, while calls are made, numbers claimed and wallets topped up, with an M-Pesa that is late, tells
// twice, or says nothing: `node chaos/money.js [KILLS] [CALLS PER SECOND]`, environment as for the tests.
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { eventually, openWorkspace } from "../support/workspace.js";
import { LISTED, SHORTCODE } from "./daraja.js";
import { openScene, report, wait } from "./scene.js";
import { all } from "./verdict.js";

/** Calls talk for up to so long. */
const TALK_MS = 4_000;
/** Between a start and its kill, at most and at least. */
const LIVES_MS = [500, 4_000];
/** Between two of somebody's errands. */
const ERRANDS_MS = [100, 900];
/** A request is asked again, under its key, until it is answered. */
const AGAIN_MS = 150;
/** Wrong accounts that a workspace's people write: they have five claims a day. */
const SLIPS = 4;
/** Money is asked for by whoever may. */
const SCOPES = ["*", "wallet:write"];
/** Until everything that M-Pesa received is in a wallet: a lost push is asked about after 20, 40 and 75 s. */
const DEADLINE_MS = 180_000;

/** M-Pesa, as a process that no kill touches. */
async function startDaraja() {
  const child = fork(new URL("daraja.js", import.meta.url).pathname);
  const [{ port }] = await once(child, "message");
  const waiting = new Map();
  child.on("message", ({ id, said }) => {
    waiting.get(id)(said);
    waiting.delete(id);
  });
  let next = 0;
  const ask = (what, about) => new Promise((resolve) => {
    next += 1;
    waiting.set(next, resolve);
    child.send({ id: next, what, about });
  });
  return { url: `http://127.0.0.1:${port}`, ask, stop: () => child.disconnect() };
}

/** Asks again under one key until the server says something that is no failure of its own. */
async function insist(node, workspace, path, body) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID(), ...workspace.headers };
  for (;;) {
    const options = { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(20_000) };
    const response = await fetch(node.url + path, options).catch(() => undefined);
    const text = await response?.text().catch(() => undefined);
    if (text !== undefined && response.status < 500 && response.status !== 409) return { status: response.status, body: text && JSON.parse(text) };
    if (text !== undefined && response.status === 409 && !text.includes("idempotency")) return { status: 409 };
    await wait(AGAIN_MS);
  }
}

/** Somebody who tops up, pays to the Paybill, claims numbers and payments, one errand after the other. */
class Customer {
  figures = { asked: 0, taken: 0, refused: 0, paid_to_paybill: 0, slips: 0, numbers: 0, numbers_refused: 0 };
  pushes = [];
  numbers = [];
  faults = [];
  #slips = [];
  #stopped = false;

  constructor(node, workspace, daraja, paybill, phone) {
    Object.assign(this, { node, workspace, daraja, paybill, phone });
  }

  async run(errands) {
    const names = Object.keys(errands);
    while (!this.#stopped) {
      await wait(ERRANDS_MS[0] + Math.random() * (ERRANDS_MS[1] - ERRANDS_MS[0]));
      await this[names[Math.floor(Math.random() * names.length)]]().catch((error) => this.faults.push(`an errand: ${error}`));
    }
  }

  stop() {
    this.#stopped = true;
  }

  async topUp() {
    this.figures.asked += 1;
    const amount = 100 * Math.ceil(Math.random() * 500);
    const answer = await insist(this.node, this.workspace, "/v1/wallet/top-ups", { method: "mpesa", amount_minor: amount, phone: this.phone });
    if (answer.status === 202) {
      this.figures.taken += 1;
      this.pushes.push(answer.body.id);
    } else this.faults.push(`a top-up was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  async payToPaybill() {
    this.figures.paid_to_paybill += 1;
    await this.daraja.ask("pay", { reference: this.paybill, amount: Math.ceil(Math.random() * 300), phone: this.phone.slice(1) });
  }

  async slip() {
    if (this.#slips.length >= SLIPS) return;
    this.figures.slips += 1;
    const amount = Math.ceil(Math.random() * 300);
    const receipt = await this.daraja.ask("pay", { reference: "my shop", amount, phone: this.phone.slice(1) });
    this.#slips.push({ receipt, amount_minor: amount * 100, phone: this.phone });
  }

  async claimNumber() {
    const available = await fetch(`${this.node.url}/v1/numbers/available?country=KE&currency=KES`, { headers: this.workspace.headers })
      .then((response) => response.json()).catch(() => []);
    if (!Array.isArray(available) || available.length === 0) return;
    const { id } = available[Math.floor(Math.random() * available.length)];
    const answer = await insist(this.node, this.workspace, `/v1/numbers/${id}/claim`, {});
    if (answer.status === 201) {
      this.figures.numbers += 1;
      this.numbers.push(answer.body);
    } else this.figures.numbers_refused += 1;
  }

  /** "I paid, where is it?": each slip once, when M-Pesa has told of all. */
  async claimSlips() {
    for (const slip of this.#slips) {
      const { status, body } = await insist(this.node, this.workspace, "/v1/wallet/payment-claims", slip);
      if (status !== 200 || body.outcome !== "credited") this.faults.push(`a claim of ${slip.receipt} was answered ${status}: ${JSON.stringify(body)}`);
    }
  }

  /** What must be so at last, as sentences. */
  async judge(statement) {
    const faults = [...this.faults];
    const topUps = await all(this.node, this.workspace, "/v1/wallet/top-ups");
    const ledger = await all(this.node, this.workspace, "/v1/wallet/ledger");
    const pushed = topUps.filter((topUp) => topUp.channel === "push").map((topUp) => topUp.id);
    const twice = pushed.length - new Set(this.pushes).size;
    if (twice !== 0) faults.push(`${this.pushes.length} top-ups were asked for, ${pushed.length} are there`);
    const receipts = new Map();
    for (const topUp of topUps.filter((one) => one.status === "succeeded")) {
      const entries = ledger.filter((entry) => entry.cause === `topup:${topUp.id}`);
      if (entries.length !== 1 || entries[0].amount_minor !== topUp.amount_minor) faults.push(`top-up ${topUp.id} has ${entries.length} entries`);
      if (receipts.has(topUp.receipt)) faults.push(`receipt ${topUp.receipt} was credited twice`);
      if (!statement.has(topUp.receipt)) faults.push(`receipt ${topUp.receipt} is on no statement`);
      receipts.set(topUp.receipt, topUp.amount_minor);
    }
    for (const number of this.numbers) {
      const paid = ledger.filter((entry) => entry.cause.startsWith(`rental:${number.id}:`));
      if (paid.length !== 1 || paid[0].amount_minor !== -number.charged_minor) faults.push(`number ${number.number} was paid ${paid.length} times`);
    }
    const rentals = ledger.filter((entry) => entry.kind === "rental").length;
    if (rentals !== this.numbers.length + this.had) faults.push(`${this.numbers.length + this.had} numbers were claimed, ${rentals} rentals paid`);
    const sum = ledger.reduce((total, entry) => total + entry.amount_minor, 0);
    const balance = await this.workspace.balance();
    if (sum !== balance) faults.push(`the balance is ${balance}, the entries make ${sum}`);
    return { faults, receipts };
  }
}

/** Waits until nothing is pending that M-Pesa was paid for. */
async function settled(node, customers, daraja) {
  const until = Date.now() + DEADLINE_MS;
  for (;;) {
    const rows = (await daraja.ask("statement")).split("\r\n").length - 5;
    const lists = await Promise.all(customers.map(({ workspace }) => all(node, workspace, "/v1/wallet/top-ups")));
    const credited = lists.flat().filter((topUp) => topUp.status === "succeeded" && topUp.receipt).length;
    const untold = await daraja.ask("untold");
    const slips = customers.reduce((total, customer) => total + customer.figures.slips, 0);
    if (untold === 0 && credited >= rows - slips) return [];
    if (Date.now() > until) return [`M-Pesa received ${rows} payments, ${credited} are credited, ${slips} wait to be claimed, ${untold} are untold`];
    await wait(500);
  }
}

/** Kills so often under `rate` calls a second; what was found. */
export async function killUnderMoney(kills, rate) {
  const daraja = await startDaraja();
  const config = `
[tax]
countries = ["KE 1600"]

[mpesa]
base_url = "${daraja.url}"
consumer_key = "key"
consumer_secret = "secret"
shortcode = "${SHORTCODE}"
passkey = "passkey"
sources = ["${LISTED}"]
initiator = "sautikit"
security_credential = "c2VhbGVk"
`;
  const options = process.env.CHAOS_DATABASE ? { database: process.env.CHAOS_DATABASE } : {};
  const fund = async (node, workspace, amount) => {
    await node.command("payments", "register");
    const { account_reference: reference } = await workspace.get("/v1/wallet/paybill");
    await daraja.ask("pay", { reference, amount: amount / 100, phone: "254722000009" });
    await eventually("the first money", async () => (await workspace.balance()) === amount);
  };
  const scene = await openScene({ ...options, more: config, fund, scopes: SCOPES });
  const { node } = scene;
  const juma = { email: "juma@example.co.ke", number: "+254700000002", scopes: SCOPES, fund: (...of) => fund(node, ...of) };
  const other = await openWorkspace(node.url, juma);
  const customers = [];
  for (const [place, workspace] of [scene.workspace, other].entries()) {
    const { account_reference: paybill } = await workspace.get("/v1/wallet/paybill");
    customers.push(Object.assign(new Customer(node, workspace, daraja, paybill, `+25472200000${place + 1}`), { had: 1 }));
  }
  const load = scene.load(rate, TALK_MS);
  const errands = customers.map((customer) => customer.run({ topUp: 1, payToPaybill: 1, slip: 1, claimNumber: 1 }));
  for (let kill = 0; kill < kills; kill += 1) {
    await wait(LIVES_MS[0] + Math.random() * (LIVES_MS[1] - LIVES_MS[0]));
    await node.kill();
    await node.start();
  }
  await wait(1_000);
  load.stop();
  customers.forEach((customer) => customer.stop());
  await Promise.all(errands);
  await wait(TALK_MS);
  const faults = await settled(node, customers, daraja);
  for (const customer of customers) await customer.claimSlips();
  const verdict = await scene.judge();
  const text = await daraja.ask("statement");
  const statement = new Set(text.split("\r\n").slice(4).filter(Boolean).map((line) => line.split(",")[0]));
  const receipts = new Set();
  for (const customer of customers) {
    const judged = await customer.judge(statement);
    faults.push(...judged.faults);
    judged.receipts.forEach((_, receipt) => receipts.has(receipt) ? faults.push(`receipt ${receipt} is in two wallets`) : receipts.add(receipt));
    for (const [name, count] of Object.entries(customer.figures)) verdict.figures[name] = (verdict.figures[name] ?? 0) + count;
  }
  for (const receipt of statement) if (!receipts.has(receipt)) faults.push(`receipt ${receipt} is in no wallet`);
  const file = `${node.log}.statement.csv`;
  await writeFile(file, text);
  const { code, output } = await node.command("payments", "reconcile", file);
  if (code !== 0) faults.push(`payments reconcile: ${output}`);
  for (const [name, count] of Object.entries(await daraja.ask("figures"))) verdict.figures[`mpesa_${name}`] = count;
  verdict.faults.unshift(...faults);
  verdict.verified = `${verdict.verified}; ${output.trim()}`;
  if (!(await scene.works())) verdict.faults.push("after the last kill no call goes through");
  await scene.close();
  daraja.stop();
  return verdict;
}

if (process.argv[1] === import.meta.filename) {
  const [kills, rate] = [Number(process.argv[2] ?? 50), Number(process.argv[3] ?? 10)];
  const verdict = await killUnderMoney(kills, rate);
  report(`kill -9 ${kills} times under ${rate} calls/s, claims and top-ups`, verdict);
  process.exit(verdict.faults.length > 0 ? 1 : 0);
}
