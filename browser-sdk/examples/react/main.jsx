import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { useCall, useClient } from "@sautikit/browser/react";

function Phone() {
  const { client, state: line, incoming, error: broken } = useClient({ tokenUrl: "/api/sip-token" });
  const { state, durationSeconds, isMuted, isHeld, error, ended, dial, accept, hangup, mute, hold } = useCall(client, incoming);
  const problem = error ?? broken;
  return (
    <main>
      {state === "idle" && !incoming && <button disabled={line !== "registered"} onClick={() => dial("+254722000042")}>Call</button>}
      {incoming && <button onClick={() => accept()}>Answer {incoming.from}</button>}
      {state !== "idle" && <button onClick={hangup}>Hang up</button>}
      {state === "active" && <button aria-pressed={isMuted} onClick={() => mute(!isMuted)}>Mute</button>}
      {state === "active" && <button aria-pressed={isHeld} onClick={() => hold(!isHeld)}>Hold</button>}
      <p role="status">{state === "active" ? `answered, ${durationSeconds} s` : (ended?.reason ?? state)}</p>
      {problem && <p role="alert">{problem.message} {problem.remedy}</p>}
    </main>
  );
}

createRoot(document.getElementById("root")).render(<StrictMode><Phone /></StrictMode>);
