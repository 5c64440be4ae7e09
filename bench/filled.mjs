// Stores that already hold the records, for the cases that read. Filled when first asked for, then shared.
import { fill, openManager, writers } from "./contenders.mjs";
import { records } from "./records.mjs";

export class Filled {
  #opened = new Map();

  constructor({ folders, records: count }) {
    this.folders = folders;
    this.entries = (values) => [...records({ count, values })];
  }

  nadb(values = "text") {
    return this.#once(`nadb-${values}`, () => this.#write("nadb", values));
  }

  raw() {
    return this.#once("raw", () => this.#write("raw", "text"));
  }

  /** A repository with a backup "full" of the filled store: its folder and its manager. */
  backup() {
    return this.#once("backup", async () => {
      const { store } = await this.nadb();
      const folder = this.folders.fresh("repository");
      const manager = await openManager(store, folder);
      await manager.createBackup({ backupId: "full" });
      return { manager, folder, close: () => {} };
    });
  }

  async close() {
    for (const opened of this.#opened.values()) await (await opened).close();
  }

  #once(name, make) {
    if (!this.#opened.has(name)) this.#opened.set(name, make());
    return this.#opened.get(name);
  }

  async #write(contender, values) {
    const writer = await writers[contender](this.folders.fresh(contender));
    await fill(writer, this.entries(values));
    return writer;
  }
}
