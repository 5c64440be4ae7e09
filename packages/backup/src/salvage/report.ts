// What a salvage would do, and what it could not bring back, as data: a dry run prints it, the execution reads by it, and the
// salvaged backup keeps it. INVARIANT: a key whose record differs from the one of the damaged backup's cut lies in the key
// range of a loss; a range ends at the nearest keys that were read and are proven.
import type { BackupInfo } from "../manifest.js";

/** Both ends exclusive; null: without an end on this side. */
export interface LostKeys {
  readonly after: string | null;
  readonly before: string | null;
}

/**
 * Keys in a range of blocks, lines or a file that an older run has a record of: that one stands in, and may be outdated, or
 * deleted since. Of other losses nothing is counted.
 */
export interface StandIns {
  readonly count: number;
  /** The first of them. */
  readonly keys: readonly string[];
}

/**
 * blocks: of a pack. lines: of JSON. file: the whole run. chain: everything that the oldest run is laid over. unproven: what
 * was kept, but its keys, tags and times are covered by no checksum. state: what is missing nothing
 * else tells, only its count or the state digest.
 */
export type LossKind = "blocks" | "lines" | "file" | "chain" | "unproven" | "state";

export interface SalvageLoss {
  readonly what: LossKind;
  /** The backup of the chain. */
  readonly backupId: string;
  /** The file, or where it should be. */
  readonly path: string;
  /** The first block, counted from 0, or line, counted from 1; null where nothing tells. */
  readonly first: number | null;
  /** How many blocks or lines; null where nothing tells. */
  readonly count: number | null;
  /** In the file, the end exclusive; null where there is no such place. */
  readonly bytes: { readonly start: number; readonly end: number } | null;
  readonly keys: LostKeys;
  /** Lost records and deletes; null: unknown. Of what is unproven: those that were kept. */
  readonly changes: number | null;
  /** Deletes among them, whose keys may be back with what they had before; null: unknown. */
  readonly deletes: number | null;
  readonly standIns: StandIns;
  readonly why: string;
}

/** sound: of the backup itself. copy: of the index. damaged: some fields of it can be read. missing: there is none. */
export type ManifestState = "sound" | "copy" | "damaged" | "missing";

/** One run of the chain, and where it was found. */
export interface RunSource {
  readonly backupId: string;
  /** A folder of the repository or of its quarantine; null when nothing is left. */
  readonly folder: string | null;
  readonly dataFile: string | null;
  readonly manifest: ManifestState;
  /** All of a manifest that is sound or a copy; of a damaged one what can be read, which nothing proves. */
  readonly known: Partial<BackupInfo>;
  /** whole: every byte is as it was written. */
  readonly state: "whole" | "damaged" | "missing";
}

export interface SalvagedRun extends RunSource {
  readonly recordCount: number;
  readonly tombstoneCount: number;
}

export interface SalvageReport {
  /** The damaged backup. */
  readonly from: string;
  /** Keys, values, tags and expiries are those of its cut, by the state digest: nothing of the state was lost. */
  readonly isComplete: boolean;
  readonly recordCount: number;
  readonly totalSize: number;
  readonly stateDigest: string;
  /** Oldest first. */
  readonly runs: readonly SalvagedRun[];
  /** Oldest run first, inside of a run in its order. */
  readonly losses: readonly SalvageLoss[];
}

export interface SalvagePlan extends SalvageReport {
  /** The id of the new backup. */
  readonly into: string;
}
