// Our own SDK.
import { claimsOf } from "./claims.js";

const TOKENS = "by the page's token endpoint";

claimsOf("sdk", { transcoded: TOKENS, relayed: TOKENS });
