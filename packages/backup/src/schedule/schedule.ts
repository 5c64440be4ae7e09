// The schedule: waits, and starts what is due. Jobs that write go one after the other, those that read likewise, beside
// them, and the archive beside all. INVARIANT: a job that is waiting or running is not started again; the clock is looked at anew after each wait, and
// no wait is long, so that a clock that jumps or a machine that sleeps delays nothing by more than a minute.
import { NadbError } from "@nadb/core";
import { Archiving } from "./archiving.js";
import { DueTimes } from "./due.js";
import { type Missed, missedJobs } from "./missed.js";
import {
  type DueRun,
  type ManagerSource,
  type PlannedJob,
  planJobs,
  type ScheduleOptions,
} from "./options.js";
import type { JobName, JobRun, RunName } from "./run.js";
import { isWriting, Runner } from "./runner.js";

const LONGEST_WAIT_MS = 60_000;
const GRACE_MS = 30_000;

export class BackupSchedule {
  /** Resolves when it has been stopped and nothing runs any more. */
  readonly done: Promise<void>;
  readonly jobs: readonly PlannedJob[];
  readonly #runner: Runner;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  /** Waiting or running. */
  readonly #busy = new Set<RunName>();
  /** How many runs of a job were skipped since it began the one that goes on. */
  readonly #skips = new Map<RunName, number>();
  #telling: Promise<unknown> = Promise.resolve();
  #unheard: { readonly error: unknown } | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  #reading: Promise<unknown> = Promise.resolve();

  constructor(
    source: ManagerSource,
    readonly options: ScheduleOptions,
  ) {
    const { signal } = options;
    this.#runner = new Runner(source, options);
    this.jobs = planJobs(options, this.#runner.timer.now());
    this.#signal = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    this.done = this.#run();
    this.done.catch(() => undefined); // whoever awaits it is told
  }

  /**
   * Interrupts what is running, which leaves nothing half-done. Rejects with NADB_IO when that takes longer than half a
   * minute, for instance because the target does not answer.
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const { timer } = this.#runner;
    const dueTimes = this.#dueTimes();
    const catchingUp = this.options.catchUp === false ? undefined : this.#catchUp();
    const archiving = this.#archive();
    while (!this.#signal.aborted) {
      for (const [{ name }, times] of dueTimes) {
        const dueAt = times.take(timer.now());
        if (dueAt !== undefined) this.#begin({ job: name, trigger: "due", dueAt });
      }
      const now = timer.now();
      const next = Math.min(...dueTimes.map(([, times]) => times.startsAt(now)));
      await timer.wait(Math.min(next - now, LONGEST_WAIT_MS), this.#signal);
    }
    await this.#end(Promise.all([this.#quiet(catchingUp), archiving]));
    if (this.#unheard !== undefined) throw this.#unheard.error;
  }

  async #quiet(catchingUp: Promise<void> | undefined): Promise<void> {
    await catchingUp; // begins no more after this
    await Promise.all([this.#writing, this.#reading]);
    await this.#telling;
  }

  /** Beside the jobs, for as long as the schedule runs. */
  async #archive(): Promise<void> {
    const { archive } = this.options;
    if (archive === undefined) return;
    this.#busy.add("archive");
    await new Archiving(this.#runner, archive, this.#signal, (run) => this.#tell(run)).run();
    this.#busy.delete("archive");
  }

  #dueTimes(): readonly (readonly [PlannedJob, DueTimes])[] {
    const { jitterSeconds = 0, random = Math.random } = this.options;
    const delayMs = (): number => Math.floor(random() * jitterSeconds * 1000);
    const now = this.#runner.timer.now();
    return this.jobs.map((job) => [job, new DueTimes(job.times, delayMs, now)] as const);
  }

