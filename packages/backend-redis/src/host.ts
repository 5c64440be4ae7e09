// What a namespace needs of its backend.
import type { BackendCapabilities } from "@nadb/core";
import type { Link } from "./link.js";

export interface Host {
  readonly link: Link;
  /** What all keys begin with. */
  readonly prefix: string;
  /** Of namespaces that are made from now on. */
  readonly partitions: number;
  /** Whether the caller chose that number, or would take any. */
  readonly choosesPartitions: boolean;
  readonly capabilities: BackendCapabilities;
  readonly clock: () => number;
  readonly random: (bytes: Uint8Array) => void;
  readonly tombstoneRetentionMs: number;
  /** A commit of more mutations and expectations goes in steps. */
  readonly scriptMutations: number;
  /** Throws NADB_CLOSED. */
  checkOpen(): void;
  /** Keeps the backend from closing until it is done. */
  track<T>(work: Promise<T>): Promise<T>;
  /** Work that nobody waits for. */
  inBackground(work: () => Promise<void>): void;
}

const ID_BYTES = 6;

/** Names a generation, a load or a writer: 12 hex digits. */
export function newId(random: (bytes: Uint8Array) => void): string {
  const bytes = new Uint8Array(ID_BYTES);
  random(bytes);
  return Buffer.from(bytes).toString("hex");
}
