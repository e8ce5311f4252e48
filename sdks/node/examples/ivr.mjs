// A menu: asks for keys, says them back. Give its address to a number as `voice_callback_url`.
//
//   SAUTIKIT_SIGNING_SECRET=… PORT=3000 node ivr.mjs
import express from "express";
import { VoiceResponse, actions, parseCallback, webhooks } from "sautikit";

const app = express();
app.use(webhooks.express(process.env.SAUTIKIT_SIGNING_SECRET));

app.post("/voice", (request, response) => {
  const prompt = actions.say("Press up to three keys, then hash.");
  response.json(new VoiceResponse().getDigits({ numDigits: 3, prompt, action: "/pressed" }).say("Goodbye."));
});

app.post("/pressed", (request, response) => {
  const { From, Digits } = parseCallback(request.body);
  console.log(`${From} pressed ${Digits}`);
  response.json(new VoiceResponse().say(`You pressed ${Digits}.`).hangup());
});

app.listen(process.env.PORT, "127.0.0.1");
