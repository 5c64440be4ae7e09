// Single sets, each durable when it resolves: one after another, and 64 under way at a time.
import { writers } from "../contenders.mjs";
import { measure, timed } from "../measure.mjs";

const IN_FLIGHT = 64;

export const single = { name: "single", run };

async function run({ filled, folders, runs, quick, note }) {
  const entries = filled.entries("text");
  const variants = [
    { what: "set, one after another", some: entries.slice(0, quick ? 100 : 1000), inFlight: 1 },
    { what: `set, ${IN_FLIGHT} in flight`, some: entries.slice(0, quick ? 1000 : 20_000), inFlight: IN_FLIGHT },
  ];
  const rows = [];
  for (const { what, some, inFlight } of variants) {
    const contender = (name) => async () => {
      const folder = folders.fresh(name);
      const writer = await writers[name](folder);
      const sample = await timed(some.length, () => writeEach(writer, some, inFlight));
      await writer.close();
      folders.remove(folder);
      return sample;
    };
    const samples = await measure(
      { nadb: contender("nadb"), raw: contender("raw"), indexed: contender("indexed") },
      { runs, note: (text) => note(`${what}: ${text}`) },
    );
    rows.push(
      { what, samples: samples.nadb, peer: { name: "raw lmdb, record only", samples: samples.raw } },
      { what: "the same", samples: samples.nadb, peer: { name: "raw lmdb, as many index writes", samples: samples.indexed } },
    );
  }
  return rows;
}

/** `inFlight` loops side by side, each awaiting its own set. */
async function writeEach(writer, entries, inFlight) {
  let next = 0;
  const loop = async () => {
    while (next < entries.length) await writer.write([entries[next++]]);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}
