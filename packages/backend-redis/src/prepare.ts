// The mutations of a commit as the arguments of its script.
import {
  canonicalTags,
  checkKey,
  checkMutations,
  type Expectation,
  type Mutation,
} from "@nadb/core";
import type { Argument } from "./link.js";
import { putArguments } from "./record-fields.js";
import { workOf } from "./script-size.js";

export interface PreparedCommit {
  readonly id: string;
  readonly expect: readonly Expectation[];
  /** Number of mutations that count, and their arguments. */
  readonly mutations: number;
  /** What they and the expectations cost a script (script-size.ts). */
  readonly work: number;
  /** False: it is executed when the server's memory is short, too. */
  readonly puts: boolean;
  readonly args: readonly Argument[];
  readonly bytes: number;
}

/** Checks all that a commit brings; nothing is refused half-way. */
export function prepareCommit(
  mutations: readonly Mutation[],
  expect: readonly Expectation[],
  maxValueBytes: number,
): { readonly prepared: Omit<PreparedCommit, "id">; readonly superseded: ReadonlySet<number> } {
  checkMutations(mutations, maxValueBytes);
  const expected = expect.map(({ key, version }) => {
    checkKey(key);
    return { key, version };
  });
  const last = new Map(mutations.map(({ key }, index) => [key, index]));
  const superseded = new Set<number>();
  const args: Argument[] = [];
  let [bytes, work, puts] = [0, expected.length, false];
  mutations.forEach((mutation, index) => {
    const own = argumentsOf(mutation); // also of one that does not count: it is checked like the others
    if (last.get(mutation.key) !== index) superseded.add(index);
    else {
      for (const argument of own) args.push(argument);
      work += mutation.type === "put" ? workOf(mutation.tags?.length ?? 0) : 1;
      if (mutation.type === "put") [bytes, puts] = [bytes + mutation.value.length, true];
    }
  });
  const count = mutations.length - superseded.size;
  return { prepared: { expect: expected, mutations: count, work, puts, args, bytes }, superseded };
}

const argumentsOf = (mutation: Mutation): Argument[] =>
  mutation.type === "delete"
    ? ["d", mutation.key]
    : putArguments(mutation, canonicalTags(mutation.tags ?? []));

/** Versions, in the places of the mutations as they were given. */
export function inPlaces(
  versions: readonly (number | undefined)[],
  superseded: ReadonlySet<number>,
  length: number,
): (number | undefined)[] {
  if (superseded.size === 0) return [...versions];
  let next = 0;
  return Array.from({ length }, (_, index) =>
    superseded.has(index) ? undefined : versions[next++],
  );
}
