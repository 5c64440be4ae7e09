// An application that writes until it is told to stop. Each commit adds one log record and sets two counters to
// its number, so any consistent cut has equal counters and a log without holes. Prints each number once durable.
import { fsPlugin } from "@nadb/backend-fs";
import { redisPlugin } from "@nadb/backend-redis";
import { KeyValueStore, pluginFor } from "@nadb/core";

const [, , place] = process.argv; // a URL, or a folder for fs
const url = /^[a-z+]+:/.test(place) ? place : `fs:${place}`;
const backend = await pluginFor(url, [fsPlugin, redisPlugin]).open(url, {});
const store = await KeyValueStore.open({ backend });
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
