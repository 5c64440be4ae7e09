// Writing in batches with two tags, into an empty store, each batch awaited until it is on disk.
import { fill } from "../contenders.mjs";
import { shuffled } from "../records.mjs";
import { compareWriting } from "./writing.mjs";

const GOAL = { perSecond: 60_000 };

export const set = { name: "set", run };

async function run(bench) {
  const inOrder = bench.filled.entries();
  const atRandom = shuffled(inOrder);
  const batched = (what, entries, batchSize, goal) => {
    const work = (writer) => fill(writer, entries, batchSize);
    return compareWriting({ what, count: entries.length, goal, work }, bench);
  };
  return [
    ...(await batched("setMany of 10,000, keys in order", inOrder, 10_000, GOAL)),
    ...(await batched("setMany of 10,000, random keys", atRandom, 10_000, GOAL)),
    ...(await batched("setMany of 1,000, keys in order", inOrder, 1000)),
    ...(await batched("setMany of 1,000, random keys", atRandom, 1000)),
  ];
}
