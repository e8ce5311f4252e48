// Connections at the web port that are held as long as they can be.
import { shortly } from "./shortly.js";

shortly([
  "connections that send nothing", "heads that never end", "kept-alive connections", "event streams", "HTTP/2 streams",
]);
