// Sets that resolve before they are durable, each awaited: until the last has resolved, and until all are flushed. NADB's
// buffer takes all of them, or is of the default size and is flushed on the way.
import { contestOfEachSize, goalFor, timedOnNew } from "./contenders.mjs";

const ALL_MB = 64;

export const buffered = { name: "peers/buffered", run };

async function run(bench) {
  const sets = (what, options) =>
    contestOfEachSize(
      what,
      (store, size) => contendersOf({ ...options, bench, store, size }),
      bench,
    );
  const untilFlushed = { finish: (opened) => opened.flush(), takesPart: canFlush };
  return [
    ...(await sets(`buffered set, until resolved, buffer of ${ALL_MB} MB`, { megabytes: ALL_MB })),
    ...(await sets(`buffered set, until all are flushed, buffer of ${ALL_MB} MB`, {
      megabytes: ALL_MB,
      ...untilFlushed,
    })),
    ...(await sets("buffered set, until all are flushed, buffer of 1 MB", untilFlushed)),
  ];
}

const canBuffer = ({ openBuffered }) => openBuffered !== undefined;
const canFlush = (store) => canBuffer(store) && store.name !== "unstorage fs";

function contendersOf({ bench, store, size, megabytes, finish, takesPart = canBuffer }) {
  if (!takesPart(store)) return [];
  return {
    store: store.name,
    unlike: store.unlike?.buffered,
    goal: size.bytes === 100 && goalFor(store, { own: { perSecond: 200_000 } }),
    sample: (seconds) =>
      timedOnNew({
        bench,
        size,
        seconds,
        open: (folder) => store.openBuffered(folder, megabytes),
        step: (opened, entry) => opened.set(entry),
        finish,
      }),
  };
}
