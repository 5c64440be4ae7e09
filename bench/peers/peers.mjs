// What the contests share: the stores, their records, and the stores that are full already, each filled once.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { shuffled } from "../records.mjs";
import { entriesOf, sizesOf } from "./entries.mjs";
import { availableStores } from "./stores.mjs";

const CHILD = fileURLToPath(new URL("fill-child.mjs", import.meta.url));

export class Peers {
  #once = new Map();
  #opened = [];

  constructor({ folders, records, quick }) {
    this.folders = folders;
    this.sizes = sizesOf(quick ? Math.min(records, 10_000) : records);
  }

  stores() {
    return this.#made("stores", availableStores);
  }

  /** All records of a size, in an order without pattern. */
  entries(size) {
    return this.#made(`entries ${size.label}`, () => shuffled([...entriesOf(size)]));
  }

  /** What filling it took, in bytes: `{ disk, memory }`. */
  async fillingOf(store, size) {
    return (await this.#filled(store, size)).taken;
  }

  /** Open, with all records of a size. */
  async full(store, size) {
    const { folder } = await this.#filled(store, size);
    return this.#made(`open ${store.name} ${size.label}`, async () => {
      const opened = await store.open(folder);
      this.#opened.push(opened);
      return opened;
    });
  }

  async close() {
    for (const opened of this.#opened) await opened.close();
  }

  #filled(store, size) {
    return this.#made(`fill ${store.name} ${size.label}`, async () => {
      const folder = this.folders.fresh("full");
      const args = [CHILD, store.name, folder, String(size.bytes), String(size.records)];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      return { folder, taken: JSON.parse(stdout) };
    });
  }

  #made(name, make) {
    if (!this.#once.has(name)) this.#once.set(name, make());
    return this.#once.get(name);
  }
}
