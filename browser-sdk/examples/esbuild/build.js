// esbuild leaves `new URL(…, import.meta.url)` as it is, so that the .wasm is put beside the chunks here.
import { copyFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
await build({ entryPoints: [here("./main.js")], outdir: here("./dist"), bundle: true, minify: true, format: "esm", splitting: true });
copyFileSync(createRequire(import.meta.url).resolve("@sautikit/browser/dist/sautikit_bg.wasm"), here("./dist/sautikit_bg.wasm"));
copyFileSync(here("./index.html"), here("./dist/index.html"));
