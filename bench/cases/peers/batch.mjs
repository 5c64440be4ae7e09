// Sets in batches, each awaited until it is durable.
import { batches } from "../../records.mjs";
import { contestOfEachSize, timedOnNew } from "./contenders.mjs";

export const batch = { name: "peers/batch", run };

/** About a tenth of the values in the larger size. */
const batchOf = ({ bytes }) => (bytes === 100 ? 1000 : 100);

function run(bench) {
  return contestOfEachSize(
    "durable sets in batches of 1,000 or, of 10 KB, 100",
    async (store, size) => {
      const groups = [...batches(await bench.peers.entries(size), batchOf(size))];
      return {
        store: store.name,
        unlike: store.unlike?.batch,
        sample: (seconds) =>
          timedOnNew({
            bench,
            size,
            seconds,
            open: store.open,
            count: groups.length,
            step: (opened, _, i) => opened.setMany(groups[i]).then(() => groups[i].length),
            pieces: (written) => written,
          }),
      };
    },
    bench,
  );
}
