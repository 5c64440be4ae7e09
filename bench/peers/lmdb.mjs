// Raw lmdb with its defaults: a put resolves when it is committed, `flushed` when that is on disk. Puts of one turn of
// the event loop share a commit.
import { open as openLmdb } from "lmdb";

/** As many unawaited puts as a loop that wants to be fast would send at a time. */
const TURN = 1000;

export const lmdb = {
  name: "raw lmdb",
  unlike: { buffered: "1,000 puts a turn; resolved is committed", values: "one walk" },
  load: async () => {},
  open,
  openBuffered,
};

async function open(folder) {
  const db = openLmdb({ path: folder });
  const flushed = async (written) => {
    await written;
    await db.flushed;
  };
  return {
    set: ({ key, value }) => flushed(db.put(key, value)),
    setMany: (entries) => flushed(putAll(db, entries)),
    get: (key) => db.get(key),
    delete: (key) => flushed(db.remove(key)),
    keys: (prefix) => [...db.getKeys(rangeOf(prefix))],
    values: (prefix) => Array.from(db.getRange(rangeOf(prefix)), ({ value }) => value),
    close: () => db.close(),
  };
}

function putAll(db, entries) {
  let last;
  for (const { key, value } of entries) last = db.put(key, value);
  return last;
}

const rangeOf = (prefix) => ({ start: prefix, end: `${prefix}\uffff` });

async function openBuffered(folder) {
  const db = openLmdb({ path: folder });
  let [last, sent] = [undefined, 0];
  return {
    set: ({ key, value }) => {
      last = db.put(key, value);
      return ++sent % TURN === 0 ? last : undefined;
    },
    flush: async () => {
      await last;
      await db.flushed;
    },
    close: () => db.close(),
  };
}
