// Durable deletes of records that are there, 64 under way at a time.
import { batches } from "../../records.mjs";
import { contestOfEachSize, timedOnNew } from "./contenders.mjs";

const IN_FLIGHT = 64;
/** More would take longer to make ready than to delete. */
const MOST = 10_000;
const BATCH = 1000;

export const del = { name: "peers/delete", run };

function run(bench) {
  return contestOfEachSize(
    `durable delete, ${IN_FLIGHT} in flight`,
    (store, size) => {
      const count = Math.min(MOST, size.records);
      return {
        store: store.name,
        unlike: store.unlike?.delete,
        sample: (seconds) =>
          timedOnNew({
            bench,
            size,
            seconds,
            count,
            inFlight: IN_FLIGHT,
            open: store.open,
            prepare: (opened, entries) => fill(opened, entries.slice(0, count)),
            step: (opened, { key }) => opened.delete(key),
          }),
      };
    },
    bench,
  );
}

async function fill(opened, entries) {
  const write = opened.fill ?? opened.setMany;
  for (const group of batches(entries, BATCH)) await write(group);
}
