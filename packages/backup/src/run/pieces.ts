// Sorted pieces of a run that is being written, laid aside in the backup's own folder.
import { type EncodedChange, isTombstone } from "@nadb/core";
import { decodePack } from "../pack/reader.js";
import { encodePack } from "../pack/writer.js";
import { piecePath } from "../paths.js";
import type { BackupTarget } from "../target.js";
import { only, type SortedRun } from "./merge.js";
import type { Aside } from "./sort.js";

export class Pieces implements Aside {
  #count = 0;

  constructor(
    readonly target: BackupTarget,
    readonly backupId: string,
  ) {}

  async put(piece: readonly EncodedChange[]): Promise<void> {
    const path = piecePath(this.backupId, ++this.#count);
    const tombstoneCount = piece.filter(isTombstone).length;
    const counts = () => ({ recordCount: piece.length - tombstoneCount, tombstoneCount });
    await this.target.remove(path); // a dead writer's leftover
    await this.target.write(path, encodePack(only(piece), { level: 0, counts }));
  }

  pieces(): readonly SortedRun[] {
    return Array.from({ length: this.#count }, (_, i) => this.#read(i + 1));
  }

  async clear(): Promise<void> {
    for (let i = 1; i <= this.#count; i++) await this.target.remove(piecePath(this.backupId, i));
  }

  async *#read(number: number): AsyncGenerator<readonly EncodedChange[], void, undefined> {
    const path = piecePath(this.backupId, number);
    const size = (await this.target.size(path)) ?? 0;
    yield* decodePack(this.target.read(path), size, { ahead: 1 });
  }
}
