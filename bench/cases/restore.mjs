// Restoring a full backup into an empty store: checked before the first write, proven before it shows.
import { fill, openManager, writers } from "../contenders.mjs";
import { measure, timed } from "../measure.mjs";

export const restore = { name: "restore", run };

async function run({ filled, folders, records, runs, note }) {
  const { folder: repository } = await filled.backup();
  const entries = filled.entries("text");
  const into = (name, work) => async () => {
    const folder = folders.fresh(name);
    const writer = await writers[name](folder);
    const sample = await timed(records, () => work(writer));
    await writer.close();
    folders.remove(folder);
    return sample;
  };
  const restoring = (options) => async ({ store }) => {
    const manager = await openManager(store, repository);
    await manager.restoreBackup("full", { clearExisting: true, ...options });
  };
  const samples = await measure(
    {
      nadb: into("nadb", restoring({})),
      unchecked: into("nadb", restoring({ verifyIntegrity: false })),
      raw: into("raw", (writer) => fill(writer, entries)),
      indexed: into("indexed", (writer) => fill(writer, entries)),
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
