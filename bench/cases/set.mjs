// Writing in batches with two tags, into a new store, each batch awaited until it is on disk.
import { fill, writers } from "../contenders.mjs";
import { measure, timed } from "../measure.mjs";
import { shuffled } from "../records.mjs";

const GOAL = { perSecond: 60_000 };

export const set = { name: "set", run };

async function run(bench) {
  const inOrder = bench.filled.entries("text");
  const variants = [
    { what: "setMany of 10,000, keys in order", entries: inOrder, batchSize: 10_000, goal: GOAL },
    { what: "setMany of 10,000, random keys", entries: shuffled(inOrder), batchSize: 10_000, goal: GOAL },
    { what: "setMany of 1,000, keys in order", entries: inOrder, batchSize: 1000 },
    { what: "setMany of 1,000, random keys", entries: shuffled(inOrder), batchSize: 1000 },
  ];
  const rows = [];
  for (const variant of variants) rows.push(...(await runVariant(variant, bench)));
  return rows;
}

async function runVariant({ what, entries, batchSize, goal }, { folders, runs, note }) {
  const contender = (name) => async () => {
    const folder = folders.fresh(name);
    const writer = await writers[name](folder);
    const sample = await timed(entries.length, () => fill(writer, entries, batchSize));
    await writer.close();
    folders.remove(folder);
    return sample;
  };
  const samples = await measure(
    { nadb: contender("nadb"), raw: contender("raw"), indexed: contender("indexed") },
    { runs, note: (text) => note(`${what}: ${text}`) },
  );
  const indexed = { name: "raw lmdb, as many index writes", samples: samples.indexed };
  return [
    { what, samples: samples.nadb, peer: { name: "raw lmdb, records only", samples: samples.raw }, ...(goal && { goal }) },
    { what: "the same", samples: samples.nadb, peer: indexed },
  ];
}
