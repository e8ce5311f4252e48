"use client";
// Next.js renders this on the server first, where importing the package does nothing.
import { useState } from "react";
import { SautikitClient } from "@sautikit/browser";

export default function Page() {
  const [client] = useState(() => new SautikitClient({ tokenUrl: "/api/sip-token" }));
  const [status, say] = useState("");
  const call = async () => {
    try {
      await client.connect();
      const call = await client.call("+254722000042");
      call.on("answered", () => say("answered"));
      call.on("ended", ({ reason }) => say(reason));
    } catch (error) {
      say(`${error.message} ${error.remedy}`);
    }
  };
  return <main><button onClick={call}>Call</button><p role="status">{status}</p></main>;
}
