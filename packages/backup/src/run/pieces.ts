// Sorted pieces of a run that is being written, laid aside in the backup's own folder. What is read back is what was put,
// or the run fails: a writer whose lease has ended may still be writing there.
import { corruption, type EncodedChange, isTombstone } from "@nadb/core";
import { decodePack } from "../pack/reader.js";
import { encodePack } from "../pack/writer.js";
import { piecePath } from "../paths.js";
import type { BackupTarget } from "../target.js";
import { HashedChunks } from "./hashed-chunks.js";
import { only, type SortedRun } from "./merge.js";
import type { Aside } from "./sort.js";

export class Pieces implements Aside {
  readonly #checksums: string[] = [];

  constructor(
    readonly target: BackupTarget,
    readonly backupId: string,
  ) {}

  async put(piece: readonly EncodedChange[]): Promise<void> {
    const path = piecePath(this.backupId, this.#checksums.length + 1);
    const tombstoneCount = piece.filter(isTombstone).length;
    const counts = () => ({ recordCount: piece.length - tombstoneCount, tombstoneCount });
    const file = new HashedChunks();
    await this.target.write(path, file.pass(encodePack(only(piece), { codec: "none", counts })));
    this.#checksums.push(file.checksum());
  }

  pieces(): readonly SortedRun[] {
    return this.#checksums.map((checksum, i) => this.#read(i + 1, checksum));
  }

  async clear(): Promise<void> {
    for (let i = 1; i <= this.#checksums.length; i++)
      await this.target.remove(piecePath(this.backupId, i));
  }

  async *#read(
    number: number,
    checksum: string,
  ): AsyncGenerator<readonly EncodedChange[], void, undefined> {
    const path = piecePath(this.backupId, number);
    const size = (await this.target.size(path)) ?? 0;
    const file = new HashedChunks();
    yield* decodePack(file.pass(this.target.read(path)), size, { ahead: 1 });
    if (file.checksum() !== checksum) throw corruption(`${path} is not what was laid aside there`);
  }
}
