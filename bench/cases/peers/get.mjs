// Reading by key in random order, each awaited, from full stores. Where a store can also read without a promise, that
// has a line of its own.
import { timedEach } from "../../measure.mjs";
import { contestOfEachSize, goalFor } from "./contenders.mjs";

const AHEAD = { ratio: 1 };
const GOALS = {
  others: {
    "raw lmdb": { ratio: 0.5 },
    "classic-level": AHEAD,
    "keyv on SQLite": AHEAD,
    "unstorage fs": AHEAD,
  },
};

export const get = { name: "peers/get", run };

function run(bench) {
  return contestOfEachSize("get", (store, size) => contendersOf(store, size, bench), bench);
}

async function contendersOf(store, size, bench) {
  const opened = await bench.peers.full(store, size);
  const entries = await bench.peers.entries(size);
  const reading = (name, read) => ({
    store: name,
    goal: goalFor(store, GOALS),
    sample: (seconds) =>
      timedEach((i) => read(entries[i % entries.length]), {
        count: Number.POSITIVE_INFINITY,
        seconds,
      }),
  });
  const awaited = reading(store.name, async ({ key }) => required(await opened.get(key)));
  if (opened.getSync === undefined) return awaited;
  const atOnce = reading(`${store.name} getSync`, ({ key }) => required(opened.getSync(key)));
  return [awaited, { ...atOnce, goal: undefined, unlike: "blocks" }];
}

function required(found) {
  if (found === undefined || found === null) throw new Error("a record is missing");
}
