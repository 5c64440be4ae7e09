// An OrderedKv over SQLite: one table of blobs in the order of their keys. A commit is flushed to the write-ahead log
// before anybody sees it (synchronous = FULL). Readers do not wait for writers, nor writers for readers.
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Entry, OrderedKv, WriteTransaction } from "@nadb/core";
import { corruption, ioError, NadbError } from "@nadb/core";
import Sqlite, { type Database, type Statement } from "better-sqlite3";

type Rows<T> = Statement<Buffer[], T>;
const TABLE = "nadb (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID";
const IN_RANGE = "FROM nadb WHERE key >= ? AND key < ? ORDER BY key LIMIT";

/** Throws NADB_NOT_A_STORE, NADB_CORRUPTION or NADB_IO. */
export function openSqlite(path: string, create: boolean): OrderedKv {
  const db = attempt(path, () => openFile(path, create));
  const sql = attempt(path, () => prepare(db));
  return {
    read: (body) => attempt(path, () => db.transaction(body).deferred(viewOf(path, sql))),
    write: async (body) => attempt(path, () => db.transaction(body).immediate(viewOf(path, sql))),
    snapshot: () => attempt(path, () => openSnapshot(path)),
    close: async () => void db.close(),
  };
}

/** A file that holds anything else is left as it is. */
function openFile(path: string, create: boolean): Database {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined && create) mkdirSync(dirname(path), { recursive: true });
  else if (!found?.isFile()) throw notAStore(path);
  const db = new Sqlite(path, { timeout: 10_000 }); // ms that a writer waits for one of another process
  const tables = () => db.prepare("SELECT name FROM sqlite_schema").pluck().all();
  try {
    if (create && tables().length === 0) db.exec(`CREATE TABLE IF NOT EXISTS ${TABLE}`);
    if (!tables().includes("nadb")) throw notAStore(path);
    for (const pragma of ["journal_mode=WAL", "synchronous=FULL", "fullfsync=1"]) db.pragma(pragma);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A connection of its own, whose first read chooses the state that it shows. */
function openSnapshot(path: string) {
  const db = new Sqlite(path, { readonly: true }).exec("BEGIN");
  const view = viewOf(path, prepare(db));
  view.get(Buffer.of(0));
  return { ...view, close: () => void db.close() };
}

const prepare = (db: Database) => ({
  get: db.prepare<[Uint8Array], Buffer>("SELECT value FROM nadb WHERE key = ?").pluck(),
  entries: db.prepare<Buffer[], Entry>(`SELECT key, value ${IN_RANGE} 1`),
  keys: db.prepare<Buffer[], Buffer>(`SELECT key ${IN_RANGE} 100`).pluck(),
  put: db.prepare<Uint8Array[]>("REPLACE INTO nadb VALUES (?, ?)"),
  delete: db.prepare<Uint8Array[]>("DELETE FROM nadb WHERE key = ?"),
});

/** What one transaction sees. No statement stays open between two calls, so any call may follow any. */
function viewOf(path: string, sql: ReturnType<typeof prepare>): WriteTransaction {
  function* walk<T>(rows: Rows<T>, keyOf: (row: T) => Uint8Array, gte: Buffer, lt: Buffer) {
    for (let from = gte; ; ) {
      const found = attempt(path, () => rows.all(from, lt));
      const last = found.at(-1);
      if (last === undefined) return;
      from = Buffer.concat([keyOf(last), Buffer.of(0)]); // the least key behind it
      yield* found;
    }
  }
  return {
    get: (key) => attempt(path, () => sql.get.get(key)),
    range: ({ gte, lt }) => walk(sql.entries, ({ key }) => key, Buffer.from(gte), Buffer.from(lt)),
    keys: ({ gte, lt }) => walk(sql.keys, (key) => key, Buffer.from(gte), Buffer.from(lt)),
    put: (key, value) => void sql.put.run(key, value),
    delete: (key) => void sql.delete.run(key),
  };
}

/** Failures of SQLite and of the system in NADB's words; what else is thrown in there passes. */
function attempt<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    const { code = "", message } = (error ?? {}) as NodeJS.ErrnoException;
    if (code === "SQLITE_NOTADB") throw notAStore(path);
    if (/^SQLITE_CORRUPT/.test(code)) throw corruption(`${path} is damaged: ${message}`);
    throw /^(SQLITE_|E[A-Z]+$)/.test(code) ? ioError(`the store in ${path}`, error) : error;
  }
}

const notAStore = (path: string): NadbError =>
  new NadbError("NADB_NOT_A_STORE", `there is no store in ${path}`, { hint: "name another file" });
