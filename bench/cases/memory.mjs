// Peak memory of long work, each time in a new process that does nothing else, on a large store beside a small one:
// a backup's memory does not follow the store.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { whole } from "../numbers.mjs";

const CHILD = fileURLToPath(new URL("../memory-child.mjs", import.meta.url));
const GOAL = { megabytes: 300 };
const MOST_RUNS = 3;

const WORKS = {
  backup: "full backup",
  incremental: "incremental of 1 %",
  verify: "verify",
  restore: "restore --clear",
  restoreChain: "restore of a full and 30 incrementals",
};

/** What is read from a process: all of it, and its two parts. */
const KINDS = { anonymous: "anonymous memory", mapped: "files mapped", peak: "resident, both" };

export const memory = { name: "memory", run };

async function run({ folders, runs, quick, note }) {
  const [small, large] = quick ? [10_000, 50_000] : [100_000, 1_000_000];
  const peaks = {};
  for (const count of [small, large])
    peaks[count] = await measureAll({ count, runs: Math.min(runs, MOST_RUNS), folders, note });
  return Object.keys(WORKS).flatMap((work) =>
    Object.keys(KINDS).map((kind) => {
      const megabytes = (count) => peaks[count][work].map((sample) => sample[kind]);
      const peer = { name: `of ${whole(small)}`, megabytes: megabytes(small) };
      const what = `${WORKS[work]}, ${whole(large)} records: ${KINDS[kind]}`;
      return { what, megabytes: megabytes(large), peer, ...(kind !== "mapped" && { goal: GOAL }) };
    }),
  );
}

/** The samples of each work on a store of `count` records. */
async function measureAll({ count, runs, folders, note }) {
  const samples = Object.fromEntries(Object.keys(WORKS).map((work) => [work, []]));
  for (let run = 0; run < runs; run++) {
    const child = (work, folder, repository) => {
      note(`${work} of ${whole(count)} records, run ${run + 1} of ${runs}`);
      return inChild(work, folder, repository, count);
    };
    for await (const [work, sample] of measureOnce(child, folders)) samples[work].push(sample);
  }
  return samples;
}

/** Every work once, in an order in which each finds what it needs. */
async function* measureOnce(child, folders) {
  const [store, repository] = [folders.fresh("store"), folders.fresh("repository")];
  await child("fill", store, repository);
  yield ["backup", await child("backup", store, repository)];
  yield ["verify", await child("verify", store, repository)];
  yield [
    "restore",
    await inNewStore((restored) => child("restore", restored, repository), folders),
  ];
  await child("change", store, repository);
  yield ["incremental", await child("incremental", store, repository)];
  await child("chain", store, repository);
  yield [
    "restoreChain",
    await inNewStore((restored) => child("restoreChain", restored, repository), folders),
  ];
  folders.remove(store);
  folders.remove(repository);
}

async function inNewStore(work, folders) {
  const folder = folders.fresh("restored");
  const answer = await work(folder);
  folders.remove(folder);
  return answer;
}

async function inChild(work, folder, repository, count) {
  const args = [CHILD, work, folder, repository, String(count)];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
}
