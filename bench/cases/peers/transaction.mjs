// NADB alone: what a conflict costs. The set of the other writer, which makes the conflict, is left out of the time.
import { isNadbError } from "@nadb/core";
import { contest } from "../../contest.mjs";
import { timedEach } from "../../measure.mjs";
import { nadb } from "../../peers/nadb.mjs";

const KEY = "contended";
const VALUE = Buffer.alloc(100, "value ");
const COUNT = 10_000;
/** No slower than three times the plain one. */
const GOAL = { ratio: 1 / 3 };

export const transaction = { name: "peers/transaction", run };

async function run(bench) {
  const opened = await nadb.open(bench.folders.fresh("transaction"));
  const { store } = opened;
  await store.set(KEY, VALUE);
  const contender = (name, timedWith, goal) => ({
    store: name,
    sample: (seconds) => timedWith({ count: COUNT, seconds }),
    goal,
  });
  const contests = [
    await contest(
      "transaction of one read and one write",
      [
        contender("NADB, one conflict and retry", (limits) => timedRetries(store, limits)),
        contender("NADB, no conflict", (limits) => timedEach(() => plain(store), limits), GOAL),
      ],
      bench,
    ),
    await contest(
      "set with a condition",
      [
        contender("NADB, refused with NADB_CONFLICT", (limits) =>
          timedEach(() => refused(store), limits),
        ),
        contender("NADB, committed", (limits) => timedCommits(store, limits), GOAL),
      ],
      bench,
    ),
  ];
  await opened.close();
  return contests;
}

const plain = (store) =>
  store.transaction(async (tx) => {
    await tx.get(KEY);
    tx.set(KEY, VALUE);
  });

async function timedRetries(store, limits) {
  let othersMs = 0;
  const other = async () => {
    const started = performance.now();
    await store.set(KEY, VALUE);
    othersMs += performance.now() - started;
  };
  const { count, seconds } = await timedEach(() => conflicting(store, other), limits);
  return { count, seconds: seconds - othersMs / 1000 };
}

/** In the first attempt, `other` writes between the read and the commit. */
async function conflicting(store, other) {
  let attempts = 0;
  await store.transaction(async (tx) => {
    await tx.get(KEY);
    if (attempts++ === 0) await other();
    tx.set(KEY, VALUE);
  });
  if (attempts !== 2) throw new Error(`${attempts} attempts`);
}

async function refused(store) {
  try {
    await store.set(KEY, VALUE, { ifAbsent: true });
  } catch (error) {
    if (isNadbError(error, "NADB_CONFLICT")) return;
    throw error;
  }
  throw new Error("nothing was refused");
}

async function timedCommits(store, limits) {
  let version = await store.set(KEY, VALUE);
  const step = async () => {
    version = await store.set(KEY, VALUE, { ifVersion: version });
  };
  return timedEach(step, limits);
}
