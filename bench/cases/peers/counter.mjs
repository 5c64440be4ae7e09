// NADB alone: transactions that add one to the same counter, alone and eight at a time. None may be lost.
import { contest } from "../../contest.mjs";
import { timedEach } from "../../measure.mjs";
import { nadb } from "../../peers/nadb.mjs";

const KEY = "counter";
const AT_ONCE = 8;

export const counter = { name: "peers/counter", run };

async function run(bench) {
  const opened = await nadb.open(bench.folders.fresh("counter"));
  const contender = (store, inFlight) => ({
    store,
    sample: (seconds) => timedIncrements(opened.store, inFlight, seconds),
  });
  const found = await contest(
    "transaction that adds one to a counter",
    [contender(`NADB, ${AT_ONCE} at a time`, AT_ONCE), contender("NADB, one at a time", 1)],
    bench,
  );
  await opened.close();
  return [found];
}

async function timedIncrements(store, inFlight, seconds) {
  await store.set(KEY, "0");
  const sample = await timedEach(() => increment(store), { count: 10_000, seconds, inFlight });
  const counted = await countOf(store);
  if (counted !== sample.count) throw new Error(`${sample.count} were added, ${counted} counted`);
  return sample;
}

const increment = (store) =>
  store.transaction(async (tx) => {
    tx.set(KEY, String((await countOf(tx)) + 1));
  });

const countOf = async (from) => Number(Buffer.from(await from.get(KEY)).toString());
