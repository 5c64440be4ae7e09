// Scheduled runs as people read them: one line each.
import { type ArchiveJob, explainArchivePolicy, type JobRun, type NextRuns } from "@nadb/backup";
import { formatBytes, plural, printable } from "../format.js";

/** When it began, the job, what came of it; then whatever is worth knowing. */
export function runText(run: JobRun): string {
  const { startedAt, endedAt, job, trigger, outcome } = run;
  const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
  const head = `${startedAt} ${job} ${outcome}`;
  const caughtUp = trigger === "catch-up" ? [`missed at ${run.dueAt}`] : [];
  const took =
    outcome === "skipped" || trigger === "follow" ? [] : [`${Math.max(0, seconds).toFixed(1)} s`];
  return printable(`${head}: ${[...caughtUp, ...detailsOf(run), ...took].join("; ")}`);
}

function detailsOf(run: JobRun): string[] {
  const { error, notes, flags, hookErrors } = run;
  return [
    ...(error === null ? [] : [`${error.code}: ${error.message}`]),
    ...resultOf(run),
    ...notes,
    ...flags,
    ...hookErrors.map((failure) => `hook ${failure}`),
  ];
}

function resultOf({
  backup,
  created,
  verifications = [],
  archive,
  drill,
  pruning,
}: JobRun): string[] {
  const sound = verifications.filter(({ ok }) => ok).length;
  return [
    ...(backup === undefined ? [] : [backupText(backup, created === true)]),
    ...(verifications.length === 0 ? [] : [`${sound} of ${verifications.length} verified`]),
    ...(archive?.ok ? [`${plural(archive.segments, "segment")} of the archive verified`] : []),
    ...(drill?.ok ? [`drilled ${drill.backupId}`] : []),
    ...(pruning === undefined ? [] : [`${plural(pruning.removed.length, "backup")} removed`]),
  ];
}

const backupText = (
  { backupId, fileCount, storedSize }: NonNullable<JobRun["backup"]>,
  created: boolean,
): string =>
  created
    ? `${backupId}, ${plural(fileCount, "record")}, ${formatBytes(storedSize)}`
    : `nothing has changed since ${backupId}`;

export const explainText = ({ job, cron, timeZone, times }: NextRuns): string =>
  [`${job}  ${cron}  (${timeZone})`, ...times.map((time) => `  ${inZone(time, timeZone)}`)].join(
    "\n",
  );

/** What goes on as long as the schedule does, and what it promises. */
export function archiveDocument({ everySeconds = 1, policy }: ArchiveJob) {
  const promises = policy === undefined ? [AS_DECLARED] : explainArchivePolicy(policy);
  return { job: "archive", everySeconds, promises } as const;
}

const AS_DECLARED = "what the archive has declared (nadb backup archive --explain)";

export const archiveText = ({
  everySeconds,
  promises,
}: ReturnType<typeof archiveDocument>): string =>
  [`archive  every ${everySeconds} s`, ...promises.map((promise) => `  ${promise}`)].join("\n");

/** "Mon 2026-11-23 02:30:00 GMT+1". */
function inZone(time: string, timeZone: string): string {
  const options = { timeZone, hourCycle: "h23", weekday: "short", timeZoneName: "short" } as const;
  const digits = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
  const format = new Intl.DateTimeFormat("en-GB", { ...options, ...digits, ...clock });
  const parts = new Map(
    format.formatToParts(Date.parse(time)).map(({ type, value }) => [type, value]),
  );
  const of = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? "";
  const date = `${of("year")}-${of("month")}-${of("day")}`;
  return `${of("weekday")} ${date} ${of("hour")}:${of("minute")}:${of("second")} ${of("timeZoneName")}`;
}
