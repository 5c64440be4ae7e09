// One of the processes of a race: node racer.mjs NAMESPACE, and then what it is told by messages. Its store is in its own
// memory, the repository is wherever a message says.
import {
  BackupManager,
  directoryTarget,
  planRepair,
  pruneBackups,
  Repository,
  repairRepository,
} from "@nadb/backup";
import { KeyValueStore, memoryBackend } from "@nadb/core";

const store = await KeyValueStore.open({
  backend: memoryBackend(),
  db: "db",
  namespace: process.argv[2],
});
const copy = await KeyValueStore.open({ backend: memoryBackend(), db: "db", namespace: "copy" });

const open = (path, from = store) =>
  BackupManager.open({ store: from, target: directoryTarget(path) });

const work = {
  set: ({ key, value }) => store.set(key, value),
  create: async ({ path, id }) => (await open(path)).createBackup({ backupId: id }),
  increment: async ({ path, id, parent }) =>
    (await open(path)).createIncrementalBackup(parent, { backupId: id }),
  prune: async ({ path, policy, consolidate }) =>
    pruneBackups(await Repository.open(directoryTarget(path)), policy, { consolidate }),
  consolidate: async ({ path, id }) => (await open(path)).consolidateBackup(id),
  restore: async ({ path, id }) => {
    const { head } = await (await open(path, copy)).restoreBackup(id, { clearExisting: true });
    return head;
  },
  repair: async ({ path }) => {
    const repository = await Repository.open(directoryTarget(path));
    return repairRepository(repository, await planRepair(repository));
  },
};

process.on("message", async ({ op, number, ...rest }) => {
  try {
    process.send({ number, result: await work[op](rest) });
  } catch (error) {
    process.send({ number, code: error.code ?? "none", message: String(error.stack) });
  }
});
process.send({ ready: true });
