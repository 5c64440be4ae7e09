// data.mdb, held open beside the engine's own descriptor to see when somebody removes it: the engine would go on
// writing, and the kernel would throw all of it away with the last descriptor.
// INVARIANT: nothing is acknowledged that went into a file without a name.
import { closeSync, fstatSync, openSync } from "node:fs";
import { join } from "node:path";
import { ioError, NadbError } from "@nadb/core";
import { DATA_FILE } from "./data-file.js";

export class HeldFile {
  readonly descriptor: number;
  /** Some file systems count no names at all. */
  readonly #namesAreCounted: boolean;

  /** Throws NADB_IO when there is no data.mdb in the folder. */
  constructor(readonly folder: string) {
    try {
      this.descriptor = openSync(join(folder, DATA_FILE), "r");
    } catch (error) {
      throw ioError(`opening the store in ${folder}`, error);
    }
    this.#namesAreCounted = this.#names() > 0;
  }

  /** Throws NADB_IO once the file has been removed, or another put in its place. */
  checkNotRemoved(): void {
    if (!this.#namesAreCounted || this.#names() > 0) return;
    const message = `writing to the store in ${this.folder}: its ${DATA_FILE} has been removed`;
    throw new NadbError("NADB_IO", message, {
      hint: "what can still be read is lost on close: back it up first, then open a store that is there",
    });
  }

  close(): void {
    closeSync(this.descriptor);
  }

  #names(): number {
    return fstatSync(this.descriptor).nlink;
  }
}
