// Full backups into a folder: until the backup is durable, read back and proven.
import { timedBackup } from "../contenders.mjs";
import { measure, timed } from "../measure.mjs";

export const backup = { name: "backup", run };

async function run({ filled, folders, records, runs, note }) {
  const { store } = await filled.nadb();
  const { store: noise } = await filled.nadb("noise");
  const { db } = await filled.raw();
  const megabytes = {};
  const take = (name, from, options) => () =>
    timedBackup(from, folders, records, options, ({ storedSize }) => {
      megabytes[name] = [storedSize / 1e6];
    });
  const contenders = {
    text: take("text", store, {}),
    noise: take("noise", noise, {}),
    plain: take("plain", store, { compression: false }),
    scan: () => timed(records, () => scan(db)),
    copy: () => timedCopy(db, folders, records),
  };
  const samples = await measure(contenders, { runs, note });
  const scanning = { name: "raw lmdb, reading all", samples: samples.scan };
  const copying = { name: "raw lmdb, compact copy of its file", samples: samples.copy };
  const goal = { perSecond: 200_000 };
  return [
    { what: "full backup", samples: samples.text, peer: scanning, goal },
    { what: "the same", samples: samples.text, peer: copying },
    { what: "full backup, values of random bytes", samples: samples.noise, peer: scanning },
    { what: "full backup, compression off", samples: samples.plain, peer: scanning },
    { what: "its data file", megabytes: megabytes.text },
    { what: "its data file, values of random bytes", megabytes: megabytes.noise },
    { what: "its data file, compression off", megabytes: megabytes.plain },
  ];
}

function scan(db) {
  let bytes = 0;
  for (const { key, value } of db.getRange()) bytes += key.length + value.length;
  return bytes;
}

async function timedCopy(db, folders, records) {
  const folder = folders.fresh("copy");
  const sample = await timed(records, () => db.backup(folder, true));
  folders.remove(folder);
  return sample;
}
