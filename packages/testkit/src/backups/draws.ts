// What the steps of backups have in common: where, which backup, and what happens in the middle of the work.

import { isNadbError, type NadbError } from "@nadb/core";
import fc from "fast-check";
import type { Step } from "../sequences/step.js";
import { transaction } from "../sequences/transactions.js";
import * as writes from "../sequences/writes.js";
import type { Place } from "./place.js";
import { PLACES } from "./site.js";

/** Most of what happens happens in the first. */
export const at = fc.oneof(
  { weight: 3, arbitrary: fc.constant("from" as const) },
  { weight: 1, arbitrary: fc.constantFrom(...PLACES) },
);

/** One of the backups there are by then, counted from the newest; most often that one. */
export const pick = fc.oneof(fc.constant(0), fc.nat({ max: 7 }));

/** What happens between the pages of a run, or the parts of a load. */
export interface Meanwhile {
  readonly writes: readonly Step[];
  /** Then the caller gives up. */
  readonly aborts: boolean;
  readonly pageBytes: number;
}

const write = fc.oneof(writes.set, writes.deleteOne, writes.setMany, writes.touch, transaction);

export const meanwhile: fc.Arbitrary<Meanwhile> = fc.record({
  writes: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(write, { minLength: 1, maxLength: 3 }) },
  ),
  aborts: fc.oneof(
    { weight: 9, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  pageBytes: fc.constantFrom(1, 100, 1_000_000),
});

export type Outcome<T> =
  | { readonly done: T; readonly gaveUp: boolean }
  | { readonly refused: NadbError }
  | { readonly aborted: true };

/** Does the work, and meanwhile what is drawn; `wrote` is called after each write. What nobody foresaw is thrown. */
export async function withMeanwhile<T>(
  place: Place,
  { writes, aborts, pageBytes }: Meanwhile,
  work: (signal: AbortSignal) => Promise<T>,
  wrote: () => Promise<void> = async () => {},
): Promise<Outcome<T>> {
  const { signal, abort } = giveUp();
  const acts = writes.map((step) => async () => {
    await step.run(place);
    await wrote();
  });
  try {
    const all = aborts ? [...acts, abort] : acts;
    const done = await place.moments.during(all, pageBytes, () => work(signal));
    return { done, gaveUp: signal.aborted };
  } catch (error) {
    if (error === signal.reason) return { aborted: true };
    if (isNadbError(error)) return { refused: error };
    throw error;
  }
}

function giveUp() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: async () => controller.abort() };
}
