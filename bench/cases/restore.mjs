// Restoring a full backup into an empty store: checked before the first write, proven before it shows.
import { fill, timedOnEmpty, timedRestore } from "../contenders.mjs";
import { measure } from "../measure.mjs";

export const restore = { name: "restore", run };

async function run({ filled, folders, records, runs, note }) {
  const { repository } = await filled.nadb();
  const entries = filled.entries();
  const writing = (name) => () =>
    timedOnEmpty(name, folders, records, (writer) => fill(writer, entries));
  const samples = await measure(
    {
      nadb: () => timedRestore(repository, folders, records),
      unchecked: () => timedRestore(repository, folders, records, { verifyIntegrity: false }),
      raw: writing("raw"),
      indexed: writing("indexed"),
    },
    { runs, note },
  );
  const raw = { name: "raw lmdb, records only", samples: samples.raw };
  const indexed = { name: "raw lmdb, as many index writes", samples: samples.indexed };
  const goal = { perSecond: 60_000 };
  return [
    { what: "restore", samples: samples.nadb, peer: raw, goal },
    { what: "the same", samples: samples.nadb, peer: indexed },
    { what: "restore, verifyIntegrity off", samples: samples.unchecked, peer: indexed },
  ];
}
