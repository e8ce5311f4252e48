// WebSockets that do nothing, too much, or come and go.
import { shortly } from "./shortly.js";

shortly(["WebSocket frames that never end", "idle WebSockets", "WebSockets that open and close"]);
