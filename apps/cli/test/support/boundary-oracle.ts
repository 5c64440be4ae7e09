// The state as the writers tell it, gone through in the order of versions from cut to cut.
import { type EncodedChange, encodeRecord, StateDigest } from "@nadb/core";
import type { Told } from "./boundary-writers.mjs";

export class BoundaryOracle {
  readonly #changes: readonly Told[];
  /** Versions behind which a commit is not over yet. */
  readonly #within = new Set<number>();
  readonly #latest = new Map<string, { readonly told: Told; readonly encoded?: EncodedChange }>();
  readonly #digest = new StateDigest();
  #touched = new Set<string>();
  #at = 0;

  constructor(commits: readonly (readonly Told[])[]) {
    this.#changes = commits.flat().sort((a, b) => a.version - b.version);
    for (const commit of commits) {
      const last = Math.max(...commit.map(({ version }) => version));
      for (const { version } of commit) if (version < last) this.#within.add(version);
    }
  }

  get digest(): string {
    return this.#digest.toHex();
  }

  /** Throws for a cut that goes through a commit. REQUIRES: not below the version advanced to before. */
  advance(version: number): void {
    if (this.#within.has(version)) throw new Error(`the cut at ${version} goes through a commit`);
    this.#touched = new Set();
    for (; ; this.#at++) {
      const told = this.#changes[this.#at];
      if (told === undefined || told.version > version) return;
      this.#apply(told);
    }
  }

  /** All that a full holds. */
  everything(): string[] {
    const live = [...this.#latest.values()].filter(({ encoded }) => encoded !== undefined);
    return live.map(({ told }) => shown(told)).sort();
  }

  /** What has changed since the cut before. */
  changed(): string[] {
    return [...this.#touched].map((key) => shown(this.#latest.get(key)?.told as Told)).sort();
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
