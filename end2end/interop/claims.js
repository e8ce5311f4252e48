// What every phone can do, told once; each SIP stack proves it in a test file of its own against its own server.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { codec, hears, isRepeated } from "../support/audio.js";
import { launchBrowser } from "../support/browser.js";
import { startCustomer } from "../support/customer.js";
import { openPhone } from "../support/phone.js";
import { startServer } from "../support/server.js";
import { eventually, openWorkspace } from "../support/workspace.js";

const ANSWERS = "+254722000042";
const BUSY = "+254722009901";
const NEVER_ANSWERS = "+254722009902";
const HANGS_UP = "+254722009905";

/** A hanging test ends by itself, so that the log says which. */
const claim = (name, run) => test(name, { timeout: 60_000 }, run);

/**
 * Declares the tests. `transcoded` and `relayed` name the ways in which the phone proves its token in the two calls; `begin`
 * runs before them all. Gives what further tests of the same file need.
 */
export function claimsOf(stack, { transcoded, relayed, begin }) {
  const world = {};
  let phone;

  before(async () => {
    [world.server, world.browser] = await Promise.all([startServer(), launchBrowser()]);
    world.workspace = await openWorkspace(world.server.url);
    world.customer = await startCustomer(world.workspace);
    await begin?.(world);
  });
  after(async () => {
    world.customer?.stop();
    await world.browser?.close();
    await world.server?.stop();
  });

  world.open = async (options = {}, token = undefined) => {
    const account = { server: world.server.url, from: world.workspace.number, ...(token ?? (await world.workspace.token())) };
    return openPhone(world.browser, { customer: world.customer, stack, account, ...options });
  };
  const open = async (options) => { phone = await world.open(options); };

  beforeEach(() => { phone = undefined; });
  afterEach(async () => {
    if (!phone) return;
    await phone.close();
    assert.deepEqual(phone.page.problems, []);
  });

  /** Both directions, then our end and what the call's record says of it. */
  async function talkAndHangUp(expected) {
    await hears(phone.page);
    const spoken = await codec(phone.page);
    if (expected) assert.equal(spoken, expected);
    await isRepeated(phone.page);
    await phone.hangup();
    assert.equal((await phone.sees("ended")).by, "us");
    const call = await world.workspace.newestBilled();
    assert.equal(call.status, "completed");
    const events = await world.workspace.get(`/v1/calls/${call.id}/events`);
    // The carrier speaks A-law.
    assert.equal(events.find(({ kind }) => kind === "leg.bridged").data.mode, spoken === "audio/PCMA" ? "relay" : "transcode");
    return call;
  }

  claim(`${stack} ${transcoded}: Opus is transcoded for the carrier, with sound in both directions`, async () => {
    await open({ how: transcoded });
    await phone.call(ANSWERS);
    await phone.sees("ringing");
    await phone.sees("answered");
    const call = await talkAndHangUp("audio/opus");
    assert.equal(call.to, ANSWERS);
    // KES 3.00 a minute by the second, rounded as the price list says.
    assert.equal(call.cost_minor, call.duration_seconds * 5);
  });

  claim(`${stack} ${relayed}: the carrier's codec is passed through, with sound in both directions`, async () => {
    await open({ how: relayed, onlyCodec: "PCMA" });
    await phone.call(ANSWERS);
    await phone.sees("answered");
    await talkAndHangUp("audio/PCMA");
  });

  claim(`${stack}: keys that are pressed arrive at the voice callback`, async (t) => {
    const { customer, workspace } = world;
    customer.answers = ({ Digits }) => (Digits ? { actions: [{ hangup: {} }] } : { actions: [{ getDigits: { numDigits: 4, timeout: 15 } }] });
    await workspace.route({ voice_callback_url: `${customer.url}/voice` });
    t.after(() => workspace.route({ voice_callback_url: null }));
    await open();
    await phone.call(workspace.number);
    await phone.sees("answered");
    await phone.press("19*0");
    await eventually("the digits", () => customer.callbacks.find(({ Digits }) => Digits));
    assert.equal(customer.callbacks.findLast(({ Digits }) => Digits).Digits, "19*0");
    assert.equal((await phone.sees("ended")).by, "them");
  });

  claim(`${stack}: a busy number is busy`, async () => {
    await open();
    await phone.call(BUSY);
    assert.equal((await phone.sees("ended")).code, 486);
    const call = await world.workspace.newestBilled();
    assert.deepEqual([call.status, call.cost_minor], ["busy", 0]);
  });

  claim(`${stack}: ringing is heard, and giving up costs nothing`, async () => {
    await open();
    await phone.call(NEVER_ANSWERS);
    await phone.sees("ringing");
    await hears(phone.page);
    await phone.hangup();
    await phone.sees("ended");
    const call = await world.workspace.newestBilled();
    assert.deepEqual([call.to, call.status, call.cost_minor], [NEVER_ANSWERS, "canceled", 0]);
  });

  claim(`${stack}: the other side hangs up`, async () => {
    await open();
    await phone.call(HANGS_UP);
    await phone.sees("answered");
    assert.equal((await phone.sees("ended")).by, "them");
    // After five seconds by its own clock, which a started second may follow.
    const { duration_seconds: seconds } = await world.workspace.newestBilled();
    assert.ok(seconds === 5 || seconds === 6, `${seconds} s`);
  });

  claim(`${stack}: is called at the workspace's number, with sound in both directions`, async () => {
    await open();
    await world.workspace.callUs();
    assert.equal((await phone.sees("incoming")).from, ANSWERS);
    await phone.accept();
    await phone.sees("answered");
    const call = await talkAndHangUp();
    assert.equal(call.direction, "inbound");
  });

  return world;
}
