// Reading by key, in random order.
import { measure, timed } from "../measure.mjs";
import { batches, shuffled } from "../records.mjs";

const MANY = 100;

export const get = { name: "get", run };

async function run({ filled, runs, note }) {
  const { store } = await filled.nadb();
  const { db } = await filled.raw();
  const keys = shuffled(filled.entries("text").map(({ key }) => key));
  const groups = [...batches(keys, MANY)];
  const samples = await measure(
    {
      nadb: () => timed(keys.length, () => eachAwaited(keys, (key) => store.get(key))),
      raw: () => timed(keys.length, () => eachAwaited(keys, (key) => db.get(key))),
      rawSync: () => timed(keys.length, () => eachAtOnce(keys, db)),
      many: () => timed(keys.length, () => eachAwaited(groups, (group) => store.getMany(group))),
      rawMany: () => timed(keys.length, () => eachAwaited(groups, (group) => db.getMany(group))),
    },
    { runs, note },
  );
  const raw = { name: "raw lmdb, awaited", samples: samples.raw };
  const rawSync = { name: "raw lmdb, never awaited", samples: samples.rawSync };
  const rawMany = { name: "raw lmdb getMany", samples: samples.rawMany };
  return [
    { what: "get, one awaited at a time", samples: samples.nadb, peer: raw, goal: { ratio: 0.5 } },
    { what: "the same", samples: samples.nadb, peer: rawSync },
    { what: `getMany of ${MANY} keys`, samples: samples.many, peer: rawMany },
  ];
}

async function eachAwaited(keys, read) {
  for (const key of keys) required(await read(key));
}

function eachAtOnce(keys, db) {
  for (const key of keys) required(db.get(key));
}

function required(found) {
  if (found === undefined) throw new Error("a record is missing");
}
