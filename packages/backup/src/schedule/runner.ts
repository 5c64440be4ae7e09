// One run, from the hook before it to the heartbeat after it. INVARIANT: whatever fails is in what is told of the run; a
// hook that fails undoes nothing, and nothing but a run that is done, with nothing failing beside it, sends a heartbeat.
import { ioError } from "@nadb/core";
import { readIndex } from "../index-file.js";
import type { BackupManager } from "../manager.js";
import { systemTimer, type Timer } from "../timer.js";
import { exclusively } from "./exclusive.js";
import { doJob, type Work } from "./jobs.js";
import { evidenceLevel } from "./missed.js";
import type {
  DueRun,
  ManagerSource,
  OpenedManager,
  ScheduleHooks,
  ScheduleOptions,
  StartingRun,
} from "./options.js";
import { archiveFlags, healthFlags, newestBackup } from "./proof.js";
import {
  isTrouble,
  type JobName,
  type JobRun,
  type NewestBackup,
  type Outcome,
  type RunName,
  runError,
} from "./run.js";
import { writeTrace } from "./trace.js";

/** Those that only read go on beside others: shared leases keep what they read. */
export const isWriting = (job: JobName): boolean => job !== "verify" && job !== "drill";

/** What a run came to. */
export interface Ended {
  readonly work: Work;
  readonly error?: unknown;
  readonly newest: NewestBackup | null;
}

export class Runner {
  readonly timer: Timer;
  readonly #hooks: ScheduleHooks;
  /** Those of which the last run was not as it should be. */
  readonly #troubled = new Set<RunName>();

  constructor(
    readonly source: ManagerSource,
    readonly options: ScheduleOptions,
  ) {
    const clock = typeof source === "function" ? Date.now : source.repository.host.clock;
    this.timer = options.timer ?? systemTimer(clock);
    this.#hooks = options.hooks ?? {};
  }

  /** It never rejects. */
  async run(due: DueRun, signal: AbortSignal): Promise<JobRun> {
    const start = this.starting(due);
    const run = this.told(start, await this.#work(start, signal), signal);
    if (run.outcome === "interrupted") return run;
    this.mark(due.job, isTrouble(run));
    return this.callHooks(run);
  }

  starting<Name extends RunName>({ job, trigger, dueAt }: DueRun<Name>): StartingRun<Name> {
    return { job, trigger, dueAt: isoOf(dueAt), startedAt: this.#now() };
  }

  /** While somebody is in trouble no heartbeat comes. */
  mark(name: RunName, isTroubled: boolean): void {
    if (isTroubled) this.#troubled.add(name);
    else this.#troubled.delete(name);
  }

  skipped(due: DueRun, why: string): JobRun {
    return { ...this.#blank(this.starting(due)), outcome: "skipped", notes: [why] };
  }

  async open(): Promise<OpenedManager> {
    const { source } = this;
    if (typeof source === "function") return source();
    return { manager: source, [Symbol.asyncDispose]: async () => undefined };
  }

  async #work(start: StartingRun<JobName>, signal: AbortSignal): Promise<Ended> {
    let ended: Ended = { work: { result: {} }, newest: null };
    try {
      signal.throwIfAborted();
      this.options.onStart?.(start);
      await this.#before(start);
      await using opened = await this.open();
      const work = await this.#do(start.job, opened, signal);
      ended = { ...ended, work };
      ended = { ...ended, newest: await newestBackup(opened.manager) };
      const critical = await healthFlags(opened.manager, this.options.health);
      return { ...ended, work: { ...work, flags: [...(work.flags ?? []), ...critical] } };
    } catch (error) {
      return { ...ended, error: reasonOf(error) };
    }
  }

  async #before(start: StartingRun): Promise<void> {
    try {
      await this.#hooks.before?.(start);
    } catch (error) {
      throw ioError("the hook before the run", error);
    }
  }

  async #do(job: JobName, opened: OpenedManager, signal: AbortSignal): Promise<Work> {
    const { manager } = opened;
    const flags = [...(await lostIndex(manager)), ...(await this.#archiveFlags(manager))];
    const work = (inner: AbortSignal) => doJob(job, opened, this.options, inner);
    const done = isWriting(job)
      ? await exclusively(manager.repository, this.timer, signal, work)
      : await work(signal);
    await this.#trace(job, manager);
    return { ...done, flags: [...flags, ...(done.flags ?? [])] };
  }

  /** As things are before the job: a backup is a point, too. That the schedule's own archive fails is told by itself. */
  async #archiveFlags(manager: BackupManager): Promise<string[]> {
    if (this.#troubled.has("archive")) return [];
    return archiveFlags(manager, this.options.health);
  }

  async #trace(job: JobName, { repository, storage }: BackupManager): Promise<void> {
    const leavesNothing = job === "prune" || job === "verify";
    if (leavesNothing && evidenceLevel(job, this.options) === undefined)
      await writeTrace(repository, storage.id, job);
  }

  /** What is told of it, before its hooks are called. */
  told(start: StartingRun<RunName>, { work, error, newest }: Ended, signal: AbortSignal): JobRun {
    const failure = error ?? work.damage;
    const isInterrupted = error !== undefined && signal.aborted;
    const { notes = [], flags = [] } = work;
    return {
      ...this.#blank(start),
      ...work.result,
      outcome: isInterrupted ? "interrupted" : outcomeOf(failure, flags),
      error: failure === undefined || isInterrupted ? null : runError(failure),
      notes,
      flags,
      newest,
    };
  }

  #blank(start: StartingRun<RunName>): JobRun {
    const nothing = { error: null, notes: [], flags: [], hookErrors: [], newest: null };
    return { ...start, endedAt: this.#now(), outcome: "done", ...nothing };
  }

  /** Answers the run, with what came of them. */
  async callHooks(run: JobRun): Promise<JobRun> {
    const { after, onFailure, heartbeat } = this.#hooks;
    let told = await withHook(run, "after", after);
    if (isTrouble(told)) told = await withHook(told, "onFailure", onFailure);
    const isWell = told.outcome === "done" && this.#troubled.size === 0;
    if (isWell && told.newest?.provenAt) told = await withHook(told, "heartbeat", heartbeat);
    return told;
  }

  #now(): string {
    return new Date(this.timer.now()).toISOString();
  }
}

/** The run, with what came of the hook. */
async function withHook(
  run: JobRun,
  name: keyof ScheduleHooks,
  hook: ((run: JobRun) => unknown) | undefined,
): Promise<JobRun> {
  try {
    await hook?.(run);
    return run;
  } catch (error) {
    const told = `${name}: ${error instanceof Error ? error.message : String(error)}`;
    const outcome: Outcome = run.outcome === "done" ? "flagged" : run.outcome;
    return { ...run, outcome, hookErrors: [...run.hookErrors, told] };
  }
}

/** The next backup writes it anew; that it was gone is no accident. */
async function lostIndex({ repository }: BackupManager): Promise<string[]> {
  const { target } = repository;
  if ((await readIndex(target)) !== undefined) return [];
  return [`the index of ${target.name} was lost or damaged`];
}

const outcomeOf = (failure: unknown, flags: readonly string[]): Outcome =>
  failure !== undefined ? "failed" : flags.length > 0 ? "flagged" : "done";

/** What was thrown, even if that was undefined. */
export const reasonOf = (error: unknown): unknown =>
  error ?? new TypeError("it failed with nothing");

const isoOf = (time: number | null): string | null =>
  time === null ? null : new Date(time).toISOString();
