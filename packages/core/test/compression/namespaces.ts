// A namespace in memory and the compressing one over it, and content whose size is known either way.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { onTestFinished } from "vitest";
import {
  type ChangePage,
  type ChangesOptions,
  type CompressionOptions,
  compressValues,
  decodeRecord,
  type Head,
  memoryBackend,
  type Put,
  type StorageNamespace,
  type StoredRecord,
} from "../../src/index.js";
import { Clock } from "../clock.js";

export interface Pair {
  readonly clock: Clock;
  /** What the backend holds. */
  readonly below: StorageNamespace;
  /** What callers see. */
  readonly above: StorageNamespace;
  /** As `below`, never compressed: what `above` must be equal to. */
  readonly plain: StorageNamespace;
}

export async function openPair(options?: CompressionOptions): Promise<Pair> {
  const clock = new Clock();
  const backend = memoryBackend({ clock: clock.now });
  await backend.open();
  onTestFinished(() => backend.close());
  const below = await backend.namespace({ db: "test", namespace: "below" });
  const plain = await backend.namespace({ db: "test", namespace: "plain" });
  return { clock, below, above: compressValues(below, options), plain };
}

/** Shrinks to a fraction. */
export const text = (length: number): Uint8Array =>
  new TextEncoder().encode("All work and no play. ".repeat(length / 22 + 1)).subarray(0, length);

/** Does not shrink; the same in every run. */
export function noise(length: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash("sha256").update(`${i}`).digest(),
  );
  return new Uint8Array(Buffer.concat(blocks).subarray(0, length));
}

export const put = (key: string, value: Uint8Array, more: Partial<Put> = {}): Put => ({
  type: "put",
  key,
  value,
  ...more,
});

export async function get(namespace: StorageNamespace, key: string): Promise<StoredRecord> {
  const [record] = await namespace.getMany([key]);
  if (record === undefined) throw new Error(`${key} is missing`);
  return record;
}

/** As `toEqual`, which would look at each byte of a large value by itself. */
export const same = (actual: unknown, expected: unknown): void =>
  assert.deepEqual(actual, expected);

export async function pagesOf(
  namespace: StorageNamespace,
  options?: ChangesOptions,
): Promise<ChangePage[]> {
  const pages: ChangePage[] = [];
  for await (const page of namespace.changes(null, options)) pages.push(page);
  return pages;
}

/** The records of a run from the beginning, as they stand in it. */
export const recordsOf = async (namespace: StorageNamespace): Promise<StoredRecord[]> =>
  (await pagesOf(namespace)).flatMap(({ changes }) => changes.map(decodeRecord));

/** What a head says of the content. */
export async function measureOf(
  namespace: StorageNamespace,
): Promise<Pick<Head, "count" | "bytes" | "digest">> {
  const { count, bytes, digest } = await namespace.head();
  return { count, bytes, digest };
}
