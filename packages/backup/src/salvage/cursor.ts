// Where one run of a salvage stands: the change that comes next, and the loss that lies right before it, if any.

import { changeKey, type EncodedChange, isTombstone } from "@nadb/core";
import type { BackupTarget } from "../target.js";
import type { FileWork } from "./file-bytes.js";
import { Losses, type OpenLoss } from "./losses.js";
import type { Piece } from "./piece.js";
import type { RunSource, SalvagedRun, SalvageLoss } from "./report.js";
import { piecesOf } from "./run-pieces.js";

export class SalvageCursor {
  /** Undefined at the end. */
  change: EncodedChange | undefined;
  /** What was lost between the change before and this one. */
  lossBefore: OpenLoss | undefined;
  readonly #pieces: AsyncIterator<Piece>;
  readonly #losses: Losses;
  #batch: readonly EncodedChange[] = [];
  #index = 0;
  #lastProven: string | null = null;
  #last: string | null = null;
  #recordCount = 0;
  #tombstoneCount = 0;

  constructor(
    target: BackupTarget,
    readonly source: RunSource,
    work: FileWork,
  ) {
    this.#pieces = piecesOf(target, source, work)[Symbol.asyncIterator]();
    this.#losses = new Losses(source);
  }

  async next(): Promise<void> {
    this.#index++;
    if (this.#index >= this.#batch.length) return this.load();
    this.change = this.#batch[this.#index];
    this.lossBefore = undefined;
  }

  /** Takes the next batch, and what is lost before it. */
  async load(): Promise<void> {
    this.change = undefined;
    this.lossBefore = this.source.state === "missing" ? this.#losses.missing() : undefined;
    for (;;) {
      const next = await this.#pieces.next();
      if (next.done) return;
      const piece = next.value;
      if (piece.type === "hole") this.lossBefore = this.#losses.hole(piece.hole, this.#last);
      else if (piece.changes.length > 0) return this.#take(piece);
    }
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  /** Once the end was reached. */
  result(): { readonly run: SalvagedRun; readonly losses: readonly SalvageLoss[] } {
    const kept = { recordCount: this.#recordCount, tombstoneCount: this.#tombstoneCount };
    return { run: { ...this.source, ...kept }, losses: this.#losses.settled(kept) };
  }

  #take({ changes, isProven }: Extract<Piece, { type: "changes" }>): void {
    const [first, last] = [changes[0], changes.at(-1)].map((change) =>
      changeKey(change as EncodedChange),
    ) as [string, string];
    this.#losses.endHole(first);
    if (isProven) this.#losses.endUnproven(first);
    else this.#losses.unproven(changes.length, this.#lastProven);
    this.#last = last;
    if (isProven) this.#lastProven = last;
    const tombstones = changes.filter(isTombstone).length;
    this.#tombstoneCount += tombstones;
    this.#recordCount += changes.length - tombstones;
    this.#batch = changes;
    this.#index = 0;
    this.change = changes[0];
  }
}
