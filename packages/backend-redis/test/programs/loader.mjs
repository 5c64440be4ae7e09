// Loads records, says so, and commits when it is told to. Arguments: URL; "replace", "merge" or "commit", which gives all of
// them to one commit; partitions; records.
import { once } from "node:events";
import { redisBackend } from "@nadb/backend-redis";
import { encodeRecord } from "@nadb/core";

const [url, mode, partitions, records] = process.argv.slice(2);
const backend = redisBackend({ url, partitions: Number(partitions), scriptMutations: 300 });
await backend.open();
const namespace = await backend.namespace({ db: "shop", namespace: "orders" });
const commit = await (mode === "commit" ? commitOfAll() : loadOfAll());
process.stdout.write("loaded\n");
await once(process.stdin, "data");
await commit();
process.stdout.write("committed\n");
process.exit(0);

function recordsOf(prefix) {
  const numbers = Array.from({ length: Number(records) }, (_, i) => String(i).padStart(5, "0"));
  return numbers.map((number) => ({
    key: `${prefix}${number}`,
    value: Buffer.from("new"),
    tags: ["loaded"],
  }));
}

async function loadOfAll() {
  const load = await namespace[mode]();
  const stamp = { createdAt: 1, updatedAt: 2, version: 1 };
  await load.put(recordsOf("k").map((record) => encodeRecord({ ...record, ...stamp })));
  return () => load.commit();
}

function commitOfAll() {
  const puts = recordsOf("{k}").map((record) => ({ type: "put", ...record }));
  return () => namespace.commit(puts);
}
