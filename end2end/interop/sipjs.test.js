// SIP.js 0.21, the other independent stack; it presses keys by INFO.
import { claimsOf } from "./claims.js";

claimsOf("sipjs", { transcoded: "by access_token", relayed: "by digest" });
