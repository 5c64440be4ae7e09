// Temporary folders of one benchmark. All of them go when the process ends, however it ends.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Folders {
  #root = mkdtempSync(join(tmpdir(), "nadb-bench-"));
  #count = 0;

  constructor() {
    process.once("exit", () => this.clear());
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(0));
  }

  /** A new empty folder. */
  fresh(name) {
    const folder = join(this.#root, `${name}-${++this.#count}`);
    mkdirSync(folder);
    return folder;
  }

  remove(folder) {
    rmSync(folder, { recursive: true, force: true });
  }

  clear() {
    this.remove(this.#root);
  }
}
