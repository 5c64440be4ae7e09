// Staged loads: content gathers in a space of its own, which no reader knows, and is put in place by one
// transaction: as the whole content (replace) or over it (merge). A load that nobody feeds for an hour
// counts as abandoned, and its space goes to the garbage.
import type {
  EncodedChange,
  Loaded,
  NamespaceId,
  StagedCommitOptions,
  StagedLoad,
} from "../backend.js";
import { toHex } from "../bytes.js";
import { StateDigest } from "../digest.js";
import { corruption, invalidArgument, NadbError } from "../errors.js";
import {
  changeKey,
  changeTime,
  changeVersion,
  decodeChange,
  decodeRecord,
  isTombstone,
  withVersion,
} from "../record.js";
import { Applier, isExpired, readRecord } from "./apply.js";
import { feed } from "./changes.js";
import { headOf } from "./checkpoint.js";
import { type NamespaceEntry, newEntry, newGeneration, type Totals } from "./entry.js";
import { throwAway } from "./garbage.js";
import { allStagings, Space, spaceOfKey, stagingKey } from "./layout.js";
import type { ReadTransaction, WriteTransaction } from "./ordered-kv.js";
import type { Reigns } from "./reigns.js";
import { newSpace, readEntry, writeEntry } from "./root.js";
import type { WriteBody, WriteOptions } from "./write-groups.js";

/** A load untouched for this long is abandoned: its process died. */
const ABANDONED_AFTER_MS = 3_600_000;

export type LoadMode = "replace" | "merge";

/** What a merge may do where both sides have a record; see MergeOptions. */
export const ON_CONFLICT = ["overwrite", "keep-existing", "keep-newer"] as const;
type OnConflict = (typeof ON_CONFLICT)[number];

/** What a load needs of its backend. */
export interface LoadHost {
  readonly id: NamespaceId;
  readonly clock: () => number;
  readonly random: (bytes: Uint8Array) => void;
  readonly reigns: Reigns;
  write<T>(body: WriteBody<T>, options?: WriteOptions): Promise<T>;
  /** Told that a space went to the garbage; collects it in the background. */
  garbageMade(): void;
  /** Collects all there is. */
  collectGarbage(): Promise<void>;
}

interface StagingEntry extends Totals {
  touchedAt: number;
  /** Of the namespace when the load began; null when it had never been written to. */
  readonly generation: string | null;
}

/** Begins a load, once what earlier ones left is gone: so a store holds one dead generation at most. */
export async function beginLoad(
  host: LoadHost,
  mode: LoadMode,
  onConflict: OnConflict = "overwrite",
): Promise<StagedLoad> {
  await host.collectGarbage();
  const space = await host.write((tx) => {
    dropAbandoned(tx, host.clock());
    const number = newSpace(tx);
    const generation = generationOf(readEntry(tx, host.id));
    const totals = { version: 0, count: 0, bytes: 0, digest: new StateDigest() };
    writeStaging(tx, number, { ...totals, touchedAt: host.clock(), generation });
    return number;
  });
  return new EmbeddedLoad(host, mode, space, onConflict);
}

class EmbeddedLoad implements StagedLoad {
  #ended = false;
  readonly #space: Space;

  constructor(
    readonly host: LoadHost,
    readonly mode: LoadMode,
    space: number,
    readonly onConflict: OnConflict,
  ) {
    this.#space = new Space(space);
  }

