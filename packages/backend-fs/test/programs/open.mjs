// Opens the store and says how that went, then sets a key and closes.
import { args, openStore, say } from "./common.mjs";

try {
  const store = await openStore();
  await store.set(args[0] ?? "key", "value");
  await store.close();
  say("open");
} catch (error) {
  say(`${error.name} ${error.code} ${error.message}`);
}
