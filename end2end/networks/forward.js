// Forwards connections from a namespace's address: `node forward.js HOST [TARGET …]`. Prints where it listens for each target, as
// JSON; a line on standard input cuts what is open to the target of that number. Ends with its standard input.
import { createInterface } from "node:readline";
import { startCuttable } from "../support/cuttable.js";

const [host, ...targets] = process.argv.slice(2);
const ways = await Promise.all(targets.map((target) => startCuttable(target, host)));
console.log(JSON.stringify(ways.map(({ address }) => address)));
const lines = createInterface(process.stdin);
lines.on("line", (number) => ways[Number(number)].cut());
lines.on("close", () => process.exit(0));
