// The npm package as a consumer has it: package.json and dist in a node_modules of its own, beside whatever the bundlers need.
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const SDK = fileURLToPath(new URL("../../browser-sdk", import.meta.url));
const MODULES = fileURLToPath(new URL("../node_modules", import.meta.url));

/** A copy of the example `name`, in which the package and `others` are installed. */
export async function installed(name, others = []) {
  const folder = await mkdtemp(join(tmpdir(), `sautikit-${name}-`));
  if (name) await cp(join(SDK, "examples", name), folder, { recursive: true });
  const own = join(folder, "node_modules/@sautikit/browser");
  await mkdir(own, { recursive: true });
  await cp(join(SDK, "package.json"), join(own, "package.json"));
  await cp(process.env.SDK_DIST, join(own, "dist"), { recursive: true });
  for (const other of others) {
    const link = join(folder, "node_modules", other);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(MODULES, other), link);
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
