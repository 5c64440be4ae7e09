// A restore in two steps, the plan and then the deed, with time to think in between. INVARIANT: what it reads is chosen once
// and held by one shared lease from the first step to the end, so neither pruning nor a newer cut comes between the two.
import type { StorageNamespace } from "@nadb/core";
import type { BackupInfo } from "./manifest.js";
import type { LongWork } from "./progress.js";
import type { Reading } from "./reading.js";
import { Renewing } from "./renewing.js";
import type { Repository } from "./repository.js";
import { type Restoration, restoreFrom } from "./restore.js";
import { planFrom, type RestorePlan } from "./restore-plan.js";
import { checkMode, type RestoreOptions, type RestoreSource, sourceIn } from "./restore-source.js";
import { checkOutside } from "./target.js";
import { systemTimer, type Timer } from "./timer.js";

export interface PrepareRestoreOptions extends Omit<RestoreOptions, keyof LongWork> {
  /** When the lease is renewed. Default: in real time. */
  readonly timer?: Timer;
}

export interface ExecuteRestoreOptions extends LongWork {
  /** Where it goes, instead of the namespace that it was prepared for. */
  readonly into?: StorageNamespace;
}

/** Nothing deletes, merges or replaces what it reads, until it is disposed of; do that also when it is not carried out. */
export interface PreparedRestore<
  P extends RestorePlan = RestorePlan,
  R extends Restoration = Restoration,
> extends AsyncDisposable {
  /** The manifest of the cut. */
  readonly info: BackupInfo;
  /** What it would do, found by reading alone. Throws what it would throw before its first write. */
  plan(work?: LongWork): Promise<P>;
  /** Does it, as `restoreBackup` does; the backup is not proven a second time after its plan, but before it shows. */
  execute(options?: ExecuteRestoreOptions): Promise<R>;
}

/** What is held, and what all prepared restores do with it. */
export class Preparation {
  #isProven = false;

  constructor(
    readonly repository: Repository,
    readonly storage: StorageNamespace,
    readonly options: RestoreOptions,
  ) {}

  async plan(source: RestoreSource, work: LongWork): Promise<RestorePlan> {
    const plan = await planFrom(source, this.storage, { ...this.options, ...work });
    this.#isProven = true;
    return plan;
  }

  async execute(
    source: RestoreSource,
    { into, ...work }: ExecuteRestoreOptions,
  ): Promise<Restoration> {
    if (into !== undefined) await checkOutside(this.repository.target, into);
    const { verifyIntegrity = !this.#isProven } = this.options;
    const how = { ...this.options, ...work, verifyIntegrity };
    return restoreFrom(source, into ?? this.storage, how);
  }
}

class PreparedBackup implements PreparedRestore {
  readonly #preparation: Preparation;
  readonly #reading: Reading;
  readonly #renewing: Renewing;

  constructor(preparation: Preparation, reading: Reading, timer: Timer) {
    this.#preparation = preparation;
    this.#reading = reading;
    this.#renewing = new Renewing(reading.renew, timer);
  }

  get info(): BackupInfo {
    return this.#reading.tip;
  }

  async plan(work: LongWork = {}): Promise<RestorePlan> {
    return this.#preparation.plan(this.#source(), work);
  }

  async execute(options: ExecuteRestoreOptions = {}): Promise<Restoration> {
    return this.#preparation.execute(this.#source(), options);
  }

  #source(): RestoreSource {
    const { repository, options } = this.#preparation;
    return sourceIn(repository, this.#reading, this.info, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#renewing[Symbol.asyncDispose]();
    await this.#reading.release();
  }
}

/** Throws NADB_NOT_FOUND, NADB_CORRUPTION for a broken chain, NADB_INVALID_ARGUMENT. */
export async function prepareRestore(
  repository: Repository,
  storage: StorageNamespace,
  backupId: string,
  { timer, ...options }: PrepareRestoreOptions,
): Promise<PreparedRestore> {
  checkMode(options);
  const reading = await repository.reading(backupId);
  const preparation = new Preparation(repository, storage, options);
  return new PreparedBackup(preparation, reading, timer ?? systemTimer(repository.host.clock));
}
