// Verifications that found something, as the error a command ends with.
import type { Verification } from "@nadb/backup";
import { corruption, NadbError } from "@nadb/core";
import { printable } from "../../format.js";

/** A verification, or a drill. */
type Found = Pick<Verification, "findings">;

/** NADB_CORRUPTION, or NADB_NEWER_FORMAT when that is all that is wrong. */
export function damageError(damaged: readonly Found[]): NadbError {
  const findings = damaged.flatMap((verification) => verification.findings);
  const first = findings[0];
  const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : "";
  const message = `backup ${first?.backupId}: ${first?.detail}${more}`;
  if (findings.every(({ what }) => what === "newer")) {
    return new NadbError("NADB_NEWER_FORMAT", message, { hint: "update NADB" });
  }
  return corruption(message, "restore another backup, and take a new one");
}

export const findingsText = ({ findings }: Found): string =>
  findings.map(({ what, detail }) => `  ${what}: ${printable(detail)}`).join("\n");
