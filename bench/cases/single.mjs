// Single sets, each on disk when it resolves: one after another, and 64 under way at a time.
import { compareWriting } from "./writing.mjs";

const IN_FLIGHT = 64;

export const single = { name: "single", run };

async function run(bench) {
  const entries = bench.filled.entries();
  const sets = (what, count, inFlight) => {
    const some = entries.slice(0, count);
    const work = (writer) => writeEach(writer, some, inFlight);
    return compareWriting({ what, count: some.length, work }, bench);
  };
  return [
    ...(await sets("set, one after another", bench.quick ? 100 : 1000, 1)),
    ...(await sets(`set, ${IN_FLIGHT} in flight`, bench.quick ? 1000 : 20_000, IN_FLIGHT)),
  ];
}

/** `inFlight` loops side by side, each awaiting its own set. */
async function writeEach(writer, entries, inFlight) {
  let next = 0;
  const loop = async () => {
    while (next < entries.length) await writer.writeOne(entries[next++]);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}
