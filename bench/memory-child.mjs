// One piece of work in a process of its own, which opens the store, does the work and prints what it needed:
//   node memory-child.mjs <work> <store folder> <repository folder> <records>
import { addChain } from "./chain.mjs";
import { apply, Changes } from "./changes.mjs";
import { openManager, writers } from "./contenders.mjs";
import { status } from "./process-memory.mjs";
import { gathered, records } from "./records.mjs";

const SAMPLE_EVERY_MS = 20;
/** What an incremental holds, as a share of the records. */
const SHARE = 0.01;

/** Of a repository: `backup` comes first, then `chain`, then the others in any order. */
const works = {
  fill: async ({ writer, count }) => {
    for (const batch of gathered(records({ count }), 10_000)) await writer.write(batch);
  },
  change: ({ store, count }) => apply(store, new Changes(count).next(Math.ceil(count * SHARE))),
  backup: ({ manager, onProgress }) => manager.createBackup({ backupId: "full", onProgress }),
  incremental: ({ manager, onProgress }) =>
    manager.createIncrementalBackup("full", { backupId: "later", onProgress }),
  verify: ({ manager, onProgress }) => manager.verifyBackup("full", { onProgress }),
  restore: ({ manager, onProgress }) => restore(manager, "full", onProgress),
  chain: ({ store, manager, count }) => addChain({ store, manager }, count),
  restoreChain: async ({ manager, onProgress }) => {
    const { backupId } = (await manager.listBackups()).at(-1);
    await restore(manager, backupId, onProgress);
  },
};

const restore = (manager, backupId, onProgress) =>
  manager.restoreBackup(backupId, { clearExisting: true, onProgress });

const [, , work, folder, repository, count] = process.argv;
const writer = await writers.nadb(folder);
const { store } = writer;
const manager = await openManager(store, repository);
let anonymous = 0;
let mapped = 0;
const onProgress = () => {
  anonymous = Math.max(anonymous, status("RssAnon"));
  mapped = Math.max(mapped, status("RssFile"));
};
onProgress();
const sampling = setInterval(onProgress, SAMPLE_EVERY_MS);
await works[work]({ writer, store, manager, count: Number(count), onProgress });
clearInterval(sampling);
onProgress();
console.log(JSON.stringify({ peak: status("VmHWM"), anonymous, mapped }));
await writer.close();
