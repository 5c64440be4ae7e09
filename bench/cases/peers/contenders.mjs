// What the contests have in common: a sample of work on a new and empty store, one of work on a full store, and the
// same contest for each size of records.
import { contest } from "../../contest.mjs";
import { timedEach } from "../../measure.mjs";

/** One contest for each size; `contendersOf(store, size)` answers the contenders of one store. */
export async function contestOfEachSize(what, contendersOf, bench) {
  const contests = [];
  for (const size of bench.peers.sizes) {
    const stores = await bench.peers.stores();
    const contenders = await Promise.all(stores.map((store) => contendersOf(store, size)));
    contests.push(await contest(`${what}, ${size.label}`, contenders.flat(), bench));
  }
  return contests;
}

/** Times `step(opened, entry, i)` on a store that `open(folder)` opens and `prepare(opened, entries)` makes ready. */
export async function timedOnNew({ bench, size, open, prepare, step, finish, ...limits }) {
  const entries = await bench.peers.entries(size);
  const folder = bench.folders.fresh("peer");
  const opened = await open(folder);
  await prepare?.(opened, entries);
  const sample = await timedEach((i) => step(opened, entries[i], i), {
    count: entries.length,
    ...limits,
    finish: () => finish?.(opened),
  });
  await opened.close();
  bench.folders.remove(folder);
  return sample;
}

/** Goals are for NADB itself; `others` for what it is set beside, by name. */
export const goalFor = (store, { own, others = {} }) =>
  store.name === "NADB" ? own : others[store.name];
