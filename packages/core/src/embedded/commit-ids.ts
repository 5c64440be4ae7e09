// Commits by id: what lets a client resend a commit after a lost reply and not do it twice. They belong to the
// namespace, not to a generation: a retry that comes after a restore must not write into what was restored.
import type { Commit, NamespaceId } from "../backend.js";
import { readU64, writeU64 } from "../bytes.js";
import { commitKey, commitOfTime, commitsBefore, commitsOf, commitTimeKey } from "./layout.js";
import type { WriteTransaction } from "./ordered-kv.js";

/** For how long a commit's id is remembered. */
const REMEMBERED_MS = 3_600_000;
/** Forgotten per commit with an id: more than one, so the table shrinks back. */
const FORGET_STEP = 4;
const TIME_BYTES = 8;
const NOTHING = new Uint8Array(0);

/** Undefined for an id never used, or used over an hour ago: that one is forgotten here. */
export function recallCommit(
  tx: WriteTransaction,
  namespace: NamespaceId,
  id: string,
  now: number,
): Commit | undefined {
  const key = commitKey(namespace, id);
  const bytes = tx.get(key);
  if (bytes === undefined) return undefined;
  const time = readU64(bytes, 0);
  if (time <= now - REMEMBERED_MS) {
    forget(tx, commitTimeKey(time, key));
    return undefined;
  }
  const { checkpoint, versions } = JSON.parse(
    new TextDecoder().decode(bytes.subarray(TIME_BYTES)),
  ) as {
    checkpoint: string;
    versions: (number | null)[];
  };
  return { checkpoint, versions: versions.map((version) => version ?? undefined) };
}

export function rememberCommit(
  tx: WriteTransaction,
  namespace: NamespaceId,
  id: string,
  commit: Commit,
  now: number,
): void {
  for (const time of firstOf(tx.keys(commitsBefore(Math.max(0, now - REMEMBERED_MS))))) {
    forget(tx, time);
  }
  const result = new TextEncoder().encode(JSON.stringify(commit));
  const bytes = new Uint8Array(TIME_BYTES + result.length);
  writeU64(bytes, 0, now);
  bytes.set(result, TIME_BYTES);
  const key = commitKey(namespace, id);
  tx.put(key, bytes);
  tx.put(commitTimeKey(now, key), NOTHING);
}

function forget(tx: WriteTransaction, time: Uint8Array): void {
  tx.delete(commitOfTime(time));
  tx.delete(time);
}

export function forgetCommits(tx: WriteTransaction, namespace: NamespaceId): void {
  for (const { key, value } of [...tx.range(commitsOf(namespace))]) {
    tx.delete(commitTimeKey(readU64(value, 0), key));
    tx.delete(key);
  }
}

function firstOf(keys: Iterable<Uint8Array>): Uint8Array[] {
  const first: Uint8Array[] = [];
  for (const key of keys) {
    if (first.push(key) === FORGET_STEP) break;
  }
  return first;
}
