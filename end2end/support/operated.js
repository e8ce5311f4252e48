// A server together with what its operator sees: the figures.
import { startServer } from "./server.js";

/** Starts a server as `startServer` does. The environment outranks the configuration file, where metrics are off. */
export async function startOperated(settings) {
  process.env.SAUTIKIT__METRICS__LISTEN = "127.0.0.1:0";
  const server = await startServer(settings);
  return {
    ...server,
    /** The figures by name, without `sautikit_`; those with labels are left out. */
    async metrics() {
      const [address] = /http:\/\/\S+\/metrics/.exec(await server.log());
      const text = await (await fetch(address)).text();
      return Object.fromEntries([...text.matchAll(/^sautikit_(\w+) (\d+)$/gm)].map(([, name, value]) => [name, Number(value)]));
    },
  };
}
