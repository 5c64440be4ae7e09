// A process made to be killed. It says on stdout what it is about to do and what is done, each at once, so that
// the parent can choose the instant: node victim.mjs backup|restore|merge <store> <repository> <ids…>
import { writeSync } from "node:fs";
import { fsBackend } from "@nadb/backend-fs";
import { BackupManager, directoryTarget } from "@nadb/backup";
import { KeyValueStore } from "@nadb/core";

const [mode, path, repository, ...ids] = process.argv.slice(2);
const say = (line) => writeSync(1, `${line}\n`);

/** The target, saying each step: every file operation and every chunk is a place to die. */
function talking(target) {
  async function* chunksOf(chunks, path) {
    for await (const chunk of chunks) {
      say(`step chunk of ${path}`);
      yield chunk;
    }
  }
  const step =
    (name) =>
    (file, ...rest) => {
      say(`step ${name} ${file}`);
      return target[name](file, ...rest);
    };
  return {
    name: target.name,
    owner: target.owner,
    isGone: (owner) => target.isGone(owner),
    list: step("list"),
    size: step("size"),
    remove: step("remove"),
    read: (file, options) => chunksOf(target.read(file, options), file),
    write: (file, chunks, options) => target.write(file, chunksOf(chunks, file), options),
  };
}

const store = await KeyValueStore.open({ backend: fsBackend({ path }) });
const manager = await BackupManager.open({ store, target: talking(directoryTarget(repository)) });
say("ready");
for (const id of ids) {
  say(`begin ${id}`);
  if (mode === "backup") await manager.createBackup({ backupId: id });
  else await manager.restoreBackup(id.split("@")[0], { clearExisting: mode === "restore" });
  say(`done ${id}`);
}
await store.close();
