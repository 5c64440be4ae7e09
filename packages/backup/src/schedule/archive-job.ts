// What a schedule may say of its archive, which is no job of a cron expression: it goes on for as long as the schedule does.
import { invalidArgument, quote } from "@nadb/core";
import type { ArchiveOptions } from "../archive/archiver.js";
import { checkEverySeconds, checkPace, checkPolicy } from "../archive/policy.js";

export interface ArchiveJob extends Pick<ArchiveOptions, "everySeconds" | "policy"> {
  readonly compression?: NonNullable<ArchiveOptions["compression"]>;
}

const OPTIONS: readonly string[] = ["everySeconds", "policy", "compression"];

/** Throws NADB_INVALID_ARGUMENT. */
export function checkArchiveJob(job: ArchiveJob): void {
  if (typeof job !== "object" || job === null)
    throw invalidArgument(
      `archive: ${quote(job)} is no object`,
      "it has no cron expression: write { everySeconds: 1 }",
    );
  for (const option of Object.keys(job)) {
    if (OPTIONS.includes(option)) continue;
    throw invalidArgument(`archive: there is no option ${quote(option)}`);
  }
  const { everySeconds, policy } = job;
  if (everySeconds !== undefined) checkEverySeconds(everySeconds);
  if (policy) checkPolicy(policy);
  if (policy) checkPace(policy, everySeconds ?? 1);
}
