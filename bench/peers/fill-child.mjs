// Fills a store in a process of its own and prints the bytes that it took:
//   node fill-child.mjs <store> <folder> <bytes of a value> <records>
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { status } from "../process-memory.mjs";
import { entriesOf } from "./entries.mjs";
import { storeCalled } from "./stores.mjs";

/** About 1 MB. */
const batchOf = (bytes) => Math.max(100, Math.floor(1e6 / bytes / 10));

const [, , name, folder, ...numbers] = process.argv;
const [bytes, records] = numbers.map(Number);
const store = await storeCalled(name);
const opened = await store.open(folder);
const write = opened.fill ?? opened.setMany;
const before = status("RssAnon");
let peak = before;
const step = batchOf(bytes);
for (let from = 0; from < records; from += step) {
  const to = Math.min(from + step, records);
  await write([...entriesOf({ bytes, records }, from, to)]);
  peak = Math.max(peak, status("RssAnon"));
}
await opened.close();
console.log(JSON.stringify({ disk: allocated(folder), memory: (peak - before) * 1e6 }));

/** What the file system has given away for it, which for small files is more than their lengths. */
function allocated(path) {
  const { blocks } = statSync(path);
  const inside = readdirSync(path, { withFileTypes: true }).map((entry) =>
    entry.isDirectory()
      ? allocated(join(path, entry.name))
      : statSync(join(path, entry.name)).blocks * 512,
  );
  return inside.reduce((sum, size) => sum + size, blocks * 512);
}
