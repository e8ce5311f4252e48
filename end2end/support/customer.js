// The customer's side: a web page that has a phone, its token endpoint, and the voice callback.
import { once } from "node:events";
import { createServer } from "node:http";
import { build } from "esbuild";

const phones = new URL("phones/", import.meta.url).pathname;

/** `workspace` mints the tokens; the page is at `host`. `customer.callbacks` are the forms that the voice callback was sent, `customer.answers` what it says. */
export async function startCustomer(workspace, host = "127.0.0.1") {
  const scripts = await bundles();
  const customer = { callbacks: [], answers: () => ({ actions: [] }) };
  const server = createServer(async (request, response) => {
    const json = (body) => response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    if (request.url === "/") return response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>A customer</title><link rel=icon href=data:,>");
    if (request.url === "/api/sip-token") return json(await workspace.token());
    if (request.url === "/voice") {
      const body = Buffer.concat(await request.toArray()).toString();
      const form = Object.fromEntries(new URLSearchParams(body));
      customer.callbacks.push(form);
      return json(customer.answers(form));
    }
    const script = scripts[request.url];
    if (!script) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": "text/javascript" }).end(script);
  });
  server.listen(0, host);
  await once(server, "listening");
  customer.url = `http://${host}:${server.address().port}`;
  customer.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return customer;
}

/** Each phone with the SIP stack that it uses, as one module. */
async function bundles() {
  const entryPoints = ["sdk.js", "jssip.js", "sipjs.js"].map((file) => phones + file);
  const { outputFiles } = await build({ entryPoints, bundle: true, format: "esm", write: false, outdir: phones, logLevel: "error" });
  return Object.fromEntries(outputFiles.map(({ path, text }) => [path.slice(phones.length - 1), text]));
}
