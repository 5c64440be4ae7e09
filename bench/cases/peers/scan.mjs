// Listing the records of one prefix, a thousand of them: their keys, and their values.
import { timedEach } from "../../measure.mjs";
import { contestOfEachSize } from "./contenders.mjs";

const RANGE = 1000;
const all = (found) => found;

export const scan = { name: "peers/scan", run };

async function run(bench) {
  const scans = (what, list) =>
    contestOfEachSize(
      `scan of 1,000 records by prefix, ${what}`,
      async (store, size) => {
        const opened = await bench.peers.full(store, size);
        const count = Math.ceil(size.records / RANGE);
        const step = async (i) => required(await opened[list](prefixOf(i % count)));
        return {
          store: store.name,
          unlike: store.unlike?.[list],
          sample: (seconds) => timedEach(step, { count: 1000, seconds, pieces: all }),
        };
      },
      bench,
    );
  return [...(await scans("keys", "keys")), ...(await scans("values", "values"))];
}

/** The keys of the thousand that begins with `index * 1000` have it in common. */
const prefixOf = (index) => `user:${String(index).padStart(6, "0")}`;

function required({ length }) {
  if (length === 0) throw new Error("nothing was found");
  return length;
}
