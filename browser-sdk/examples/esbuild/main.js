import { SautikitClient } from "@sautikit/browser";

const client = new SautikitClient({ tokenUrl: "/api/sip-token" });
const say = (text) => { document.querySelector("p").textContent = text; };

document.querySelector("button").addEventListener("click", async () => {
  try {
    await client.connect();
    const call = await client.call("+254722000042");
    call.on("ringing", () => say("ringing"));
    call.on("answered", () => say("answered"));
    call.on("ended", ({ reason }) => say(reason));
  } catch (error) {
    say(`${error.message} ${error.remedy}`);
  }
});
