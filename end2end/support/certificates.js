// Certificates for tests, by openssl: an authority and what it signs.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const openssl = (folder, ...args) => run("openssl", args, { cwd: folder });

/** An authority of the test. */
export async function startAuthority() {
  const folder = await mkdtemp(join(tmpdir(), "certificates-"));
  await openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Authority of the test");
  let serial = 1;
  return {
    file: join(folder, "ca.pem"),
    pem: await readFile(join(folder, "ca.pem"), "utf8"),
    /** Writes a certificate for these names, each `DNS:…` or `IP:…`; the same `file` is written anew. */
    async issue(file, ...names) {
      const extensions = join(folder, `${file}.ext`);
      await writeFile(extensions, `subjectAltName=${names.join(",")}\nextendedKeyUsage=serverAuth,clientAuth\n`);
      serial += 1;
      await openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", `${file}.key`, "-out", `${file}.csr`, "-subj", `/CN=${file}`);
      await openssl(folder, "x509", "-req", "-in", `${file}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", String(serial), "-days", "2", "-extfile", extensions, "-out", `${file}.pem`);
      return { certificate: join(folder, `${file}.pem`), key: join(folder, `${file}.key`), serial };
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
