// Rollup leaves `new URL(…, import.meta.url)` as it is, so that the .wasm is put beside the chunks here.
import { copyFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import resolve from "@rollup/plugin-node-resolve";

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const wasm = createRequire(import.meta.url).resolve("@sautikit/browser/dist/sautikit_bg.wasm");

export default {
  input: here("./main.js"),
  output: { dir: here("./dist"), format: "es", chunkFileNames: "[name]-[hash].js" },
  plugins: [
    resolve({ browser: true }),
    {
      name: "beside",
      writeBundle: ({ dir }) => {
        copyFileSync(wasm, join(dir, "sautikit_bg.wasm"));
        copyFileSync(here("./index.html"), join(dir, "index.html"));
      },
    },
  ],
};
