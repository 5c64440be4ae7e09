// Temporary folders of one benchmark. All of them go when the process ends, however it ends.
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Folders {
  #root = mkdtempSync(join(tmpdir(), "nadb-bench-"));
  #made = new Set();

  constructor() {
    process.once("exit", () => this.clear());
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(0));
  }

  /** A new empty folder. */
  fresh(name) {
    const folder = mkdtempSync(join(this.#root, `${name}-`));
    this.#made.add(folder);
    return folder;
  }

  /** Only what `fresh` has answered: a path made up by mistake is refused, whatever lies there. */
  remove(folder) {
    if (!this.#made.delete(folder)) throw new Error(`${folder} is no folder of this benchmark`);
    rmSync(folder, { recursive: true, force: true });
  }

  /** Bytes that can still be written here. */
  free() {
    const { bavail, bsize } = statfsSync(this.#root);
    return bavail * bsize;
  }

  clear() {
    rmSync(this.#root, { recursive: true, force: true });
  }
}
