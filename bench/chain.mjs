// A chain: a full backup and incrementals, each of which changes a hundredth of the records.
import { apply, Changes } from "./changes.mjs";

export const LINKS = 30;
const SHARE = 0.01;

/** Adds incrementals to the backup "full" of a store of `count` records and answers the id of the last. */
export async function addChain({ store, manager }, count, onProgress = () => {}) {
  const changes = new Changes(count);
  let last = "full";
  for (let link = 1; link <= LINKS; link++) {
    await apply(store, changes.next(Math.ceil(count * SHARE)));
    const backupId = `link-${link}`;
    await manager.createIncrementalBackup(last, { backupId, onProgress });
    last = backupId;
  }
  return last;
}
