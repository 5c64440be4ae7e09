// nadb backup archive: follows the store and archives what changes, in the foreground, one line for each thing done, until
// it is told to end; it ends behind the segment that it is writing.
import {
  type ArchiveOptions,
  type ArchivePolicy,
  BackupManager,
  type CompactionStep,
  explainArchivePolicy,
  parseArchivePolicy,
} from "@nadb/backup";
import type { Command } from "commander";
import { parseDuration } from "../../duration.js";
import { failureOf } from "../../failure.js";
import { formatBytes, formatTime, plural, toJson } from "../../format.js";
import { targetOf } from "../../open-target.js";
import { type Begin, openStore, type Session } from "../../session.js";

interface Options {
  readonly every: string;
  readonly policy?: string;
  readonly explain?: true;
  readonly once?: true;
}

export function addArchive(backup: Command, begin: Begin): void {
  backup
    .command("archive")
    .summary("follow the store, so that it can be restored to any time")
    .description(
      "follow the store and archive what changes, until you interrupt it; one line for each segment, with --json " +
        "one document a line",
    )
    .option("--every <time>", "how often to look", "1s")
    .option(
      "--policy <levels>",
      "what stays restorable, such as 1s:1h,1m:24h,1d:90d (every:for); else everything",
    )
    .option("--explain", "say what the policy promises, and do nothing")
    .option("--once", "archive what has changed until now, and end")
    .action((options: Options, command: Command) => archive(begin(command), options));
}

async function archive(session: Session, options: Options): Promise<void> {
  const policy = options.policy === undefined ? null : policyOf(options.policy);
  const everySeconds = parseDuration(options.every);
  if (options.explain) return explain(session, policy, everySeconds);
  await using store = await openStore(session, { create: false });
  const manager = await BackupManager.open({
    store,
    target: await targetOf(session.flags, { create: true }),
  });
  const lines = new Lines(session);
  const how = { everySeconds, policy, ...listeners(lines) };
  if (options.once) await manager.archiveOnce(how);
  else await (await manager.archive({ ...how, signal: session.signal })).done;
  await lines.written;
}

const policyOf = (text: string): ArchivePolicy => parseArchivePolicy(text, parseDuration);

function explain(
  { output }: Session,
  policy: ArchivePolicy | null,
  everySeconds: number,
): Promise<void> {
  const promises = explainArchivePolicy(policy);
  return output.result({ everySeconds, policy, promises }, promises.join("\n"));
}

/** Writes lines one behind the other, without keeping the archiver waiting. */
class Lines {
  written: Promise<void> = Promise.resolve();

  constructor(readonly session: Session) {}

  add(document: object, text: string): void {
    const { output } = this.session;
    const line = output.options.json ? toJson(document) : text;
    this.written = this.written.then(() => output.raw(`${line}\n`));
    this.written.catch(() => undefined); // told when it is awaited
  }
}

const listeners = (lines: Lines): Partial<ArchiveOptions> => ({
  onBackup: (info) => {
    const { backupId, recordCount, storedSize, timestamp } = info;
    const size = `${plural(recordCount, "record")}, ${formatBytes(storedSize)}`;
    lines.add({ event: "backup", ...info }, `${timestamp}  backup   ${backupId}, ${size}`);
  },
  onSegment: ({ segment, info }) => {
    const { name, generation, from, to, unwatchedMs } = segment;
    const { timestamp, fileCount, storedSize } = info;
    const document = { name, generation, from, to, timestamp, unwatchedMs, fileCount, storedSize };
    const size = `${plural(fileCount, "change")}, ${formatBytes(storedSize)}`;
    lines.add({ event: "segment", ...document }, `${timestamp}  segment  version ${to}, ${size}`);
  },
  onCompaction: (step) =>
    lines.add({ event: "compaction", ...step }, `${now()}  ${stepText(step)}`),
  onRetry: (error, afterMs) => {
    const failure = failureOf(error) ?? { code: "NADB_UNEXPECTED", message: String(error) };
    const text = `${now()}  failed   ${failure.code}: ${failure.message}; again in ${afterMs / 1000} s`;
    lines.add({ event: "retry", ...failure, afterMs }, text);
  },
  onCompactionFailed: (error) => {
    const failure = failureOf(error) ?? { code: "NADB_UNEXPECTED", message: String(error) };
    const text = `${now()}  failed   to compact: ${failure.code}: ${failure.message}`;
    lines.add({ event: "compaction-failed", ...failure }, text);
  },
});

const now = (): string => formatTime(Date.now());

function stepText(step: CompactionStep): string {
  if (step.type === "rebased") return `backup   ${step.info.backupId}, made of the archive`;
  const count = plural(step.count, "segment");
  if (step.type === "removed") return `compact  ${count} removed`;
  return `compact  ${count} merged up to version ${step.into.to}`;
}
