// What was found in a store after a kill, and who judges whether that may be.
import type { KeyValueStore } from "@nadb/core";
import { isReadable } from "../check.js";
import type { Line } from "./lines.js";

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
    if (change.type === "delete") found.delete(change.key);
    else if (isReadable(change, now)) {
      const { key, value, tags, expiresAt } = change;
      found.set(key, { value: decoder.decode(value), tags, expiresAt });
    }
  }
  return found;
}
