// Fetches the packages that package.json names under `vendored` into node_modules, each alone: a bundle that is complete in
// itself would otherwise bring the 250 packages it was built from. The hash is npm's own and is checked before unpacking.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const here = import.meta.dirname;
const { vendored } = JSON.parse(readFileSync(join(here, "package.json")));
const downloads = mkdtempSync(join(tmpdir(), "sautikit-vendor-"));
try {
  for (const [name, { version, integrity, files }] of Object.entries(vendored)) {
    const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", downloads, `${name}@${version}`]);
    const archive = join(downloads, packed.toString().trim());
    const found = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
    if (found !== integrity) throw new Error(`${name}@${version} is not what package.json names: ${found}`);
    const folder = join(here, "node_modules", name);
    mkdirSync(folder, { recursive: true });
    execFileSync("tar", ["-xzf", archive, "-C", folder, "--strip-components=1", ...files.map((file) => `package/${file}`)]);
  }
} finally {
  rmSync(downloads, { recursive: true });
}
