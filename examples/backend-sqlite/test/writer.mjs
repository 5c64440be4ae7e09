// Commits records one by one: node writer.mjs <file> <name> <count>. Prints a key once its commit has resolved.
import { writeSync } from "node:fs";
import { KeyValueStore } from "@nadb/core";
import { sqliteBackend } from "nadb-backend-sqlite";

const [path = "", name = "", count = "0"] = process.argv.slice(2);
const store = await KeyValueStore.open({ backend: sqliteBackend({ path }) });
for (let i = 0; i < Number(count); i++) {
  await store.set(`${name}-${i}`, "value", { tags: [name] });
  writeSync(1, `${name}-${i}\n`);
}
await store.close();
