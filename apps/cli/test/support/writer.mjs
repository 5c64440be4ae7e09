// An application that writes until it is told to stop. Each commit adds one log record and sets two counters to
// its number, so any consistent cut has equal counters and a log without holes. Prints each number once durable.
import { fsBackend } from "@nadb/backend-fs";
import { KeyValueStore } from "@nadb/core";

const store = await KeyValueStore.open({ backend: fsBackend({ path: process.argv[2] }) });
let stopped = false;
process.stdin.on("data", () => {
  stopped = true;
});

for (let i = 1; !stopped; i++) {
  const value = String(i);
  await store.setMany([
    { key: "counter:a", value },
    { key: `log:${value.padStart(8, "0")}`, value },
    { key: "counter:b", value },
  ]);
  process.stdout.write(`${i}\n`);
}
await store.close();
process.stdin.destroy();
