// What was changed at the target since a step, and whether that is all right: an expired record that it has swept is, so is
// what the next step writes over. Anything else was somebody else. The source is asked for each key that was changed.
import type {
  ChangePage,
  EncodedChange,
  Head,
  StorageNamespace,
  StoredRecord,
} from "../backend.js";
import { compareBytes } from "../bytes.js";
import { isNadbError, NadbError } from "../errors.js";
import { quote } from "../limits.js";
import {
  changeKey,
  changeTime,
  changeVersion,
  encodeRecord,
  isTombstone,
  recordExpiresAt,
} from "../record.js";
import { nameOf, type Swept } from "./progress.js";

/** Asked for at a time: values may be large. */
const ASKED_AT_ONCE = 16;
/** Crossed out at a time. */
const MAX_SUSPECTS = 4_096;

export interface Audit {
  readonly from: StorageNamespace;
  readonly to: StorageNamespace;
  /** The cut of the source that the target held. */
  readonly copied: Head;
  /** A step may have been committed: what it would have written is none of somebody else's. */
  readonly afterStep: boolean;
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Audited {
  /** Of the target, at the end of what was looked at. */
  readonly head: Head;
  readonly swept: Swept;
}

/** Throws NADB_CONFLICT that names the first key which somebody else has changed. `since` null: all that is there. */
export async function auditTarget(audit: Audit, since: Head | null): Promise<Audited> {
  const suspects = new Set<string>();
  let [count, until] = [0, 0];
  for await (const { changes, end } of targetChanges(audit, since)) {
    for (const change of changes.filter(isTombstone)) {
      count++;
      until = Math.max(until, changeTime(change));
    }
    for await (const key of unexplained(audit, changes)) {
      suspects.add(key);
      if (suspects.size >= MAX_SUSPECTS) await crossOut(audit, suspects);
    }
    if (end === undefined) continue;
    await crossOut(audit, suspects);
    return { head: end, swept: { count, until } };
  }
  throw new TypeError("a run without an end");
}

async function* targetChanges(
  { to, signal }: Audit,
  since: Head | null,
): AsyncGenerator<ChangePage> {
  try {
    yield* to.changes(since?.checkpoint ?? null, signal === undefined ? {} : { signal });
  } catch (error) {
    if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) throw error;
    throw changedBySomebody(to, "it was replaced, or can not tell what has changed", error);
  }
}

async function* unexplained(
  audit: Audit,
  changes: readonly EncodedChange[],
): AsyncGenerator<string> {
  const { from, to, signal, afterStep } = audit;
  const options = signal === undefined ? {} : { signal };
  for (let i = 0; i < changes.length; i += ASKED_AT_ONCE) {
    const asked = changes.slice(i, i + ASKED_AT_ONCE);
    const put = afterStep ? undefined : asked.find((change) => !isTombstone(change));
    if (put !== undefined) throw changedBySomebody(to, `${quote(changeKey(put))} was put`);
    const found = await from.getMany(asked.map(changeKey), options);
    for (const [index, change] of asked.entries())
      if (!isExplained(audit, change, found[index])) yield changeKey(change);
  }
}

function isExplained(
  { copied, now }: Audit,
  change: EncodedChange,
  source: StoredRecord | undefined,
): boolean {
  if (source !== undefined && source.version > copied.version) return true;
  if (isTombstone(change)) return source === undefined || hasExpired(source, changeTime(change));
  const expiresAt = recordExpiresAt(change);
  if (expiresAt !== 0 && expiresAt <= now) return true;
  return source !== undefined && isSame(source, change);
}

const hasExpired = ({ expiresAt }: StoredRecord, now: number): boolean =>
  expiresAt !== undefined && expiresAt <= now;

const isSame = (record: StoredRecord, change: EncodedChange): boolean =>
  compareBytes(encodeRecord({ ...record, version: changeVersion(change) }), change) === 0;

/** What the source has changed since is written over by the next step. Throws for a key that is left. */
async function crossOut({ from, to, copied, signal }: Audit, suspects: Set<string>): Promise<void> {
  if (suspects.size === 0) return;
  try {
    for await (const { changes } of from.changes(copied.checkpoint, signal ? { signal } : {}))
      for (const change of changes) suspects.delete(changeKey(change));
  } catch (error) {
    if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) throw error;
  }
  const [key] = suspects;
  if (key !== undefined) throw changedBySomebody(to, `${quote(key)} was put or deleted`);
}

export const changedBySomebody = (
  { id }: StorageNamespace,
  what: string,
  cause?: unknown,
): NadbError =>
  new NadbError(
    "NADB_CONFLICT",
    `somebody else has changed ${quote(nameOf(id))} since it was copied: ${what}`,
    { hint: "force replaces the whole target by the source; it discards that change", cause },
  );
