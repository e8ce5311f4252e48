// Every way into the package: each example is built as its reader would build it, and calls in Chromium.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { launchBrowser } from "../support/browser.js";
import { startGateway } from "./gateway.js";
import { installed } from "./package.js";

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const MODULES = fileURLToPath(new URL("../node_modules", import.meta.url));
let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());

/** Serves `folder` beside a gateway that answers, opens `path` and hands the page over. */
async function visit(folder, use, path = "/index.html") {
  const gateway = await startGateway(folder);
  const context = await browser.newContext();
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  gateway.onRequest = async (request, reply) => {
    if (request.method !== "INVITE") return reply(200);
    reply(180);
    reply(200, {}, await page.evaluate(async (sdp) => {
      const peer = (window.far = new RTCPeerConnection());
      await peer.setRemoteDescription({ type: "offer", sdp });
      await peer.setLocalDescription(await peer.createAnswer());
      while (peer.iceGatheringState !== "complete") await new Promise((resolve) => setTimeout(resolve, 20));
      return peer.localDescription.sdp;
    }, request.body));
  };
  try {
    await page.goto(gateway.url + path);
    await use(page, gateway);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
    gateway.close();
  }
}

const calls = async (page) => {
  await page.locator("button", { hasText: "Call" }).click();
  await page.locator("[role=status]", { hasText: "answered" }).waitFor();
};

/** Builds the example in a copy of it, and calls from what was built. */
async function built(name, others, build, use = calls, out = "dist") {
  const { folder, remove } = await installed(name, others);
  try {
    await build(folder);
    await visit(join(folder, out), use);
  } finally {
    await remove();
  }
}

const vite = async (folder) => {
  const { build } = await import("vite");
  await build({ root: folder, logLevel: "error", configFile: undefined, build: { emptyOutDir: true } });
};

test("a plain <script> has the global Sautikit", async () => {
  const { folder, remove } = await installed("script");
  await mkdir(join(folder, "sdk"), { recursive: true });
  await cp(process.env.SDK_DIST, join(folder, "sdk/browser"), { recursive: true });
  await visit(folder, calls);
  await remove();
});

test("Vite", () => built("vite", [], vite));

test("webpack 5", () => built("webpack", [], async (folder) => {
  const { default: webpack } = await import("webpack");
  const { default: config } = await import(pathToFileURL(join(folder, "webpack.config.js")));
  const stats = await promisify(webpack)({ ...config, context: folder, output: { ...config.output, path: join(folder, "dist") } });
  assert.ok(!stats.hasErrors(), stats.toString());
  await cp(join(folder, "index.html"), join(folder, "dist/index.html"));
}));

test("Rollup", () => built("rollup", ["@rollup/plugin-node-resolve", "rollup"], (folder) => run(join(MODULES, ".bin/rollup"), ["-c", "--silent"], { cwd: folder })));

test("esbuild", () => built("esbuild", ["esbuild"], (folder) => run(process.execPath, ["build.js"], { cwd: folder })));

test("React: the hooks call, hold and hang up", () => built("react", ["react", "react-dom", "scheduler"], vite, async (page, gateway) => {
  await calls(page);
  const again = gateway.onRequest;
  gateway.onRequest = async (request, reply) => {
    if (request.method !== "INVITE" || !/;tag=/.test(request.header("To"))) return again(request, reply);
    return reply(200, {}, await page.evaluate(async (sdp) => {
      await far.setRemoteDescription({ type: "offer", sdp });
      await far.setLocalDescription(await far.createAnswer());
      return far.localDescription.sdp;
    }, request.body));
  };
  await page.getByRole("button", { name: "Hold" }).click();
  await page.locator("button[aria-pressed=true]", { hasText: "Hold" }).waitFor();
  await page.getByRole("button", { name: "Hang up" }).click();
  await page.locator("[role=status]", { hasText: "localHangup" }).waitFor();
  await gateway.received(({ method }) => method === "BYE");
}));

test("<sautikit-call> calls, is muted, takes keys, and axe finds nothing in any of its states", () => built("element", [], vite, async (page, gateway) => {
  await page.addScriptTag({ content: await readFile(require.resolve("axe-core/axe.min.js"), "utf8") });
  const isAccessible = async (state) => {
    const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    assert.deepEqual(violations.map(({ id, nodes }) => `${state}: ${id} ${nodes.map(({ html }) => html).join(" ")}`), []);
  };
  await page.waitForFunction(() => customElements.get("sautikit-call"));
  await isAccessible("idle");
  await page.evaluate(() => {
    window.told = [];
    for (const event of ["call", "ended", "error"]) document.addEventListener(`sautikit-${event}`, () => told.push(event));
  });
  await page.getByRole("button", { name: "Call us" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("status").filter({ hasText: "Connected" }).waitFor();
  await page.getByRole("timer").filter({ hasText: /^0:0[1-9]$/ }).waitFor();
  const mute = page.getByRole("button", { name: "Mute" });
  await mute.click();
  assert.equal(await mute.getAttribute("aria-pressed"), "true");
  await page.getByRole("button", { name: "Keypad" }).click();
  await page.getByRole("button", { name: "star" }).click();
  await isAccessible("active");
  // The keyboard is where the action is.
  assert.equal(await page.evaluate(() => document.querySelector("sautikit-call").shadowRoot.activeElement !== null), true);
  await page.getByRole("button", { name: "Hang up" }).click();
  await page.getByRole("status").filter({ hasText: "Call ended" }).waitFor();
  await isAccessible("ended");
  assert.deepEqual(await page.evaluate(() => told), ["call", "ended"]);
  // What goes wrong stands there in words.
  gateway.tokenStatus = 403;
  gateway.sockets.clients.forEach((client) => client.terminate());
  await page.evaluate(() => { document.querySelector("sautikit-call").replaceWith(document.querySelector("sautikit-call").cloneNode(true)); });
  await page.getByRole("button", { name: "Call us" }).click();
  await page.getByRole("alert").filter({ hasText: "HTTP status 403" }).waitFor();
  await isAccessible("failed");
}));

test("Next.js renders the page on its server and calls from it", () => built("next", ["next", "react", "react-dom"], async (folder) => {
  await rm(join(folder, ".next"), { recursive: true, force: true });
  await run(process.execPath, [join(MODULES, "next/dist/bin/next"), "build", "--webpack"], { cwd: folder, env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" } });
}, calls, "out"));

test("importing any part of the package on a server does nothing and breaks nothing", async () => {
  const { folder, remove } = await installed("", ["react"]);
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", `
    const before = Object.keys(globalThis).length;
    const { SautikitClient } = await import("@sautikit/browser");
    await import("@sautikit/browser/element");
    await import("@sautikit/browser/react");
    const client = new SautikitClient({ tokenUrl: "/api/sip-token" });
    client.on("incoming", () => {});
    console.log(client.state, client.calls.length, Object.keys(globalThis).length - before, process.getActiveResourcesInfo().filter((name) => /Timeout|TCP/.test(name)).length);
  `], { cwd: folder });
  assert.equal(stdout.trim(), "disconnected 0 0 0");
  await remove();
});

test("the types hold under strict, for what the documentation shows", async () => {
  const { folder, remove } = await installed("", ["react", "@types/react", "csstype"]);
  await cp(fileURLToPath(new URL("types.ts", import.meta.url)), join(folder, "types.ts"));
  const tsc = join(MODULES, "typescript/bin/tsc");
  const options = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext", "--lib", "es2022,dom,dom.iterable"];
  await run(process.execPath, [tsc, ...options, "types.ts"], { cwd: folder }).catch(({ stdout }) => assert.fail(stdout));
  await remove();
});
