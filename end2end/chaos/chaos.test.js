// Disasters, short: the programs beside this file run them as long as one likes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { databaseAway } from "./database.js";
import { canMount, diskFull } from "./disk.js";
import { killUnderCalls } from "./kill.js";
import { killUnderMoney } from "./money.js";
import { killUnderEvents } from "./webhooks.js";

const holds = ({ faults, figures }) => {
  assert.deepEqual(faults, []);
  assert.ok(figures.connected > 0, "calls went through");
};

test("a server that is killed again and again under calls closes each, bills it once and never beyond its audio", async () => {
  holds(await killUnderCalls(3, 10));
});

test("nor does one that is killed lose, double or forget a top-up, a claim or a rental, whatever M-Pesa tells when", async () => {
  const { faults, figures } = await killUnderMoney(8, 4);
  assert.deepEqual(faults, []);
  assert.ok(figures.connected > 0 && figures.taken > 0 && figures.numbers > 0 && figures.slips > 0, JSON.stringify(figures));
});

test("every event reaches its endpoint, none is invented, and a call's come in their order, however often the server is killed", async () => {
  const { faults, figures } = await killUnderEvents(3, 10);
  assert.deepEqual(faults, []);
  assert.ok(figures.events > 20, JSON.stringify(figures));
});

test("while PostgreSQL is stopped calls run on, end and are recorded when it is back", async () => {
  holds(await databaseAway(20, 8, "halt"));
});

test("a PostgreSQL that is killed loses no end of a call", async () => {
  holds(await databaseAway(20, 8, "kill"));
});

test("nor does one that answers nothing while its connections stand, and nobody waits for it for long", async () => {
  holds(await databaseAway(20, 8, "freeze"));
});

test("a full disk loses no end of a call", { skip: canMount() ? false : "needs root, to mount a small disk" }, async () => {
  holds(await diskFull(20, 8));
});

test("nor does one that is full while the database is away", { skip: canMount() ? false : "needs root, to mount a small disk" }, async () => {
  holds(await diskFull(10, 6, "postgres"));
});