  async put(
    changes: readonly EncodedChange[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    this.#checkOpen();
    await this.host.write(
      (tx) => {
        const staging = readStaging(tx, this.#space.number);
        const entry = readEntry(tx, this.host.id);
        if (this.mode === "replace") checkGeneration(staging, entry);
        const applier = new Applier(tx, this.#space, staging);
        let version = this.#firstVersion(staging, entry);
        for (const change of changes) stage(applier, change, version++);
        applier.finish();
        this.#settleVersions(tx, staging, entry, version - 1);
        writeStaging(tx, this.#space.number, { ...staging, touchedAt: this.host.clock() });
      },
      { signal: options.signal },
    );
  }

  async commit(options: StagedCommitOptions = {}): Promise<Loaded> {
    this.#checkOpen();
    const loaded = await this.host.write(
      (tx) => {
        const staging = readStaging(tx, this.#space.number);
        const digest = staging.digest.toHex();
        if (options.expectDigest !== undefined && options.expectDigest !== digest) {
          throw corruption(
            `the load of ${staging.count} records has state digest ${digest}, expected ${options.expectDigest}`,
          );
        }
        const old = readEntry(tx, this.host.id);
        const merges = this.mode === "merge" && old !== undefined;
        const { entry, skipped } = merges
          ? this.#merge(tx, staging, old)
          : { entry: this.#replace(tx, staging, old), skipped: 0 };
        writeEntry(tx, this.host.id, entry);
        tx.delete(stagingKey(this.#space.number));
        return { head: headOf(entry), count: staging.count, digest, skipped };
      },
      { signal: options.signal },
    );
    this.#ended = true;
    this.host.garbageMade();
    return loaded;
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.host.write((tx) => {
      if (tx.get(stagingKey(this.#space.number)) === undefined) return;
      tx.delete(stagingKey(this.#space.number));
      throwAway(tx, this.#space.number);
    });
    this.host.garbageMade();
  }

  /**
   * A replacing load takes its versions from the namespace's own counter, so that none is ever used twice
   * although the old content is written to meanwhile. Merged records get theirs when they are merged.
   */
  #firstVersion(staging: StagingEntry, entry: NamespaceEntry | undefined): number {
    return 1 + (this.mode === "merge" || entry === undefined ? staging.version : entry.counter);
  }

  #settleVersions(
    tx: WriteTransaction,
    staging: StagingEntry,
    entry: NamespaceEntry | undefined,
    last: number,
  ): void {
    staging.version = last;
    if (this.mode === "merge" || entry === undefined) return;
    entry.counter = last;
    writeEntry(tx, this.host.id, entry);
  }

  #replace(
    tx: WriteTransaction,
    staging: StagingEntry,
    old: NamespaceEntry | undefined,
  ): NamespaceEntry {
    checkGeneration(staging, old);
    if (old !== undefined) throwAway(tx, old.space);
    const generation = newGeneration(this.host.random);
    const counter = old?.counter ?? staging.version;
    const entry = newEntry(this.#space.number, generation, counter, this.host.reigns.own);
    return { ...entry, count: staging.count, bytes: staging.bytes, digest: staging.digest };
  }

  #merge(
    tx: WriteTransaction,
    staging: StagingEntry,
    entry: NamespaceEntry,
  ): { readonly entry: NamespaceEntry; readonly skipped: number } {
    const applier = new Applier(tx, new Space(entry.space), entry);
    const now = this.host.clock();
    const before = entry.version;
    let skipped = 0;
    for (const change of feed(tx, this.#space, 0, staging.version)) {
      if (this.#keepsExisting(applier, change, now)) skipped++;
      else stage(applier, change, ++entry.counter);
    }
    applier.finish();
    this.host.reigns.begin(tx, entry, before, now);
    throwAway(tx, this.#space.number);
    return { entry, skipped };
  }

  #keepsExisting({ tx, space }: Applier, change: EncodedChange, now: number): boolean {
    if (this.onConflict === "overwrite") return false;
    const existing = readRecord(tx, space, changeKey(change));
    if (existing === undefined || isExpired(existing, now)) return false;
    return this.onConflict === "keep-existing" || changeTime(existing) >= changeTime(change);
  }

  #checkOpen(): void {
    if (this.#ended) throw invalidArgument("this load has been committed or aborted");
  }
}

/** Puts one change in place under a new version, times and expiry as they are. */
function stage(applier: Applier, change: EncodedChange, version: number): void {
  if (isTombstone(change)) {
    const { tombstone } = decodeChange(change) as { tombstone: { key: string; deletedAt: number } };
    applier.delete(tombstone.key, version, tombstone.deletedAt);
    return;
  }
  const stamped = changeVersion(change) === version ? change : withVersion(change, version);
  const record = decodeRecord(stamped);
  applier.putIn(applier.takeOut(record.key), record, stamped);
}

/** A load that replaces counts on from its namespace's versions, so it must still be that namespace. */
function checkGeneration(staging: StagingEntry, entry: NamespaceEntry | undefined): void {
  if (staging.generation === generationOf(entry)) return;
  throw new NadbError(
    "NADB_CONFLICT",
    "the namespace was made, dropped or replaced during the load",
    { hint: "load it again" },
  );
}

const generationOf = (entry: NamespaceEntry | undefined): string | null =>
  entry === undefined ? null : toHex(entry.generation);

/** Their content goes to the garbage; whoever still feeds one finds it gone. */
export function dropAbandoned(tx: WriteTransaction, now: number): void {
  for (const space of abandonedSpaces(tx, now)) {
    tx.delete(stagingKey(space));
    throwAway(tx, space);
  }
}

export const someAbandoned = (tx: ReadTransaction, now: number): boolean =>
  abandonedSpaces(tx, now).length > 0;

function abandonedSpaces(tx: ReadTransaction, now: number): number[] {
  const spaces = Array.from(tx.keys(allStagings), spaceOfKey);
  return spaces.filter((space) => readStaging(tx, space).touchedAt < now - ABANDONED_AFTER_MS);
}

function writeStaging(tx: WriteTransaction, space: number, staging: StagingEntry): void {
  const plain = { ...staging, digest: staging.digest.toHex() };
  tx.put(stagingKey(space), new TextEncoder().encode(JSON.stringify(plain)));
}

function readStaging(tx: ReadTransaction, space: number): StagingEntry {
  const bytes = tx.get(stagingKey(space));
  if (bytes === undefined) {
    throw new NadbError(
      "NADB_CONFLICT",
      "the staged load is gone: it lay untouched for over an hour",
      {
        hint: "start the load again",
      },
    );
  }
  const plain = JSON.parse(new TextDecoder().decode(bytes)) as StagingEntry & { digest: string };
  return { ...plain, digest: StateDigest.fromHex(plain.digest) };
}
