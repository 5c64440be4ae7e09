// What the parts of an embedded backend see of it.
import type { BackendCapabilities } from "../backend.js";
import type { ReadTransaction } from "./ordered-kv.js";
import type { Reigns } from "./reigns.js";
import type { WriteBody, WriteOptions } from "./write-groups.js";

/** What namespaces and loads need of their backend. */
export interface EmbeddedHost {
  readonly capabilities: BackendCapabilities;
  readonly clock: () => number;
  readonly random: (bytes: Uint8Array) => void;
  readonly tombstoneRetentionMs: number;
  readonly reigns: Reigns;
  read<T>(body: (tx: ReadTransaction) => T): T;
  write<T>(body: WriteBody<T>, options?: WriteOptions): Promise<T>;
  snapshot(): OpenView;
  /** Told that a space went to the garbage; collects it in the background. */
  garbageMade(): void;
  /** Collects all there is. */
  collectGarbage(): Promise<void>;
}

/** A snapshot in a consumer's hands. Closing the backend closes it under the consumer. */
export interface OpenView {
  readonly tx: ReadTransaction;
  /** Throws NADB_CLOSED once the backend has closed. */
  checkOpen(): void;
  /** Idempotent. */
  close(): void;
}
