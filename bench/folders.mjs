// Temporary folders of one benchmark. All of them go when the process ends, however it ends.
import { mkdtempSync, rmSync } from "node:fs";
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

  clear() {
    rmSync(this.#root, { recursive: true, force: true });
  }
}
