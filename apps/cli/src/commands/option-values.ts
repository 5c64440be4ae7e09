// Option values that need more than a string.
import { invalidArgument, quote } from "@nadb/core";

/** For an option that may be repeated. */
export const collect = (value: string, previous: readonly string[]): readonly string[] => [
  ...previous,
  value,
];

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw invalidArgument(`${quote(text)} is not a whole number of at least 1`);
}
