// Whether source and target hold the same. By count and digest, which cost nothing; and where the target has swept records that
// the source still holds, by reading both whole and leaving out what has expired: nothing is kept in memory but a digest.
import type { Head, StorageNamespace } from "../backend.js";
import { StateDigest } from "../digest.js";
import { corruption, NadbError } from "../errors.js";
import { quote } from "../limits.js";
import { changeTime, isTombstone, recordExpiresAt } from "../record.js";
import { NOTHING_SWEPT, nameOf, type Position, type Swept } from "./progress.js";
import { isSameContent } from "./sides.js";

type SignalOption = { readonly signal?: AbortSignal };

export interface Proven {
  readonly from: StorageNamespace;
  readonly to: StorageNamespace;
}

/** A merge that was committed. */
export interface Step {
  /** When it began, by the copier's clock. */
  readonly at: number;
  /** Of the source: what the target should hold. */
  readonly source: Head;
  readonly target: Head;
  /** Of the target, right before it. */
  readonly before: Head;
  /** Tombstones it brought. */
  readonly deleted: number;
}

/**
 * What a step leaves: nothing swept where the digests are equal, what may be missing where no more is missing than the
 * target has swept. Throws NADB_CORRUPTION for any other difference, NADB_IO where it can not be told.
 */
export async function checkStep(
  sides: Proven,
  step: Step,
  swept: Swept,
  options: SignalOption,
): Promise<Swept> {
  const { source, target } = step;
  if (isSameContent(source, target)) return NOTHING_SWEPT;
  const missing = source.count - target.count;
  if (missing > 0 && missing <= swept.count) return swept;
  if (missing <= 0) throw differs(sides, source, target);
  const all = addUp(swept, await sweptDuring(sides.to, step, options));
  if (missing <= all.count) return all;
  const until = Math.max(all.until, step.at);
  if (await proveApartFromExpired(sides, step, until, options)) return { count: missing, until };
  throw notTold(sides);
}

/**
 * The tombstones that it did not bring; too few where the target's feed does not tell of all that were brought: a partition
 * that was empty before is told from its beginning, without.
 */
async function sweptDuring(
  to: StorageNamespace,
  { before, deleted }: Step,
  options: SignalOption,
): Promise<Swept> {
  let [count, until] = [-deleted, 0];
  for await (const { changes } of to.changes(before.checkpoint, options)) {
    for (const change of changes.filter(isTombstone)) {
      count++;
      until = Math.max(until, changeTime(change));
    }
  }
  return { count: Math.max(0, count), until };
}

const addUp = (a: Swept, b: Swept): Swept => ({
  count: a.count + b.count,
  until: Math.max(a.until, b.until),
});

/**
 * Reads both, and compares what has not expired. False when either has changed meanwhile: then nothing is known. Throws
 * NADB_CORRUPTION when they differ.
 */
export async function proveApartFromExpired(
  sides: Proven,
  { source, target }: Pick<Position, "source" | "target">,
  until: number,
  options: SignalOption,
): Promise<boolean> {
  const expected = await lasting(sides.from, until, options);
  const found = await lasting(sides.to, until, options);
  if (expected.end.checkpoint !== source.checkpoint) return false;
  if (found.end.checkpoint !== target.checkpoint) return false;
  if (isSameContent(expected.head, found.head)) return true;
  throw differs(sides, expected.head, found.head);
}

/** The head that the namespace would have if all that expires by `until` were swept; only count and digest are told. */
async function lasting(
  namespace: StorageNamespace,
  until: number,
  options: SignalOption,
): Promise<{ readonly end: Head; readonly head: Head }> {
  const digest = new StateDigest();
  let count = 0;
  for await (const { changes, end } of namespace.changes(null, options)) {
    for (const change of changes) {
      const expiresAt = isTombstone(change) ? 1 : recordExpiresAt(change);
      if (expiresAt !== 0 && expiresAt <= until) continue;
      digest.toggle(change);
      count++;
    }
    if (end !== undefined) return { end, head: { ...end, count, digest: digest.toHex() } };
  }
  throw new TypeError("a run without an end");
}

const notTold = ({ to }: Proven): NadbError =>
  new NadbError(
    "NADB_IO",
    `${quote(nameOf(to.id))} has swept during the step, and what it lacks can not be told`,
    {
      hint: "copy again; the step is taken once more",
    },
  );

export const differs = ({ from, to }: Proven, source: Head, target: Head): NadbError =>
  corruption(
    `${quote(nameOf(to.id))} is no true copy: it holds ${target.count} records of digest ${target.digest.slice(0, 16)}…, ` +
      `${quote(nameOf(from.id))} ${source.count} of ${source.digest.slice(0, 16)}…`,
    "somebody wrote to the target during the step, or what one side holds is damaged: verify the source, then copy anew with overwrite",
  );
