// What is left of a damaged run, in its order: changes that are still there, and holes where others were. INVARIANT: the
// keys of all pieces ascend, and two holes never follow each other.
import {
  changeKey,
  compareChangeKeys,
  corruption,
  decodeChange,
  type EncodedChange,
  quote,
} from "@nadb/core";
import type { SalvageLoss } from "./report.js";

export interface Hole extends Pick<SalvageLoss, "first" | "count" | "changes" | "why"> {
  readonly what: "blocks" | "lines";
  readonly bytes: { readonly start: number; readonly end: number };
}

export type Piece =
  | {
      readonly type: "changes";
      readonly changes: readonly EncodedChange[];
      /** A checksum covers all of each change. */
      readonly isProven: boolean;
    }
  | { readonly type: "hole"; readonly hole: Hole };

/** Two holes with nothing between them. */
export const joined = (a: Hole | undefined, b: Hole): Hole =>
  a === undefined
    ? b
    : {
        ...a,
        count: sum(a.count, b.count),
        bytes: { start: a.bytes.start, end: b.bytes.end },
        changes: sum(a.changes, b.changes),
      };

const sum = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : a + b;

/** Throws NADB_CORRUPTION unless each can be decoded and comes behind the one before it. */
export function checkChanges(
  changes: readonly EncodedChange[],
  after: EncodedChange | undefined,
): void {
  let last = after;
  for (const change of changes) {
    decodeChange(change);
    if (last !== undefined && compareChangeKeys(last, change) >= 0)
      throw corruption(`the key ${quote(changeKey(change))} is out of order`);
    last = change;
  }
}
