// The plan of a restore: what it would do to the target, found by reading alone. The same checks, the same selection, the
// same rules for conflicts as the restore itself.
import {
  compareBytes,
  compareUtf8,
  decodeRecord,
  type EncodedChange,
  everyPage,
  recordValueLength,
  type StorageNamespace,
  type StoredRecord,
} from "@nadb/core";
import type { Repository } from "./repository.js";
import { checkMode, type RestoreOptions, type RestoreSource, sourceIn } from "./restore-source.js";
import type { PassedOver } from "./selection.js";

export interface RestorePlan extends Readonly<PassedOver> {
  readonly backupId: string;
  /** Oldest first: what is read. */
  readonly chain: readonly string[];
  readonly clearsExisting: boolean;
  /** Records that are not there yet. */
  readonly add: number;
  /** Records that are there with other content. */
  readonly change: number;
  /** Records that are there just so. */
  readonly same: number;
  /** Records that stay as they are because of `onConflict`. */
  readonly skip: number;
  /** Records that are there and go. */
  readonly delete: number;
  /** Bytes of the values to be written. */
  readonly bytes: number;
  /** Some keys of each kind. */
  readonly samples: Readonly<Record<PlannedAction, readonly string[]>>;
}

export type PlannedAction = "add" | "change" | "skip" | "delete";

const SAMPLES = 10;
const BATCH = 500;

/** Throws what the restore would throw before its first write. */
export async function planRestore(
  repository: Repository,
  storage: StorageNamespace,
  backupId: string,
  options: RestoreOptions,
): Promise<RestorePlan> {
  checkMode(options);
  await using reading = await repository.reading(backupId);
  return await planFrom(sourceIn(repository, reading, reading.tip, options), storage, options);
}

export async function planFrom(
  { info, chain, selection, check }: RestoreSource,
  storage: StorageNamespace,
  options: RestoreOptions,
): Promise<RestorePlan> {
  const plan = new Tally();
  const existing = new KeysAhead(storage, options.clearExisting === true);
  for await (const records of check(options)) {
    const selected = selection.select(records);
    for (let i = 0; i < selected.length; i += BATCH) {
      await compare(selected.slice(i, i + BATCH), storage, existing, plan, options);
    }
  }
  for await (const key of existing.rest()) plan.count("delete", key);
  return {
    backupId: info.backupId,
    chain: chain.map((one) => one.backupId),
    clearsExisting: options.clearExisting === true,
    ...plan.counts,
    bytes: plan.bytes,
    ...selection.passedOver,
    samples: plan.samples,
  };
}

async function compare(
  records: readonly EncodedChange[],
  storage: StorageNamespace,
  existing: KeysAhead,
  plan: Tally,
  options: RestoreOptions,
): Promise<void> {
  const decoded = records.map(decodeRecord);
  const found = await storage.getMany(decoded.map((record) => record.key));
  for (const [i, record] of decoded.entries()) {
    for await (const key of existing.before(record.key)) plan.count("delete", key);
    const action = actionFor(record, found[i], options);
    plan.count(action, record.key);
    if (action === "add" || action === "change") {
      plan.bytes += recordValueLength(records[i] as EncodedChange);
    }
  }
}

function actionFor(
  record: StoredRecord,
  there: StoredRecord | undefined,
  { onConflict = "overwrite" }: RestoreOptions,
): "add" | "change" | "same" | "skip" {
  if (there === undefined) return "add";
  if (isSame(record, there)) return "same";
  if (onConflict === "keep-existing") return "skip";
  return onConflict === "keep-newer" && there.updatedAt >= record.updatedAt ? "skip" : "change";
}

export const isSame = (a: StoredRecord, b: StoredRecord): boolean =>
  a.expiresAt === b.expiresAt &&
  a.tags.length === b.tags.length &&
  a.tags.every((tag, i) => tag === b.tags[i]) &&
  compareBytes(a.value, b.value) === 0;

class Tally {
  readonly counts = { add: 0, change: 0, same: 0, skip: 0, delete: 0 };
  readonly samples = {
    add: [] as string[],
    change: [] as string[],
    skip: [] as string[],
    delete: [] as string[],
  };
  bytes = 0;

  count(action: keyof Tally["counts"], key: string): void {
    this.counts[action]++;
    if (action !== "same" && this.samples[action].length < SAMPLES) this.samples[action].push(key);
  }
}

/** The keys of the target, walked beside the backup's, which come in the same order. */
class KeysAhead {
  readonly #keys: AsyncGenerator<string, void, undefined>;
  #next: IteratorResult<string, void> | undefined;

  constructor(storage: StorageNamespace, isWanted: boolean) {
    this.#keys = isWanted ? everyPage((from) => storage.keys(from)) : nothing();
  }

  /** Those that stand before `key` and have not been given yet; `key` itself is passed over. */
  async *before(key: string): AsyncGenerator<string, void, undefined> {
    for (;;) {
      this.#next ??= await this.#keys.next();
      if (this.#next.done) return;
      const order = compareUtf8(this.#next.value, key);
      if (order > 0) return;
      if (order < 0) yield this.#next.value;
      this.#next = undefined;
    }
  }

  async *rest(): AsyncGenerator<string, void, undefined> {
    if (this.#next !== undefined && !this.#next.done) yield this.#next.value;
    yield* this.#keys;
  }
}

async function* nothing(): AsyncGenerator<string, void, undefined> {}
