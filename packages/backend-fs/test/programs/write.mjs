// Sets "key" to each line it is told, and says the line once the commit is acknowledged.
import { openStore, say, told } from "./common.mjs";

const store = await openStore();
say("ready");
for await (const line of told()) {
  await store.set("key", line);
  say(line);
}
await store.close();
