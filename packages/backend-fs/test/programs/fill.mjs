// Sets large values until the disk refuses, says what was acknowledged and what the refusal was, then goes on as
// an operator would: deletes something, and sets something small.
import { openStore, say } from "./common.mjs";

const store = await openStore();
const value = new Uint8Array(100_000);
let acknowledged = 0;
for (let refusals = 0; refusals < 3; ) {
  try {
    await store.set(`key${acknowledged}`, value);
    acknowledged += 1;
  } catch (error) {
    say(`${error.name} ${error.code}`);
    refusals += 1;
  }
}
say(acknowledged);
await store.deleteMany(["key0", "key1", "key2"]);
await store.set("small", "1");
say((await store.stats()).count);
await store.close();
