// NADB in one SQLite file: `sqliteBackend({ path })` for programs, sqlite: URLs for `nadb --plugin` and openBackend.
import { resolve } from "node:path";
import type { BackendPlugin, EmbeddedOptions, StorageBackend } from "@nadb/core";
import { EmbeddedBackend, invalidArgument, MAX_KEY_BYTES, MAX_TAG_BYTES } from "@nadb/core";
import { openSqlite } from "./sqlite-kv.js";

const powers = { durable: true, multiProcess: true, snapshots: true, transactions: true };
const limits = { maxKeyBytes: MAX_KEY_BYTES, maxTagBytes: MAX_TAG_BYTES, maxValueBytes: 2 ** 28 };
const capabilities = { ...powers, buffering: true, ...limits };

/** `create`: make the file when there is none. Default true; false throws NADB_NOT_A_STORE instead. */
export type SqliteBackendOptions = EmbeddedOptions & { path: string; create?: boolean };

export function sqliteBackend({ create = true, ...options }: SqliteBackendOptions): StorageBackend {
  const openKv = async () => openSqlite(resolve(options.path), create);
  return new EmbeddedBackend({ name: "sqlite", capabilities, openKv }, options);
}

/** `sqlite:./data.db` and `sqlite:/path/to/data.db`. */
export const plugin: BackendPlugin = {
  name: "sqlite",
  schemes: ["sqlite"],
  open(url, { folder = ".", ...options }) {
    const path = url.replace(/^sqlite:(\/\/(?=\/))?/, "");
    if (path === "" || path.startsWith("//")) throw invalidArgument(`"${url}" names no file`);
    return sqliteBackend({ ...options, path: resolve(folder, path) });
  },
};
