// What a copy is told, and what it tells: the words that the library and the command share.
import type { Checkpoint, Head, NamespaceId, StorageNamespace } from "../backend.js";

/** Who copies: how one that died is told from one that works, so that nobody waits for its lease to end. */
export interface CopyHolder {
  readonly owner: string;
  /** True when that owner is certainly dead. */
  isGone(owner: string): boolean;
}

/** Pages of a step that have been staged at the target. */
export interface CopyProgress {
  readonly phase: "full" | "changes";
  readonly records: number;
  readonly bytes: number;
  /** Of a full step: what the source held when it began. */
  readonly totalRecords?: number;
}

export interface CopyOptions {
  /**
   * Names the source store. A target that was copied from a store of another name is refused, unless its generation shows
   * that it is the same.
   */
  readonly source?: string;
  /**
   * The whole content of the target may be replaced by the source's: when it holds what no copy put there, was copied
   * from another source, or the source can no longer tell what has changed. Default false.
   */
  readonly overwrite?: boolean;
  /** What somebody else changed at the target since the last step may be replaced, too. Default false. */
  readonly force?: boolean;
  /** Bytes that are read from the source at a time. Default 1 MiB. */
  readonly pageBytes?: number;
  readonly signal?: AbortSignal;
  /** Now, in ms since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** Fills the bytes with randomness. Default `crypto.getRandomValues`. */
  readonly random?: (bytes: Uint8Array) => void;
  /** Without one, a copier that died is replaced when its lease ends, within a minute. */
  readonly holder?: CopyHolder;
  readonly onProgress?: (progress: CopyProgress) => void;
}

export interface CopyNamespaceOptions extends CopyOptions {
  /** Where it is kept how far the copy is: `copyProgress(targetBackend, targetId)`. */
  readonly progress: StorageNamespace;
}

/** Why a step takes the whole content, or that it goes on from the step before. */
export type CopyReason = "first" | "other-source" | "changed" | "expired" | "interrupted" | "next";

/** What the next step would do. */
export interface CopyPlan {
  readonly source: NamespaceId;
  readonly target: NamespaceId;
  /** `full`: everything, which becomes the whole content; `changes`: what has changed since the step before. */
  readonly step: "full" | "changes" | "nothing";
  readonly because: CopyReason;
  /** Records that the source holds. */
  readonly records: number;
  /** Records of the target that a full step replaces. */
  readonly replaces: number;
  /** Versions that the target is behind. */
  readonly lagVersions: number;
}

/** What a step has done, and how the two stand now. */
export interface Copied {
  readonly source: NamespaceId;
  readonly target: NamespaceId;
  readonly step: CopyPlan["step"];
  /** Records put. */
  readonly copied: number;
  /** Tombstones brought. */
  readonly deleted: number;
  /** The cut of the source that the target holds. */
  readonly checkpoint: Checkpoint;
  /** The target's, after the step. */
  readonly head: Head;
  /** Changes of the source that came meanwhile. */
  readonly lagVersions: number;
  /** Since when there may be changes that the target does not hold; 0 when there are none. */
  readonly lagSeconds: number;
  /** The target holds all that the source held when it was looked at last. */
  readonly inSync: boolean;
  /** Records that have expired, that the target has swept and the source still holds. Else the digests are equal. */
  readonly expired: number;
}
