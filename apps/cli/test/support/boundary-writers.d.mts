import type { StorageNamespace } from "@nadb/core";

/** A change as its writer knows it; without a text it was a delete. */
export interface Told {
  readonly version: number;
  readonly key: string;
  readonly text?: string;
  readonly tags?: readonly string[];
  readonly expiresAt?: number;
}

export function writeUntil(
  storage: StorageNamespace,
  options: {
    readonly seed: number;
    readonly writers: number;
    readonly isStopped: () => boolean;
    readonly tell: (changes: readonly Told[]) => void;
  },
): Promise<void>;
