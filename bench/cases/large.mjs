// One value of 64 MiB, of random bytes: the worst for compression.
import { randomBytes } from "node:crypto";
import { timedBackup, timedOnEmpty, timedRestore, timedVerify } from "../contenders.mjs";
import { fillNadb, fillRaw } from "../filled.mjs";
import { measure, timed } from "../measure.mjs";

const BYTES = 64 << 20;

export const large = { name: "large", run };

async function run({ folders, runs, note }) {
  const entry = { key: "large", value: randomBytes(BYTES), tags: ["a", "b"] };
  const { store, manager, repository, close } = await fillNadb(folders, [entry]);
  const raw = await fillRaw(folders, [entry]);
  const writing = (name) => () => timedOnEmpty(name, folders, 1, (writer) => writer.write([entry]));
  const reading = (read) => () =>
    timed(1, async () => {
      const { length } = await read("large");
      if (length !== BYTES) throw new Error(`a value of ${length} bytes`);
    });
  const samples = await measure(
    {
      set: writing("nadb"),
      rawSet: writing("raw"),
      get: reading((key) => store.get(key)),
      rawGet: reading((key) => raw.db.get(key)),
      backup: () => timedBackup(store, folders, 1),
      verify: () => timedVerify(manager, 1),
      restore: () => timedRestore(repository, folders, 1),
    },
    { runs, note },
  );
  await close();
  await raw.close();
  const beside = (name) => ({ name: "raw lmdb", samples: samples[name] });
  return [
    { what: "64 MiB value: set", samples: samples.set, peer: beside("rawSet") },
    { what: "64 MiB value: get", samples: samples.get, peer: beside("rawGet") },
    { what: "64 MiB value: full backup", samples: samples.backup },
    { what: "64 MiB value: verify", samples: samples.verify },
    { what: "64 MiB value: restore", samples: samples.restore },
  ];
}
