// Cold import time and size of the server SDKs beside those of others: figures for docs/benchmarks/server-sdks.md.
//
//   node bench/server_sdks.js [RUNS]       needs npm, python3 with venv, and the registries of both
//
// Cold is a new process; what the operating system and the language keep on disk (file cache, Python's bytecode) is warm.
// "Installed" is the package with all that it brings along.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";

const RUNS = Number(process.argv[2] ?? 31);
const SDKS = new URL("../../sdks/", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "sautikit-sdk-sizes-"));
const run = (program, args, cwd = folder) => execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

const NODE = [
  { name: "sautikit", install: () => join(folder, run("npm", ["pack", "--silent", "--pack-destination", folder], join(SDKS, "node")).trim()), code: 'require("sautikit")' },
  { name: "twilio", install: () => "twilio@6.3.1", code: 'require("twilio")' },
  { name: "africastalking", install: () => "africastalking@0.8.3", code: 'require("africastalking")' },
];
const PYTHON = [
  { name: "sautikit", install: () => join(SDKS, "python"), code: "import sautikit" },
  { name: "twilio", install: () => "twilio==9.13.0", code: "from twilio.rest import Client" },
  { name: "africastalking", install: () => "africastalking==2.0.3", code: "import africastalking" },
];

/** Bytes of all files below a folder. */
function bytesOf(path, leave = /__pycache__/) {
  let sum = 0;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    if (leave.test(entry.name)) continue;
    if (entry.isDirectory()) sum += bytesOf(inside, leave);
    else if (entry.isFile()) sum += statSync(inside).size;
  }
  return sum;
}

/** The least milliseconds that a new process spends on the import: what others do on the machine only adds to it. */
function leastOf(program, code, cwd) {
  const times = [];
  for (let i = 0; i < RUNS; i += 1) {
    const { status, stdout } = spawnSync(program, code, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    if (status !== 0) throw new Error(`${program} ${code.join(" ")}: ${status}`);
    times.push(Number(stdout));
  }
  return Math.min(...times);
}

const kB = (bytes) => Math.round(bytes / 1_000).toLocaleString("en");
const rows = [];
try {
  for (const { name, install, code } of NODE) {
    const cwd = join(folder, `node-${name}`);
    run("mkdir", [cwd]);
    run("npm", ["init", "-y", "--silent"], cwd);
    run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", install()], cwd);
    const modules = join(cwd, "node_modules");
    const { version } = JSON.parse(run("node", ["-p", `JSON.stringify(require("./node_modules/${name}/package.json"))`], cwd));
    const packages = run("npm", ["ls", "--all", "--parseable"], cwd).trim().split("\n").length - 1;
    const time = leastOf("node", ["-e", `const start = performance.now(); ${code}; console.log(performance.now() - start)`], cwd);
    rows.push(["Node.js", `${name} ${version}`, time, bytesOf(join(modules, name), /^node_modules$/), bytesOf(modules), packages]);
  }
  for (const { name, install, code } of PYTHON) {
    const venv = join(folder, `python-${name}`);
    run("python3", ["-m", "venv", "--without-pip", venv]);
    const site = run(join(venv, "bin/python"), ["-c", "import site; print(site.getsitepackages()[0])"]).trim();
    run("python3", ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", site, install()]);
    const python = join(venv, "bin/python");
    const [version, packages] = run(python, ["-c", `from importlib import metadata as m; print(m.version("${name}"), len(list(m.distributions())))`]).trim().split(" ");
    const time = leastOf(python, ["-c", `import time; start = time.perf_counter()\n${code}\nprint((time.perf_counter() - start) * 1000)`]);
    rows.push(["Python", `${name} ${version}`, time, bytesOf(join(site, name)), bytesOf(site), Number(packages)]);
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node}, ${run("python3", ["--version"], "/").trim()}, least of ${RUNS}\n`);
console.log("| language | package | cold import, ms | own files, kB | installed, kB | packages installed |\n|---|---|---|---|---|---|");
for (const [language, name, time, own, all, packages] of rows) {
  console.log(`| ${language} | ${name} | ${time.toFixed(0)} | ${kB(own)} | ${kB(all)} | ${packages} |`);
}
