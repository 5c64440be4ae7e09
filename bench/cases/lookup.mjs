// Reading backups without restoring them: one key, and the difference of two backups.
import { apply } from "../changes.mjs";
import { measure, timed, timedEach } from "../measure.mjs";
import { whole } from "../numbers.mjs";
import { chance, keyOf } from "../records.mjs";

/** A look-up that takes long is done fewer times. */
const LOOKUPS = { count: 100, seconds: 3 };
const SHARE = 0.01;

export const lookup = { name: "lookup", run };

async function run({ filled, runs, quick, note }) {
  const count = quick ? 50_000 : 1_000_000;
  const { store, manager, changes } = await filled.changing(count);
  const random = chance(1);
  const anyKey = () => keyOf(Math.floor(random() * count));
  await apply(store, changes.next(count * SHARE));
  await manager.createIncrementalBackup("full", { backupId: "later" });
  const samples = await measure(
    {
      full: () => timedEach(() => found(manager, "full", anyKey()), LOOKUPS),
      chain: () => timedEach(() => manager.getFromBackup("later", anyKey()), LOOKUPS),
      diff: () => timed(count, () => countDifferences(manager, count * SHARE)),
    },
    { runs: Math.min(runs, 3), note },
  );
  const of = `a backup of ${whole(count)}`;
  return [
    { what: `get of one key from ${of}`, samples: each(samples.full) },
    { what: "the same, from an incremental upon it", samples: each(samples.chain) },
    { what: `diff of ${of} and one with 1 % changed`, samples: samples.diff },
  ];
}

/** Of many look-ups, what one of them took. */
const each = (samples) =>
  samples.map(({ count, seconds, cpuSeconds }) => ({
    count: 1,
    seconds: seconds / count,
    cpuSeconds: cpuSeconds / count,
  }));

async function found(manager, backupId, key) {
  const record = await manager.getFromBackup(backupId, key);
  if (record?.key !== key) throw new Error(`${key} is not in ${backupId}`);
}

async function countDifferences(manager, atLeast) {
  let differences = 0;
  for await (const _ of manager.diffBackups("full", "later")) differences++;
  if (differences < atLeast) throw new Error(`${differences} differences`);
}
