// Full backups into a folder: until the backup is durable, read back and proven.
import { join } from "node:path";
import { openManager } from "../contenders.mjs";
import { measure, timed } from "../measure.mjs";

export const backup = { name: "backup", run };

async function run({ filled, folders, records, runs, note }) {
  const { db } = await filled.raw();
  const stored = {};
  const contender = (values, options) => async () => {
    const { store } = await filled.nadb(values);
    const folder = folders.fresh("repository");
    const manager = await openManager(store, folder);
    const sample = await timed(records, () => manager.createBackup({ backupId: "full", ...options }));
    const { storedSize } = await manager.getBackup("full");
    stored[`${values} ${JSON.stringify(options)}`] = storedSize / 1e6;
    folders.remove(folder);
    return sample;
  };
  const copy = async () => {
    const folder = folders.fresh("copy");
    const sample = await timed(records, () => db.backup(join(folder, "data.mdb"), true));
    folders.remove(folder);
    return sample;
  };
  const samples = await measure(
    {
      text: contender("text", {}),
      noise: contender("noise", {}),
      plain: contender("text", { compression: false }),
      scan: () => timed(records, () => scan(db)),
      copy,
    },
    { runs, note },
  );
  const scanning = { name: "raw lmdb, reading all", samples: samples.scan };
  const copying = { name: "raw lmdb, compact copy of the file", samples: samples.copy };
  const goal = { perSecond: 200_000 };
  return [
    { what: "full backup", samples: samples.text, peer: scanning, goal },
    { what: "the same", samples: samples.text, peer: copying },
    { what: "full backup, values of random bytes", samples: samples.noise, peer: scanning },
    { what: "full backup, compression off", samples: samples.plain, peer: scanning },
  ];
}

function scan(db) {
  let bytes = 0;
  for (const { key, value } of db.getRange()) bytes += key.length + value.length;
  return bytes;
}
