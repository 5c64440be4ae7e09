// Peak memory of long work, each time in a new process that does nothing else, on a small and a large store.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const CHILD = fileURLToPath(new URL("../memory-child.mjs", import.meta.url));
const WORKS = { backup: "full backup", verify: "verify", restore: "restore" };
const GOAL = { megabytes: 250 };

export const memory = { name: "memory", run };

async function run({ folders, runs, quick, note }) {
  const [small, large] = quick ? [10_000, 50_000] : [100_000, 1_000_000];
  const times = Math.min(runs, 3);
  const peaks = new Map();
  for (const count of [small, large])
    peaks.set(count, await measureAll(count, times, folders, note));
  return Object.keys(WORKS).flatMap((work) => [
    ...rowsOf(work, small, peaks),
    ...rowsOf(work, large, peaks, work === "backup" ? { goal: GOAL } : {}),
  ]);
}

/** Peaks of all resident memory, and of its two parts by themselves. */
function rowsOf(work, count, peaks, goal = {}) {
  const samples = peaks.get(count)[work];
  const what = `${WORKS[work]} of ${count.toLocaleString("en-US")}`;
  return [
    {
      what: `${what}: anonymous memory`,
      megabytes: samples.map(({ anonymous }) => anonymous),
      ...goal,
    },
    { what: `${what}: files mapped`, megabytes: samples.map(({ mapped }) => mapped) },
    { what: `${what}: resident, both`, megabytes: samples.map(({ peak }) => peak), ...goal },
  ];
}

/** The samples of each work on a store of `count` records. */
async function measureAll(count, times, folders, note) {
  const samples = { backup: [], verify: [], restore: [] };
  const store = folders.fresh("store");
  const child = async (work, folder, repository) => {
    note(`${work} of ${count.toLocaleString("en-US")} records`);
    const args = [CHILD, work, folder, repository, String(count)];
    return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
  };
  await child("fill", store, folders.fresh("repository"));
  for (let time = 0; time < times; time++) {
    const repository = folders.fresh("repository");
    const restored = folders.fresh("restored");
    samples.backup.push(await child("backup", store, repository));
    samples.verify.push(await child("verify", store, repository));
    samples.restore.push(await child("restore", restored, repository));
    folders.remove(repository);
    folders.remove(restored);
  }
  folders.remove(store);
  return samples;
}
