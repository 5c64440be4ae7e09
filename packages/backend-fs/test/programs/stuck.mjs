// Never comes out of a write transaction: the clock, which a commit asks inside, does not answer.
import { openStore, say } from "./common.mjs";

let stuck = false;
function clock() {
  if (stuck) say("in the transaction");
  while (stuck);
  return Date.now();
}

const store = await openStore({ clock });
stuck = true;
await store.set("a", "1");
