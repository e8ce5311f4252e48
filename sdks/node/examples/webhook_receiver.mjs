// Receives webhooks: each is checked, and told once.
//
//   SAUTIKIT_WEBHOOK_SECRET=whsec_… PORT=3000 node webhook_receiver.mjs
import express from "express";
import { webhooks } from "sautikit";

const app = express();
// A delivery may come twice; its event's id says so. Keep the ids where you keep what you do about them.
const seen = new Set();

app.post("/webhooks", webhooks.express(process.env.SAUTIKIT_WEBHOOK_SECRET), (request, response) => {
  const event = request.body;
  if (!seen.has(event.id)) {
    seen.add(event.id);
    console.log(`${event.event} ${event.data.call_id}`);
  }
  response.sendStatus(204);
});

app.listen(process.env.PORT, "127.0.0.1");
