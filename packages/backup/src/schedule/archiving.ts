// The archive of a schedule: it follows the namespace, and begins again by itself whatever has ended it, later each time, with
// store and repository opened anew. INVARIANT: that it follows and that it fails is told once each time it changes, as a run;
// of the rest its files tell. What it tells keeps it waiting for nobody.
import { isNadbError, NadbError } from "@nadb/core";
import type { BackupManager } from "../manager.js";
import type { BackupInfo } from "../manifest.js";
import type { ArchiveJob } from "./archive-job.js";
import { PATIENCE_MS, TRY_AGAIN_MS } from "./exclusive.js";
import { unusualFlags, type Work } from "./jobs.js";
import type { OpenedManager, ScheduleOptions } from "./options.js";
import { healthFlags, newestBackup } from "./proof.js";
import type { JobRun, NewestBackup } from "./run.js";
import { type Ended, type Runner, reasonOf } from "./runner.js";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export class Archiving {
  /** Looks that have failed since one has not. */
  #failures = 0;
  #lockedSince: number | undefined;
  /** What was told last; undefined: nothing yet. */
  #told: string | undefined;
  #uncompacted: string | undefined;
  /** A full backup that it has taken, and that is not told yet. */
  #base: BackupInfo | undefined;
  #telling: Promise<void> = Promise.resolve();

  constructor(
    readonly runner: Runner,
    readonly job: ArchiveJob,
    readonly signal: AbortSignal,
    readonly onRun: (run: JobRun) => void,
  ) {}

  /** Until the signal. It never rejects. */
  async run(): Promise<void> {
    this.runner.mark("archive", true); // no heartbeat before it follows
    while (!this.signal.aborted) {
      const error = await this.#follow();
      if (this.signal.aborted) break;
      this.#failed(error);
      await this.runner.timer.wait(this.#pauseMs(error), this.signal);
    }
    await this.#telling;
  }

  #pauseMs(error: unknown): number {
    if (isLocked(error)) return TRY_AGAIN_MS;
    return Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
  }

  /** Answers what has ended it. */
  async #follow(): Promise<unknown> {
    const { signal, runner } = this;
    try {
      await using opened = await runner.open();
      const archiver = await opened.manager.archive({
        ...this.job,
        signal,
        timer: runner.timer,
        maxFailures: 0,
        around: (look) => this.#look(opened, look),
        onBackup: (info) => {
          this.#base = info;
        },
        onCompaction: () => {
          this.#uncompacted = undefined;
        },
        onCompactionFailed: (error) => this.#notCompacted(error),
      });
      await archiver.done;
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /** It holds both open, so it asks whether they are still there. */
  async #look({ manager, check }: OpenedManager, look: () => Promise<void>): Promise<void> {
    await check?.();
    await look();
    const isNew = this.#told !== FOLLOWS;
    const base = this.#base;
    this.#base = undefined;
    this.#failures = 0;
    this.#lockedSince = undefined;
    if (!isNew && base === undefined) return;
    const note = this.#told === undefined ? "it follows the namespace" : "it follows again";
    this.#told = FOLLOWS;
    this.runner.mark("archive", false);
    this.#tell(stateOf(manager, base, isNew ? [note] : [], this.runner.options.health));
  }

  /** A lease that somebody holds may be one of a process that died, or its own from before: it is waited for. */
  #failed(error: unknown): void {
    const now = this.runner.timer.now();
    this.#lockedSince = isLocked(error) ? (this.#lockedSince ?? now) : undefined;
    if (this.#lockedSince !== undefined && now - this.#lockedSince < PATIENCE_MS) return;
    const told = `failed ${error instanceof NadbError ? error.code : String(error)}`;
    if (told === this.#told) return;
    this.#told = told;
    this.runner.mark("archive", true);
    this.#tell(Promise.resolve({ work: { result: {} }, newest: null, error }));
  }

  /** Nothing is at risk: what was to be merged stays as it is. */
  #notCompacted(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    if (why === this.#uncompacted) return;
    this.#uncompacted = why;
    const flags = [`segments could not be merged: ${why}`];
    this.#tell(Promise.resolve({ work: { result: {}, flags }, newest: null }));
  }

  /** One behind the other. Of what the end of the schedule finds untold only a line remains. */
  #tell(ended: Promise<Ended>): void {
    const { runner, signal } = this;
    const start = runner.starting({ job: "archive", trigger: "follow", dueAt: null });
    this.#telling = this.#telling.then(async () => {
      const run = runner.told(start, await ended, new AbortController().signal);
      this.onRun(signal.aborted ? run : await runner.callHooks(run));
    });
  }
}

const FOLLOWS = "follows";

const isLocked = (error: unknown): boolean => isNadbError(error, "NADB_LOCKED");

/** With what the repository tells while it is open; what it can not tell is left out. */
async function stateOf(
  manager: BackupManager,
  base: BackupInfo | undefined,
  notes: readonly string[],
  limits: ScheduleOptions["health"],
): Promise<Ended> {
  let work: Work = { result: base === undefined ? {} : { backup: base, created: true }, notes };
  let newest: NewestBackup | null = null;
  try {
    newest = await newestBackup(manager);
    const odd = base === undefined ? [] : await unusualFlags(manager, base.backupId);
    work = { ...work, flags: [...odd, ...(await healthFlags(manager, limits))] };
  } catch (error) {
    work = { ...work, flags: [`the backups can not be looked at: ${String(error)}`] };
  }
  return { work, newest };
}
