// One piece of work in a process of its own, which opens the store, does the work and prints what it needed:
//   node memory-child.mjs fill|backup|verify|restore <store folder> <repository folder> <records>
import { fill, openManager, writers } from "./contenders.mjs";
import { status } from "./process-memory.mjs";
import { records } from "./records.mjs";

const FILL_BATCH = 10_000;

const works = {
  fill: async (writer, _, { count }) => {
    for (let from = 0; from < count; from += FILL_BATCH)
      await fill(writer, [...records({ from, count: Math.min(FILL_BATCH, count - from) })]);
  },
  backup: (_, manager, { onProgress }) => manager.createBackup({ backupId: "full", onProgress }),
  verify: (_, manager, { onProgress }) => manager.verifyBackup("full", { onProgress }),
  restore: (_, manager, { onProgress }) =>
    manager.restoreBackup("full", { clearExisting: true, onProgress }),
};

const [, , work, folder, repository, count] = process.argv;
const writer = await writers.nadb(folder);
const manager = await openManager(writer.store, repository);
let anonymous = 0;
let mapped = 0;
const onProgress = () => {
  anonymous = Math.max(anonymous, status("RssAnon"));
  mapped = Math.max(mapped, status("RssFile"));
};
onProgress();
await works[work](writer, manager, { count: Number(count), onProgress });
onProgress();
console.log(JSON.stringify({ peak: status("VmHWM"), anonymous, mapped }));
await writer.close();
