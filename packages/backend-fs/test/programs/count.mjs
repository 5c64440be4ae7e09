// Once told to, sets keys of its own, and adds one to a counter that others add to as well: read, expect, retry.
import { args, openStore, say, told } from "./common.mjs";

const [name, times] = [args[0], Number(args[1])];
const store = await openStore();

async function addOne() {
  for (let tries = 1; ; tries++) {
    const record = await store.getWithMetadata("counter");
    const sum = 1 + (record === undefined ? 0 : Number(new TextDecoder().decode(record.value)));
    const put = { type: "put", key: "counter", value: new TextEncoder().encode(String(sum)) };
    const expect = [{ key: "counter", version: record?.version ?? null }];
    try {
      await store.storage.commit([put], { expect });
      return tries;
    } catch (error) {
      if (error.code !== "NADB_CONFLICT") throw error;
    }
  }
}

say("ready");
await told().next();
let tries = 0;
for (let i = 0; i < times; i++) {
  await store.set(`${name}:${i}`, name, { tags: [name] });
  tries += await addOne();
}
say(tries);
await store.close();
