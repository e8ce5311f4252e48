// Runs baresip, a softphone, with one account: it registers, answers every call, sings, and says when it hears the other side.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Debian puts them. */
const MODULES = "/usr/lib/baresip/modules";
/** What it prints when the first packets of sound have come. */
const HEARS = "incoming rtp for 'audio' established";

/**
 * Starts the phone at the server's SIP address. `settings` are further lines of its configuration, `listen` where it takes
 * calls, `account` further parameters of its account, or `written` the whole of it, `modules` further ones that it loads.
 */
export async function startBaresip(server, username, password, { transport = "udp", settings = [], listen = "127.0.0.1:0", account: more = "regint=60", written, modules: further = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "baresip-"));
  const modules = ["opus.so", "g722.so", "g711.so", "ausine.so", ...further].map((name) => `module ${name}`);
  await writeFile(join(folder, "config"), [
    `sip_listen ${listen}`, ...settings, "poll_method epoll", "audio_source ausine,440", "ausrc_srate 48000", "ausrc_channels 2", `module_path ${MODULES}`, ...modules,
    "module_app account.so", "module_app menu.so", "",
  ].join("\n"));
  const account = written ? `${written};answermode=auto` : `<sip:${username}@${server};transport=${transport}>;auth_user=${username};auth_pass=${password};answermode=auto;${more}`;
  await writeFile(join(folder, "accounts"), `${account}\n`);
  await writeFile(join(folder, "contacts"), "");
  const phone = spawn("baresip", ["-f", folder, "-v"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const output of [phone.stdout, phone.stderr]) output.setEncoding("utf8").on("data", (text) => { said += text; });
  const kill = () => phone.kill("SIGKILL");
  process.once("exit", kill);
  return {
    /** Whether sound has come. */
    hears: () => said.includes(HEARS),
    /** What it printed. */
    said: () => said,
    async stop() {
      kill();
      if (phone.exitCode === null && phone.signalCode === null) await once(phone, "exit");
      process.off("exit", kill);
      await rm(folder, { recursive: true });
    },
  };
}
