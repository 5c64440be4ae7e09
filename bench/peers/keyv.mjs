// Keyv on SQLite, as they come: a rollback journal and synchronous=FULL, so each statement is flushed when it resolves.
// It has no batches (setMany sends the sets one by one) and no scan by prefix (its iterator walks everything).
import { join } from "node:path";

let Keyv;
let KeyvSqlite;

/** Its default page of 10 reads the whole table again for every 10 records. */
const PAGE = 1000;

const WALKS_ALL = "no scan by prefix: walks all";

export const keyv = {
  name: "keyv on SQLite",
  unlike: {
    batch: "one commit for each set",
    keys: `${WALKS_ALL}, values with them`,
    values: WALKS_ALL,
  },
  load: async () => {
    ({ Keyv } = await import("keyv"));
    ({ KeyvSqlite } = await import("@keyv/sqlite"));
    await import("sqlite3");
  },
  open,
};

async function open(folder) {
  const uri = `sqlite://${join(folder, "keyv.sqlite")}`;
  const sqlite = new KeyvSqlite({ uri, iterationLimit: PAGE });
  await checkDurable(sqlite);
  const keyv = new Keyv({ store: sqlite, throwOnErrors: true });
  const select = (prefix, pick) => walk(keyv, prefix, pick);
  return {
    set: ({ key, text }) => keyv.set(key, text),
    setMany: (entries) => keyv.setMany(entries.map(({ key, text }) => ({ key, value: text }))),
    fill: (entries) => fillAtOnce(sqlite, keyv, entries),
    get: (key) => keyv.get(key),
    delete: (key) => keyv.delete(key),
    keys: (prefix) => select(prefix, (key) => key),
    values: (prefix) => select(prefix, (_, value) => value),
    close: () => keyv.disconnect(),
  };
}

/** What "durable" says of it rests on SQLite's defaults, which a build may change. */
async function checkDurable(sqlite) {
  const [{ synchronous }] = await sqlite.query("PRAGMA synchronous");
  const [{ journal_mode: journal }] = await sqlite.query("PRAGMA journal_mode");
  if (synchronous !== 2 || journal !== "delete")
    throw new Error(`SQLite runs with synchronous=${synchronous}, journal_mode=${journal}`);
}

async function walk(keyv, prefix, pick) {
  const found = [];
  for await (const [key, value] of keyv.iterator()) {
    if (key.startsWith(prefix)) found.push(pick(key, value));
  }
  return found;
}

/** Not measured: in one transaction, or filling would take minutes. */
async function fillAtOnce(sqlite, keyv, entries) {
  await sqlite.query("BEGIN");
  await keyv.setMany(entries.map(({ key, text }) => ({ key, value: text })));
  await sqlite.query("COMMIT");
}
