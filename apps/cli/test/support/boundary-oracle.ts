// The state as the writers tell it, gone through in the order of versions from cut to cut. Versions are counted for each
// partition, so each has a history of its own; what an engine keeps in one piece is one partition.
import { type EncodedChange, encodeRecord, fromHex, StateDigest } from "@nadb/core";
import type { Told } from "./boundary-writers.mjs";

/** Where Redis keeps a key: chosen by the part in braces, by FNV-1a. Never changed: stores would lose their records. */
function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(/\{(.+?)\}/.exec(key)?.[1] ?? key)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0) % partitions;
}

/** Of each partition, the version at which a cut is. */
export type Cut = readonly number[];

export class BoundaryOracle {
  readonly #histories: readonly History[];

  constructor(commits: readonly (readonly Told[])[], partitions: number) {
    const told = Array.from({ length: partitions }, (): (readonly Told[])[] => []);
    for (const commit of commits) told[partitionOf(commit[0]?.key ?? "", partitions)]?.push(commit);
    this.#histories = told.map((one) => new History(one));
  }

  get digest(): string {
    const all = new StateDigest();
    for (const { digest } of this.#histories) all.xor(digest);
    return all.toHex();
  }

  /** Throws for a cut that goes through a commit. REQUIRES: nowhere below the cut advanced to before. */
  advance(cut: Cut): void {
    for (const [i, history] of this.#histories.entries()) history.advance(cut[i] as number);
  }

  /** All that a full holds. */
  everything(): string[] {
    return this.#histories.flatMap((history) => history.everything()).sort();
  }

  /** All deletes that stand. Of them a full that chased its feed may hold those made meanwhile. */
  deletes(): string[] {
    return this.#histories.flatMap((history) => history.deletes());
  }

  /** What has changed since the cut before. */
  changed(): string[] {
    return this.#histories.flatMap((history) => history.changed()).sort();
  }
}

class History {
  readonly #changes: readonly Told[];
  /** Versions behind which a commit is not over yet: all from its first on, whosever they are. */
  readonly #within = new Set<number>();
  readonly #latest = new Map<string, { readonly told: Told; readonly encoded?: EncodedChange }>();
  readonly #digest = new StateDigest();
  #touched = new Set<string>();
  #at = 0;

  constructor(commits: readonly (readonly Told[])[]) {
    this.#changes = commits.flat().sort((a, b) => a.version - b.version);
    for (const commit of commits) {
      const versions = commit.map(({ version }) => version);
      const last = Math.max(...versions);
      for (let one = Math.min(...versions); one < last; one++) this.#within.add(one);
    }
  }

  get digest(): Uint8Array {
    return fromHex(this.#digest.toHex());
  }

  advance(version: number): void {
    if (this.#within.has(version)) throw new Error(`the cut at ${version} goes through a commit`);
    this.#touched = new Set();
    for (; ; this.#at++) {
      const told = this.#changes[this.#at];
      if (told === undefined || told.version > version) return;
      this.#apply(told);
    }
  }

  everything(): string[] {
    return this.#shown((text) => text !== undefined);
  }

  deletes(): string[] {
    return this.#shown((text) => text === undefined);
  }

  changed(): string[] {
    return [...this.#touched].map((key) => shown(this.#latest.get(key)?.told as Told));
  }

  #shown(of: (text: string | undefined) => boolean): string[] {
    return [...this.#latest.values()].flatMap(({ told }) => (of(told.text) ? [shown(told)] : []));
  }

  #apply(told: Told): void {
    const before = this.#latest.get(told.key)?.encoded;
    if (before !== undefined) this.#digest.toggle(before);
    const encoded = encodedOf(told);
    if (encoded !== undefined) this.#digest.toggle(encoded);
    this.#latest.set(told.key, encoded === undefined ? { told } : { told, encoded });
    this.#touched.add(told.key);
  }
}

function encodedOf({ key, version, text, tags = [], expiresAt }: Told): EncodedChange | undefined {
  if (text === undefined) return undefined;
  const value = new TextEncoder().encode(text);
  const record = { key, value, tags, createdAt: 1, updatedAt: 1, version };
  return encodeRecord(expiresAt === undefined ? record : { ...record, expiresAt });
}

const shown = ({ key, version, text }: Told): string =>
  `${text === undefined ? "-" : "+"}${key}@${version}`;
