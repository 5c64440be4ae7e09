// Is what a store answers what the oracle holds? Quick where it is, plain-spoken where it is not.
import assert from "node:assert/strict";
import type { StoredValue } from "@nadb/core";
import type { Content } from "../assertions.js";

/** A record as the contract or a store hands it out. */
type Answered = Omit<StoredValue, "version">;

/** How exactly times can be foretold: what is buffered gets its own when it is committed. */
export interface Times {
  readonly exact: boolean;
  readonly now: number;
}

export function assertSame(
  key: string,
  answered: Answered | undefined,
  expected: Content | undefined,
  times: Times,
): void {
  const seen = answered && contentAt(answered, expected, times);
  if (isSame(seen, expected)) return;
  assert.deepEqual(seen, expected, `the record of ${JSON.stringify(key)}`);
}

/** Plain data; times that need not be exact and can be true become those of the oracle. */
function contentAt(answered: Answered, expected: Content | undefined, times: Times): Content {
  const { key, value, tags, expiresAt } = answered;
  const { createdAt, updatedAt } = areTrue(answered, expected, times) ? expected : answered;
  const content = { key, value: new Uint8Array(value), tags, createdAt, updatedAt };
  return expiresAt === undefined ? content : { ...content, expiresAt };
}

function areTrue(
  { createdAt, updatedAt }: Answered,
  expected: Content | undefined,
  { exact, now }: Times,
): expected is Content {
  if (exact || expected === undefined) return false;
  return createdAt <= updatedAt && expected.updatedAt <= updatedAt && updatedAt <= now;
}

function isSame(seen: Content | undefined, expected: Content | undefined): boolean {
  if (seen === undefined || expected === undefined) return seen === expected;
  return (
    seen.key === expected.key &&
    seen.expiresAt === expected.expiresAt &&
    seen.createdAt === expected.createdAt &&
    seen.updatedAt === expected.updatedAt &&
    seen.tags.length === expected.tags.length &&
    seen.tags.every((tag, i) => tag === expected.tags[i]) &&
    Buffer.compare(seen.value, expected.value) === 0
  );
}
