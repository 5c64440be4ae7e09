// Incremental backups of 1,000 changes, in a small and in a large store: the cost follows the changes.
import { apply } from "../changes.mjs";
import { measure, timed } from "../measure.mjs";
import { whole } from "../numbers.mjs";

const CHANGES = 1000;

export const incremental = { name: "incremental", run };

async function run({ filled, runs, quick, note }) {
  const [small, large] = quick ? [5000, 50_000] : [10_000, 1_000_000];
  const samples = await measure(
    { small: await growing(filled, small), large: await growing(filled, large) },
    { runs, note },
  );
  const what = `incremental of ${whole(CHANGES)} changes in ${whole(large)} records`;
  const peer = { name: `in ${whole(small)} records`, samples: samples.small };
  return [
    { what, samples: samples.large, peer, goal: { milliseconds: 150 } },
    { what: "the same", samples: samples.large, peer, goal: { times: 1.5 } },
  ];
}

/** Each sample changes records, which is not timed, and backs up what has changed since the sample before. */
async function growing(filled, count) {
  const { store, manager, changes } = await filled.changing(count);
  let last = "start";
  await manager.createIncrementalBackup("full", { backupId: last });
  return async (round) => {
    await apply(store, changes.next(CHANGES));
    const backupId = `changes-${round}`;
    const sample = await timed(CHANGES, () => manager.createIncrementalBackup(last, { backupId }));
    await checkChanges(manager, backupId);
    last = backupId;
    return sample;
  };
}

async function checkChanges(manager, backupId) {
  const { fileCount } = await manager.getBackup(backupId);
  if (fileCount !== CHANGES) throw new Error(`${backupId} holds ${fileCount} changes`);
}
