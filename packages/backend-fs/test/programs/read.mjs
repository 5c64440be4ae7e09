// Says the value of each key it is told, and keeps reading in between, so that an old view is at hand.
import { openStore, say, told } from "./common.mjs";

const store = await openStore();
const read = async (key) => new TextDecoder().decode(await store.get(key));

let running = true;
async function keepReading() {
  while (running) {
    await read("key");
    await new Promise(setImmediate);
  }
}

const reading = keepReading();
say("ready");
for await (const key of told()) say(await read(key));
running = false;
await reading;
await store.close();
