// Gives the page of a signed-in person a token, so that its phone needs no API key.
//
//   SAUTIKIT_BASE_URL=… SAUTIKIT_API_KEY=… PORT=3000 node browser_token.mjs
import express from "express";
import { Sautikit } from "sautikit";

const app = express();
const client = new Sautikit();

app.post("/api/sip-token", async (request, response) => {
  // Here you know who is signed in.
  response.json(await client.sipToken({ identity: "front-desk" }));
});

app.listen(process.env.PORT, "127.0.0.1");
