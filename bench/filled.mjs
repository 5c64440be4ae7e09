// Stores that already hold the records, for the cases that read. Filled when first asked for, then shared.
import { Changes } from "./changes.mjs";
import { fill, openManager, writers } from "./contenders.mjs";
import { gathered, records } from "./records.mjs";

/** A store of `entries`, any iterable, and a repository that holds a backup "full" of it. */
export async function fillNadb(folders, entries, batchSize = 10_000) {
  const writer = await writers.nadb(folders.fresh("nadb"));
  for (const batch of gathered(entries, batchSize)) await writer.write(batch);
  const repository = folders.fresh("repository");
  const manager = await openManager(writer.store, repository);
  await manager.createBackup({ backupId: "full" });
  return { store: writer.store, manager, repository, close: writer.close };
}

export async function fillRaw(folders, entries) {
  const writer = await writers.raw(folders.fresh("raw"));
  await fill(writer, entries);
  return writer;
}

export class Filled {
  #opened = new Map();

  constructor({ folders, records: count }) {
    this.folders = folders;
    this.count = count;
  }

  entries(values = "text") {
    return [...records({ count: this.count, values })];
  }

  nadb(values = "text") {
    return this.#once(`nadb ${values}`, () => fillNadb(this.folders, this.entries(values)));
  }

  /** Of `count` records, which change: `changes` are the next ones. Backups may be added to its repository. */
  changing(count) {
    return this.#once(`changing ${count}`, async () => {
      const filled = await fillNadb(this.folders, records({ count }));
      return { ...filled, changes: new Changes(count) };
    });
  }

  raw() {
    return this.#once("raw", () => fillRaw(this.folders, this.entries()));
  }

  async close() {
    for (const opened of this.#opened.values()) await (await opened).close();
  }

  #once(name, make) {
    if (!this.#opened.has(name)) this.#opened.set(name, make());
    return this.#opened.get(name);
  }
}
