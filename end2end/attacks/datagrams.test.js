// Floods at the SIP port.
import { shortly } from "./shortly.js";

shortly(["OPTIONS and stray BYEs", "requests with To tags", "INVITEs without credentials"]);
