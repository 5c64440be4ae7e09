// LevelDB: an append to its log for each write, flushed where `sync` asks for it; values are compressed (snappy).

let ClassicLevel;

export const classicLevel = {
  name: "classic-level",
  unlike: { buffered: "in the page cache: kill -9 loses nothing", values: "one walk" },
  load: async () => {
    ({ ClassicLevel } = await import("classic-level"));
  },
  open,
  openBuffered,
};

const SYNC = { sync: true };

async function openLevel(folder) {
  const db = new ClassicLevel(folder, { keyEncoding: "utf8", valueEncoding: "buffer" });
  await db.open();
  return db;
}

async function open(folder) {
  const db = await openLevel(folder);
  return {
    set: ({ key, value }) => db.put(key, value, SYNC),
    setMany: (entries) => db.batch(entries.map(putOf), SYNC),
    get: (key) => db.get(key),
    getSync: (key) => db.getSync(key),
    delete: (key) => db.del(key, SYNC),
    keys: (prefix) => db.keys(rangeOf(prefix)).all(),
    values: (prefix) => db.values(rangeOf(prefix)).all(),
    close: () => db.close(),
  };
}

const putOf = ({ key, value }) => ({ type: "put", key, value });
const rangeOf = (prefix) => ({ gte: prefix, lt: `${prefix}\uffff` });

/** A flushed write flushes the log, and with it all that was written before. */
async function openBuffered(folder) {
  const db = await openLevel(folder);
  return {
    set: ({ key, value }) => db.put(key, value),
    flush: () => db.put("flush", Buffer.alloc(0), SYNC),
    close: () => db.close(),
  };
}