  /** What reads waits for what writes, so that it finds the backup that is missing now. */
  async #catchUp(): Promise<void> {
    for (const { job, dueAt } of await this.#missed()) {
      const due: DueRun = { job: job.name, trigger: "catch-up", dueAt };
      if (!isWriting(job.name)) this.#reading = Promise.all([this.#reading, this.#writing]);
      this.#begin(due);
    }
  }

  /** A repository that can not be read tells nothing: then every job runs, and fails with the reason if it is still so. */
  async #missed(): Promise<readonly Missed[]> {
    const now = this.#runner.timer.now();
    try {
      await using opened = await this.#runner.open();
      return await missedJobs(opened.manager, this.jobs, this.options, now);
    } catch {
      return this.jobs.map((job) => ({ job, dueAt: job.times.previous(now) ?? now }));
    }
  }

  #begin(due: DueRun): void {
    const { job } = due;
    if (this.#busy.has(job)) {
      this.#skip(due);
      return;
    }
    this.#busy.add(job);
    const before = isWriting(job) ? this.#writing : this.#reading;
    const ended = before.then(() => this.#perform(due));
    if (isWriting(job)) this.#writing = ended;
    else this.#reading = ended;
  }

  /** One that hangs looks like this, so it is no good sign; hooks are told of the second skip in a row, the fourth, the eighth. */
  #skip(due: DueRun): void {
    const count = (this.#skips.get(due.job) ?? 0) + 1;
    this.#skips.set(due.job, count);
    this.#runner.mark(due.job, true);
    const run = this.#runner.skipped(due, "the run before it is still going on");
    const isAlarm = count > 1 && Number.isInteger(Math.log2(count));
    if (!isAlarm) this.#tell(run);
    else this.#alarm({ ...run, flags: [`${count} runs in a row were skipped`] });
  }

  /** One behind the other, and nobody waits for them but the end. */
  #alarm(run: JobRun): void {
    const told = this.#telling.then(() => this.#runner.callHooks(run));
    this.#telling = told.then((all) => this.#tell(all));
  }

  async #perform(due: DueRun): Promise<void> {
    const run = this.#signal.aborted
      ? this.#runner.skipped(due, "the schedule was stopped before it began")
      : await this.#runner.run(due, this.#signal);
    this.#busy.delete(due.job);
    this.#skips.delete(due.job);
    this.#tell(run);
  }

  /** A listener that throws ends the schedule: nobody would hear of what goes wrong. */
  #tell(run: JobRun): void {
    try {
      this.options.onRun?.(run);
    } catch (error) {
      this.#unheard ??= { error };
      this.#stop.abort();
    }
  }

  async #end(running: Promise<unknown>): Promise<void> {
    const isOver = new AbortController();
    const { timer } = this.#runner;
    const ended = running.then(() => true).finally(() => isOver.abort());
    const late = timer.wait(GRACE_MS, isOver.signal).then(() => isOver.signal.aborted);
    if (await Promise.race([ended, late])) return;
    const jobs = [...this.#busy].join(", ");
    throw new NadbError("NADB_IO", `${jobs} did not end within ${GRACE_MS / 1000} s`, {
      hint: "the target or the store does not answer; a dead writer's lease ends within a minute",
    });
  }
}

/**
 * Runs jobs by cron expressions until it is stopped. Throws NADB_INVALID_ARGUMENT for what can not be honoured; whatever
 * fails later is told with the run that it belongs to.
 */
export const scheduleBackups = (source: ManagerSource, options: ScheduleOptions): BackupSchedule =>
  new BackupSchedule(source, options);

/** Runs one job of a schedule now, as the schedule would. Throws as `scheduleBackups` does. */
export async function runScheduledJob(
  source: ManagerSource,
  options: ScheduleOptions,
  job: JobName,
): Promise<JobRun> {
  const runner = new Runner(source, options);
  planJobs(options, runner.timer.now());
  const { signal = new AbortController().signal } = options;
  const run = await runner.run({ job, trigger: "once", dueAt: null }, signal);
  options.onRun?.(run);
  return run;
}

export interface NextRuns {
  readonly job: JobName;
  readonly cron: string;
  readonly timeZone: string;
  /** ISO 8601 in UTC, without jitter. */
  readonly times: readonly string[];
}

/** When the jobs are due next. Throws as `scheduleBackups` does. */
export function nextRuns(options: ScheduleOptions, now: number, count = 5): readonly NextRuns[] {
  return planJobs(options, now).map(({ name, times }) => ({
    job: name,
    cron: times.expression,
    timeZone: times.timeZone,
    times: times.upcoming(now, count).map((time) => new Date(time).toISOString()),
  }));
}
