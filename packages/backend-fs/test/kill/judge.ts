// What was found in a store after a kill, and who judges whether that may be.
import type { KeyValueStore } from "@nadb/core";

/** One line of programs/workloads.mjs. */
export interface Line {
  readonly ask?: readonly Mutation[];
  readonly safe?: number;
  readonly cut?: number;
  readonly transfer?: string;
  readonly from?: number;
  readonly to?: number;
  readonly amount?: number;
  readonly done?: string;
  readonly count?: string;
  readonly counted?: string;
  readonly value?: number;
}

export type Mutation = Put | { readonly delete: string };

export interface Put {
  readonly put: string;
  readonly text: string;
  readonly times: number;
  readonly tags: readonly string[];
  readonly expiresAt?: number;
}

export interface Kept {
  readonly value: string;
  readonly tags: readonly string[];
  readonly expiresAt?: number | undefined;
}

export interface Judge {
  /** Whether the line acknowledged something. */
  hear(line: Line): boolean;
  /** Throws unless the records are what they may be after all that was heard. What is found is where it goes on from. */
  check(found: ReadonlyMap<string, Kept>, now: number): void;
}

/** What can be read at an instant. */
export async function readAll(store: KeyValueStore, now: number): Promise<Map<string, Kept>> {
  const found = new Map<string, Kept>();
  const decoder = new TextDecoder();
  for await (const change of store.changes()) {
    if (change.type === "delete" || isExpired(change, now)) continue;
    const { key, value, tags, expiresAt } = change;
    found.set(key, { value: decoder.decode(value), tags, expiresAt });
  }
  return found;
}

export const isExpired = (
  { expiresAt }: { expiresAt?: number | undefined },
  now: number,
): boolean => expiresAt !== undefined && expiresAt <= now;
