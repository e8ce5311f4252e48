// The Helm chart is what Helm takes, and its pods are nodes that this server's binary really starts, asks and drains.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { loadAll } from "js-yaml";
import { freePort } from "../support/ports.js";
import { startPostgres } from "../chaos/postgres.js";
import { binary } from "../support/server.js";
import { eventually } from "../support/workspace.js";

const CHART = join(import.meta.dirname, "../../deploy/helm/sautikit");
const HELM = join(homedir(), ".cache/sautikit/helm/bin/helm");
const run = promisify(execFile);
const helm = async (...args) => (await run(HELM, args)).stdout;

/** What the chart makes with these values, by kind and name. */
async function rendered(...values) {
  const documents = loadAll(await helm("template", "voice", CHART, ...values.flatMap((value) => ["--set", value])));
  return (kind, name = "voice") => documents.find((one) => one?.kind === kind && one.metadata.name === name);
}

/** Machines of one cluster, each with an address of its own. */
const MACHINES = ["127.0.0.11", "127.0.0.12", "127.0.0.13"];

/** One pod of the set on a machine: its environment as Kubernetes makes it, its volumes as folders. */
class Pod {
  constructor(template, secret, ip, folder) {
    const { initContainers: [migrate], containers: [serve] } = template.spec;
    Object.assign(this, { migrate, serve, ip, folder, secret });
  }

  #paths(text) {
    return text.replaceAll("/etc/sautikit", join(this.folder, "etc")).replaceAll("/var/lib/sautikit", join(this.folder, "data"));
  }

  environment({ env }) {
    const known = { NODE_IP: this.ip };
    for (const { name, value } of env) {
      if (value !== undefined) known[name] = this.#paths(value.replace(/\$\((\w+)\)/g, (_, other) => known[other]));
    }
    return { PATH: `${dirname(binary)}${delimiter}${process.env.PATH}`, ...known, ...this.secret };
  }

  async command(container, [program, ...args]) {
    return run(program, args.map((arg) => this.#paths(arg)), { env: this.environment(container) });
  }

  async open(config) {
    for (const volume of ["etc", "data"]) await mkdir(join(this.folder, volume), { recursive: true });
    await writeFile(join(this.folder, "etc/sautikit.toml"), config);
  }

  start() {
    this.process = spawn(binary, this.serve.args.map((arg) => this.#paths(arg)), { env: this.environment(this.serve), stdio: "ignore" });
  }

  /** The status that a probe gets; none when nobody answers. */
  async probe(name) {
    const { path, port } = this.serve[name].httpGet;
    const { containerPort } = this.serve.ports.find((one) => one.name === port);
    return fetch(`http://${this.ip}:${containerPort}${path}`).then((response) => response.status, () => undefined);
  }

  async stop() {
    this.process.kill("SIGTERM");
    if (this.process.exitCode === null) await once(this.process, "exit");
  }
}

let postgres, folder;
const pods = [];

before(async () => {
  [postgres, folder] = await Promise.all([startPostgres(), mkdtemp(join(tmpdir(), "sautikit-helm-"))]);
});
after(async () => {
  for (const pod of pods) pod.process?.kill("SIGKILL");
  await postgres?.remove();
  await rm(folder, { recursive: true, force: true });
});

test("Helm finds nothing in the chart, and values that can't be are refused", async () => {
  assert.match(await helm("lint", "--strict", CHART), /0 chart\(s\) failed/);
  for (const wrong of ["replicas=0", "publicUrl=http://voice.example", "drainSeconds=5", "ports.http=70000", "secretName="]) {
    await assert.rejects(rendered(wrong), /values don't meet the specifications/, wrong);
  }
});

test("the pods of the chart serve beside each other on one database, and one that goes takes no more calls", { timeout: 180_000 }, async () => {
  const ports = [];
  for (const name of ["http", "sip", "sipTls", "media", "nodes", "metrics"]) ports.push(`ports.${name}=${await freePort()}`);
  const find = await rendered(...ports, "drainSeconds=60");
  const { template, replicas } = find("StatefulSet").spec;
  assert.equal(replicas, MACHINES.length);
  const config = find("ConfigMap").data["sautikit.toml"];
  const secret = { SAUTIKIT__DATABASE__URL: postgres.url, SAUTIKIT__SECRETS__MASTER_KEY: Buffer.alloc(32, 7).toString("base64"),
    SAUTIKIT__STORAGE__S3_ACCESS_KEY_ID: "key", SAUTIKIT__STORAGE__S3_SECRET_ACCESS_KEY: "secret",
    SAUTIKIT__MAIL__SMTP_URL: "smtp://127.0.0.1:2525" };
  for (const ip of MACHINES) pods.push(new Pod(template, secret, ip, join(folder, ip)));
  for (const pod of pods) await pod.open(config);
  await pods[0].command(pods[0].serve, ["sautikit", "config", "check", "--config", "/etc/sautikit/sautikit.toml"]);
  await Promise.all(pods.map((pod) => pod.command(pod.migrate, ["sautikit", ...pod.migrate.args])));
  for (const pod of pods) pod.start();
  for (const pod of pods) await eventually(`${pod.ip} is ready`, async () => (await pod.probe("readinessProbe")) === 200);

  const [going, ...others] = pods;
  const { command } = going.serve.lifecycle.preStop.exec;
  await going.command(going.serve, command);
  assert.equal(await going.probe("readinessProbe"), 503);
  assert.equal(await going.probe("livenessProbe"), 200, "it is drained, not dead");
  for (const pod of others) assert.equal(await pod.probe("readinessProbe"), 200);
  await Promise.all(pods.map((pod) => pod.stop()));
  assert.deepEqual(pods.map((pod) => pod.process.exitCode), [0, 0, 0]);
});
