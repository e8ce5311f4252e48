// What a page loads before its first call: our SDK as it was built, and others bundled and minified by esbuild, by brotli.
//
//   cd end2end && node bench/sdk_sizes.js DIR      DIR holds a release build of the SDK (xtask sdk --release --out DIR)
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const [folder] = process.argv.slice(2);
const require = createRequire(import.meta.url);
// What preflight(), React and the element add is loaded by pages that use them.
const OURS = ["sautikit_bg.wasm", "client.js", "index.esm.js"];
// The least that can place a call.
const OTHERS = {
  "@twilio/voice-sdk": `import { Device } from "@twilio/voice-sdk"; globalThis.it = Device;`,
  "@telnyx/webrtc": `import { TelnyxRTC } from "@telnyx/webrtc"; globalThis.it = TelnyxRTC;`,
  "sip.js": `import { UserAgent, Registerer, Inviter } from "sip.js"; globalThis.it = [UserAgent, Registerer, Inviter];`,
  jssip: `import JsSIP from "jssip"; globalThis.it = JsSIP.UA;`,
};

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;
const row = (name, raw, gzip, packed) => console.log(`| ${[name, raw, gzip, packed].map((cell) => (typeof cell === "number" ? cell.toLocaleString("en-US") : cell)).join(" | ")} |`);

console.log("| what | raw | gzip | brotli |\n|---|---|---|---|");
const sums = [0, 0, 0];
for (const file of OURS) {
  const bytes = await readFile(join(folder, file));
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotli(bytes)];
  sizes.forEach((size, index) => { sums[index] += size; });
  row(`\`${file}\``, ...sizes);
}
row("**@sautikit/browser**", ...sums);
for (const [name, contents] of Object.entries(OTHERS)) {
  const { outputFiles: [{ contents: bytes }] } = await build({
    stdin: { contents, resolveDir: import.meta.dirname }, bundle: true, minify: true, write: false, format: "esm", platform: "browser", target: "es2022",
    define: { global: "globalThis" }, logLevel: "error", legalComments: "none",
  });
  row(`${name} ${JSON.parse(await readFile(packageOf(name), "utf8")).version}`, bytes.length, gzipSync(bytes, { level: 9 }).length, brotli(bytes));
}

// Not every package exports its package.json.
function packageOf(name) {
  return join(require.resolve.paths(name).find((paths) => paths.endsWith("end2end/node_modules")), name, "package.json");
}
