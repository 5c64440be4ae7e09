// What the cases that write share: NADB beside raw lmdb, each into an empty store, and the two rows of it.
import { timedOnEmpty } from "../contenders.mjs";
import { measure } from "../measure.mjs";

/** `work(writer)` writes `count` records. */
export async function compareWriting({ what, count, goal, work }, { folders, runs, note }) {
  const writing = (name) => () => timedOnEmpty(name, folders, count, work);
  const { nadb, raw, indexed } = await measure(
    { nadb: writing("nadb"), raw: writing("raw"), indexed: writing("indexed") },
    { runs, note: (text) => note(`${what}: ${text}`) },
  );
  const recordsOnly = { name: "raw lmdb, records only", samples: raw };
  const asMany = { name: "raw lmdb, as many index writes", samples: indexed };
  return [
    { what, samples: nadb, peer: recordsOnly, ...(goal && { goal }) },
    { what: "the same", samples: nadb, peer: asMany },
  ];
}
