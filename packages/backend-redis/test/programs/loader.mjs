// Loads records, says so, and commits when it is told to. Arguments: URL, "replace" or "merge", partitions, records.
import { once } from "node:events";
import { redisBackend } from "@nadb/backend-redis";
import { encodeRecord } from "@nadb/core";

const [url, mode, partitions, records] = process.argv.slice(2);
const backend = redisBackend({ url, partitions: Number(partitions) });
await backend.open();
const namespace = await backend.namespace({ db: "shop", namespace: "orders" });
const load = await namespace[mode]();
const stamp = { tags: ["loaded"], createdAt: 1, updatedAt: 2, version: 1 };
await load.put(
  Array.from({ length: Number(records) }, (_, i) =>
    encodeRecord({ key: `k${String(i).padStart(5, "0")}`, value: Buffer.from("new"), ...stamp }),
  ),
);
process.stdout.write("loaded\n");
await once(process.stdin, "data");
await load.commit();
process.stdout.write("committed\n");
process.exit(0);
