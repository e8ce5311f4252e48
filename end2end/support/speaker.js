// A customer's server that has every caller spoken to until somebody hangs up.
import { once } from "node:events";
import { createServer } from "node:http";

/** Starts it and sends the workspace's calls there; `close` ends it. */
export async function startSpeaker(workspace) {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "Content-Type": "application/json" }).end('{"actions":[{"say":{"text":"Karibu.","loop":0}}]}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  await workspace.route({ voice_callback_url: `http://127.0.0.1:${server.address().port}/` });
  return { close: () => { server.closeAllConnections(); server.close(); } };
}
