// The two sides of a copy, and from where a step of it goes on: the words that basis.ts, permission.ts and steps.ts share.
import type { Head, StorageNamespace } from "../backend.js";
import type { CopyOptions, CopyReason } from "./options.js";
import type { CopySource, Position, Swept } from "./progress.js";

/** Take everything; the target stands at `target`. */
export interface FullBasis {
  readonly step: "full";
  readonly because: CopyReason;
  readonly target: Head;
}

/** Take what has changed since the position. */
export interface ChangesBasis extends Position {
  readonly step: "changes";
  readonly swept: Swept;
}

export type Basis = FullBasis | ChangesBasis;

export interface Sides {
  readonly from: StorageNamespace;
  readonly to: StorageNamespace;
  readonly source: CopySource;
  /** Now, by the copier's clock. */
  readonly now: number;
  readonly options: CopyOptions;
}

export const isSameContent = (a: Head, b: Head): boolean =>
  a.count === b.count && a.digest === b.digest;

export const signalOf = ({ options: { signal } }: Sides): { readonly signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };
