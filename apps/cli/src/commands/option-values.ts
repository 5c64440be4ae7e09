// Option values that need more than a string.
import { invalidArgument, quote } from "@nadb/core";

/** For an option that may be repeated. */
export const collect = (value: string, previous: readonly string[] = []): readonly string[] => [
  ...previous,
  value,
];

/** Reads the value of `option`: a whole number of at least 1. */
export const wholeNumber =
  (option: string) =>
  (text: string): number => {
    const number = /^\d+$/.test(text) ? Number(text) : 0;
    if (Number.isSafeInteger(number) && number >= 1) return number;
    throw invalidArgument(`${option} ${quote(text)} is not a whole number of at least 1`);
  };

/** For an option that names a record's version. */
export const VERSION = "--if-version <n>";
export const parseVersion = wholeNumber("--if-version");
