// The state digests of all backups of a chain, from one pass over their runs: each run changes the state before it by what
// it takes away and what it brings. A chain of a hundred is read once, not a hundred times.
import { compareChangeKeys, type EncodedChange, isTombstone, StateDigest } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import { type ReadWork, readRun } from "../run/read-run.js";
import type { BackupTarget } from "../target.js";

/** What ended the pass, and which run of the chain it was. */
export class RunFault extends Error {
  constructor(
    readonly info: BackupInfo,
    override readonly cause: unknown,
  ) {
    super(`the run of ${info.backupId}`);
  }
}

/** @param chain oldest first. Throws RunFault for the first run that can not be read. */
export async function digestsAlong(
  target: BackupTarget,
  chain: readonly BackupInfo[],
  work: ReadWork,
): Promise<string[]> {
  const runs = chain.map((info) => new Run(target, info, work));
  const changed = chain.map(() => new StateDigest());
  try {
    for (const run of runs) await run.load();
    for (let key = leastOf(runs); key !== undefined; key = leastOf(runs))
      await passKey(key, runs, changed);
  } finally {
    await Promise.allSettled(runs.map((run) => run.close()));
  }
  const digest = new StateDigest();
  return changed.map((one) => {
    digest.xor(one.bytes());
    return digest.toHex();
  });
}

/** A change with the least key; undefined at the end of all runs. */
function leastOf(runs: readonly Run[]): EncodedChange | undefined {
  let least: EncodedChange | undefined;
  for (const { change } of runs) {
    if (change === undefined) continue;
    if (least === undefined || compareChangeKeys(change, least) < 0) least = change;
  }
  return least;
}

/** What each run says about the key, in the order in which they are laid over each other. */
async function passKey(
  key: EncodedChange,
  runs: readonly Run[],
  changed: readonly StateDigest[],
): Promise<void> {
  let before: EncodedChange | undefined;
  for (const [i, run] of runs.entries()) {
    const { change } = run;
    if (change === undefined || compareChangeKeys(change, key) !== 0) continue;
    for (const one of [before, change])
      if (one !== undefined && !isTombstone(one)) changed[i]?.toggle(one);
    before = change;
    await run.next();
  }
}

/** Where one run stands; what fails there is told with the run. */
class Run {
  /** Undefined at the end. */
  change: EncodedChange | undefined;
  readonly #batches: AsyncIterator<readonly EncodedChange[]>;
  #batch: readonly EncodedChange[] = [];
  #index = 0;

  constructor(
    target: BackupTarget,
    readonly info: BackupInfo,
    work: ReadWork,
  ) {
    this.#batches = readRun(target, info, { ...work, ahead: 1 })[Symbol.asyncIterator]();
  }

  async next(): Promise<void> {
    this.#index++;
    if (this.#index < this.#batch.length) this.change = this.#batch[this.#index];
    else await this.load();
  }

  /** Takes the next batch. */
  async load(): Promise<void> {
    do {
      const next = await this.#batches.next().catch((error: unknown) => {
        throw new RunFault(this.info, error);
      });
      this.#batch = next.done ? [] : next.value;
      this.#index = 0;
      this.change = this.#batch[0];
      if (next.done) return;
    } while (this.#batch.length === 0);
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}
