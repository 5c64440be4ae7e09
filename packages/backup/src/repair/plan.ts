// What a repair would do, as data: a dry run prints it, the execution takes the same steps. INVARIANT: no step takes away
// data of a backup; what can not be restored is moved into the quarantine, whole and with its reason.
import type { ErrorCode, NamespaceId } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";

export type RepairStep =
  | {
      /** The index is written anew from the folders. */
      readonly type: "rebuild-index";
      readonly was: "lost" | "damaged" | "behind";
    }
  | {
      /** The index has a copy of the manifest that the data agree with. */
      readonly type: "restore-manifest";
      readonly backupId: string;
      readonly info: BackupInfo;
      readonly why: string;
      /** What was there when the plan was made (`Folder.seen`). */
      readonly seen: string;
    }
  | {
      /** It can be restored, one that it is laid over can not: it is merged with that one first. */
      readonly type: "consolidate";
      readonly backupId: string;
      readonly onto: string | null;
      readonly why: string;
    }
  | {
      readonly type: "quarantine";
      readonly backupId: string;
      /** What its manifest, or the copy of it, says; null where neither can be read. */
      readonly info: BackupInfo | null;
      readonly why: string;
      /** The damaged backup that it can not be restored without; null: it is damaged itself. */
      readonly because: string | null;
      readonly seen: string;
    }
  | {
      readonly type: "quarantine-segment";
      readonly id: NamespaceId;
      readonly generation: string;
      readonly name: string;
      readonly why: string;
    }
  | {
      /** What writers and readers that are gone have left behind, by paths. */
      readonly type: "sweep";
      readonly what: "folder" | "beside" | "reader" | "archive";
      readonly name: string;
      readonly paths: readonly string[];
    };

export type StepOf<T extends RepairStep["type"]> = Extract<RepairStep, { type: T }>;

/** What is left as it is, for a reason that repair is no judge of. */
export interface LeftAlone {
  readonly name: string;
  readonly code: ErrorCode;
  readonly why: string;
}

/** Changes that can not be restored to any more, or backups that are nowhere. */
export interface Loss {
  readonly name: string;
  readonly why: string;
}

export interface RepairPlan {
  /** To be taken in this order. */
  readonly steps: readonly RepairStep[];
  /** Ids of the backups that were read whole and can be restored, oldest first; after the repair they are what is listed. */
  readonly sound: readonly string[];
  /** In use, of a newer NADB, or not to be read for another reason than damage. */
  readonly leftAlone: readonly LeftAlone[];
  /** What no step brings back. */
  readonly losses: readonly Loss[];
  /** What to do next, in sentences. */
  readonly advice: readonly string[];
}
