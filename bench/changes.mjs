// Random changes of a store that holds the records: three quarters sets of other values, one quarter deletes. Each one
// changes something, and no key is changed twice in one round: a backup of a round holds as many changes.
import { chance, keyOf, record } from "./records.mjs";

export class Changes {
  #gone = new Set();
  #round = 0;

  /** `count`: the records of the store. */
  constructor(count) {
    this.count = count;
  }

  /** The changes of the next round, each `{ entry }` or `{ deleted: key }`; the same for every store of as many records. */
  next(many) {
    const random = chance(1e9 + this.#round++);
    return [...distinct(many, this.count, random)].map((index, i) =>
      i % 4 === 3 && !this.#gone.has(index) ? this.#delete(index) : this.#set(index, random),
    );
  }

  #delete(index) {
    this.#gone.add(index);
    return { deleted: keyOf(index) };
  }

  #set(index, random) {
    this.#gone.delete(index);
    return { entry: record(index, random) };
  }
}

function distinct(many, below, random) {
  const chosen = new Set();
  while (chosen.size < many) chosen.add(Math.floor(random() * below));
  return chosen;
}

/** Writes them into a NADB store. */
export async function apply(store, changes) {
  await store.setMany(changes.flatMap(({ entry }) => entry ?? []));
  await store.deleteMany(changes.flatMap(({ deleted }) => deleted ?? []));
}
