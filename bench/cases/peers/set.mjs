// Durable sets: one after another, and 64 under way at a time.
import { contestOfEachSize, goalFor, timedOnNew } from "./contenders.mjs";

const IN_FLIGHT = 64;

export const set = { name: "peers/set", run };

async function run(bench) {
  return [
    ...(await sets("durable set, one after another", 1, bench)),
    ...(await sets(`durable set, ${IN_FLIGHT} in flight`, IN_FLIGHT, bench)),
  ];
}

const sets = (what, inFlight, bench) =>
  contestOfEachSize(
    what,
    (store, size) => ({
      store: store.name,
      unlike: store.unlike?.set,
      goal: inFlight > 1 && size.bytes === 100 && goalFor(store, { own: { perSecond: 20_000 } }),
      sample: (seconds) =>
        timedOnNew({
          bench,
          size,
          seconds,
          inFlight,
          open: store.open,
          step: (opened, entry) => opened.set(entry),
        }),
    }),
    bench,
  );
