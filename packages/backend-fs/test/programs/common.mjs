// What the programs share. They run on the built package, as a user's program would.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { fsBackend } from "@nadb/backend-fs";
import { KeyValueStore } from "@nadb/core";

export const [path, ...args] = process.argv.slice(2);

/** With options of the backend, and of the store. */
export const openStore = (options = {}, more = {}) =>
  KeyValueStore.open({ backend: fsBackend({ path, ...options }), ...more });

/** Written when this returns, so that a kill right after it can not take the line back. */
export const say = (line) => void writeSync(1, `${line}\n`);

/** The lines this program is told. Asking for them keeps it running until stdin ends. */
export const told = () => createInterface({ input: process.stdin })[Symbol.asyncIterator]();
