// The assertions that laws share, on top of node:assert.
import assert from "node:assert/strict";
import { type ErrorCode, isNadbError, type StorageNamespace, type StoredRecord } from "@nadb/core";

/** The call must fail with this code, or with one of these. */
export async function refuses(
  code: ErrorCode | readonly ErrorCode[],
  call: () => unknown,
): Promise<void> {
  const codes: readonly ErrorCode[] = typeof code === "string" ? [code] : code;
  const outcome = await outcomeOf(call);
  if (!outcome.failed) assert.fail(`expected ${codes.join(" or ")}, but the call succeeded`);
  if (codes.some((expected) => isNadbError(outcome.error, expected))) return;
  throw new Error(`expected ${codes.join(" or ")}, got: ${String(outcome.error)}`, {
    cause: outcome.error,
  });
}

/** The call must fail as the signal says: with its reason, or with an AbortError. */
export async function aborts(signal: AbortSignal, call: () => unknown): Promise<void> {
  const outcome = await outcomeOf(call);
  if (!outcome.failed) assert.fail("expected the aborted call to fail, but it succeeded");
  const { error } = outcome;
  if (error === signal.reason || (error instanceof Error && error.name === "AbortError")) return;
  throw new Error(`expected the reason of the signal, got: ${String(error)}`, { cause: error });
}

/** Whatever the call does, the namespace must stand as before. */
export async function changesNothing(
  namespace: StorageNamespace,
  call: () => unknown,
): Promise<void> {
  const before = await namespace.head();
  await call();
  assert.deepEqual(await namespace.head(), before, "the head has changed");
}

type Outcome = { readonly failed: false } | { readonly failed: true; readonly error: unknown };

async function outcomeOf(call: () => unknown): Promise<Outcome> {
  try {
    await call();
    return { failed: false };
  } catch (error) {
    return { failed: true, error };
  }
}

/** A record without its version: what a staged load keeps and a model can foretell. */
export type Content = Omit<StoredRecord, "version">;

export function contentOf(record: StoredRecord): Content {
  const { version: _version, ...content } = record;
  return content;
}

/** Fails unless the numbers rise from one to the next. */
export function assertAscending(numbers: readonly number[], what: string): void {
  for (let i = 1; i < numbers.length; i++) {
    const [previous, next] = [numbers[i - 1] as number, numbers[i] as number];
    assert.ok(previous < next, `${what}: ${next} does not follow ${previous}`);
  }
}
