// What is wrong with a backup, as listings and verifications tell it.
import { isNadbError } from "@nadb/core";

export interface Finding {
  readonly severity: "damage";
  /**
   * unreadable: the backup can not be restored as it is. newer: it needs a newer NADB. unreachable: the target does not give
   * its manifest, for another reason than damage (unreachable.ts).
   */
  readonly what: "unreadable" | "newer" | "unreachable";
  readonly backupId: string;
  readonly detail: string;
}

/** What is no fault of the backup (an abort, a disk that can not be read) is thrown on. */
export function asFinding(backupId: string, error: unknown): Finding {
  if (isNadbError(error, "NADB_CORRUPTION")) {
    return { severity: "damage", what: "unreadable", backupId, detail: error.message };
  }
  if (isNadbError(error, "NADB_NEWER_FORMAT")) {
    return { severity: "damage", what: "newer", backupId, detail: error.message };
  }
  throw error;
}

/** As `asFinding`, of a manifest: a target that as a whole does not answer is for the caller to tell. */
export function asManifestFinding(backupId: string, error: unknown): Finding {
  if (!isNadbError(error, "NADB_IO")) return asFinding(backupId, error);
  return { severity: "damage", what: "unreachable", backupId, detail: error.message };
}
