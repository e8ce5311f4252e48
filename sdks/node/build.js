// dist/: one CommonJS file, an ES module over it (so that both worlds share its classes), and the types of both.
const { buildSync } = require("esbuild");
const { execFileSync } = require("node:child_process");
const { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

process.chdir(__dirname);
rmSync("dist", { recursive: true, force: true });
const { version } = JSON.parse(readFileSync("package.json", "utf8"));
buildSync({
  entryPoints: ["src/index.ts"],
  bundle: true,
  platform: "node",
  target: "node18",
  format: "cjs",
  outfile: "dist/index.cjs",
  define: { __VERSION__: JSON.stringify(version) },
});
writeFileSync("dist/index.mjs", 'export * from "./index.cjs";\n');
execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", "."], { stdio: "inherit" });
flatten("dist/types");
rmSync("dist/types", { recursive: true });

/** Each module system has declarations of its own: the same text under two endings. */
function flatten(folder, inside = "") {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) flatten(path, join(inside, entry.name));
    else {
      const target = join("dist", inside, entry.name);
      cpSync(path, target, { recursive: true });
      const text = readFileSync(target, "utf8").replace(/((?:from |import\()"\.[^"]*)\.js"/g, '$1.mjs"');
      writeFileSync(target.replace(/\.d\.ts$/, ".d.mts"), text);
    }
  }
}
