// A full backup of 2 GiB in values of 1 MiB that nothing makes smaller, beside what the disk itself can do in the same
// minutes: the same bytes written into one file, flushed, read back and hashed.
import { createHash, randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { timedBackup } from "../contenders.mjs";
import { fillNadb } from "../filled.mjs";
import { measure, timed } from "../measure.mjs";
import { size } from "../numbers.mjs";
import { keyOf } from "../records.mjs";

const VALUE_BYTES = 1 << 20;
const WANTED_BYTES = 2 * 2 ** 30;
/** The store, the backup its filling takes, one more, and room for others who use the disk. */
const TIMES_ON_DISK = 4;
const GOAL = { megabytesPerSecond: 300 };
const MOST_RUNS = 3;

export const bulk = { name: "bulk", run };

async function run({ folders, runs, quick, note }) {
  const count = Math.floor(bytesThatFit(folders, quick ? 2 ** 26 : WANTED_BYTES) / VALUE_BYTES);
  if (count === 0) return [];
  note("filling the store");
  const { store, repository, close } = await fillNadb(folders, values(count), 16);
  folders.remove(repository);
  const bytes = count * VALUE_BYTES;
  const samples = await measure(
    {
      backup: () => timedBackup(store, folders, bytes),
      uncompressed: () => timedBackup(store, folders, bytes, { compression: false }),
      plain: () => timedPlain(folders, count),
    },
    { runs: Math.min(runs, MOST_RUNS), note },
  );
  await close();
  const peer = { name: "a plain file, read back", samples: samples.plain };
  const what = `full backup of ${size(bytes / 1e6)} in random values of 1 MiB`;
  return [
    { what, samples: samples.backup, unit: "bytes", peer, goal: GOAL },
    { what: "the same, compression off", samples: samples.uncompressed, unit: "bytes", peer },
  ];
}

/** Less than wanted where the disk has no room for it, and a line that tells so. */
function bytesThatFit(folders, wanted) {
  const fitting = folders.free() / TIMES_ON_DISK;
  if (fitting >= wanted) return wanted;
  console.error(`bulk: there is room for ${size(fitting / 1e6)} instead of ${size(wanted / 1e6)}`);
  return fitting;
}

function* values(count) {
  for (let i = 0; i < count; i++) yield { key: keyOf(i), value: randomBytes(VALUE_BYTES) };
}

async function timedPlain(folders, count) {
  const folder = folders.fresh("plain");
  const some = Array.from({ length: 16 }, () => randomBytes(VALUE_BYTES));
  const sample = await timed(count * VALUE_BYTES, async () => {
    const file = await open(join(folder, "plain"), "wx+");
    for (let i = 0; i < count; i++) await file.writeFile(some[i % some.length]);
    await file.sync();
    await readAndHash(file, count);
    await file.close();
  });
  folders.remove(folder);
  return sample;
}

async function readAndHash(file, count) {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafeSlow(VALUE_BYTES);
  for (let i = 0; i < count; i++) {
    const { bytesRead } = await file.read(buffer, 0, VALUE_BYTES, i * VALUE_BYTES);
    if (bytesRead !== VALUE_BYTES) throw new Error(`${bytesRead} bytes were read back`);
    hash.update(buffer);
  }
  return hash.digest();
}
