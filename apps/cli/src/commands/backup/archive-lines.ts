// What an archiver does, a line each: a text, or a document with the time of what it tells of. They are written one behind the
// other, and the archiver waits for none of them.
import type { ArchiveOptions, BackupInfo, CompactionStep, Lag, Written } from "@nadb/backup";
import { failureOf } from "../../failure.js";
import { formatBytes, formatTime, instant, plural, toJson } from "../../format.js";
import type { Output } from "../../output.js";

export class ArchiveLines {
  written: Promise<void> = Promise.resolve();
  /** A backup or a segment was told of. */
  hasArchived = false;
  /** As of the last look. */
  #lag: Lag = { versions: 0, seconds: 0 };

  constructor(readonly output: Output) {}

  readonly listeners: Partial<ArchiveOptions> = {
    onLag: (lag) => {
      this.#lag = lag;
    },
    onBackup: (info) => this.#backup(info),
    onSegment: (written) => this.#segment(written),
    onCompaction: (step) =>
      this.#now((time) => [{ event: "compaction", ...step }, `${time}  ${stepText(step)}`]),
    onRetry: (error, afterMs) => {
      const failure = failureIn(error);
      const lag = this.#lag;
      const what = `${failure.code}: ${failure.message}; again in ${afterMs / 1000} s; ${lagText(lag)}`;
      this.#now((time) => [
        { event: "retry", ...failure, afterMs, lag },
        `${time}  failed   ${what}`,
      ]);
    },
    onCompactionFailed: (error) => {
      const failure = failureIn(error);
      const what = `to compact: ${failure.code}: ${failure.message}`;
      this.#now((time) => [
        { event: "compaction-failed", ...failure },
        `${time}  failed   ${what}`,
      ]);
    },
  };

  /** A look has found nothing to archive: a document says so, no line does. */
  unchanged(): void {
    if (this.output.options.json) this.#now(() => [{ event: "unchanged" }, ""]);
  }

  #backup(info: BackupInfo): void {
    const { backupId, recordCount, storedSize, timestamp } = info;
    const size = `${plural(recordCount, "record")}, ${formatBytes(storedSize)}`;
    this.hasArchived = true;
    this.#add(
      { event: "backup", ...info, ...instant(Date.parse(timestamp)) },
      `${timestamp}  backup   ${backupId}, ${size}`,
    );
  }

  #segment({ segment, info }: Written): void {
    const { name, generation, from, to, time, unwatchedMs } = segment;
    const { timestamp, fileCount, storedSize } = info;
    const range = { name, generation, from, to, ...instant(time) };
    const document = { event: "segment", ...range, unwatchedMs, fileCount, storedSize };
    const size = `${plural(fileCount, "change")}, ${formatBytes(storedSize)}`;
    this.hasArchived = true;
    this.#add(document, `${timestamp}  segment  version ${to}, ${size}`);
  }

  #now(tell: (time: string) => readonly [object, string]): void {
    const now = Date.now();
    const [document, text] = tell(formatTime(now));
    this.#add({ ...document, ...instant(now) }, text);
  }

  #add(document: object, text: string): void {
    const line = this.output.options.json ? toJson(document) : text;
    this.written = this.written.then(() => this.output.raw(`${line}\n`));
    this.written.catch(() => undefined); // told when it is awaited
  }
}

const failureIn = (error: unknown) =>
  failureOf(error) ?? { code: "NADB_UNEXPECTED", message: String(error) };

const lagText = ({ versions, seconds }: Lag): string =>
  `${plural(versions, "version")} and ${Math.floor(seconds)} s behind`;

function stepText(step: CompactionStep): string {
  if (step.type === "rebased") return `backup   ${step.info.backupId}, made of the archive`;
  const count = plural(step.count, "segment");
  if (step.type === "removed") return `compact  ${count} removed`;
  return `compact  ${count} merged up to version ${step.into.to}`;
}
