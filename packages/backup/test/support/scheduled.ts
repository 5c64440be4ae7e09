// A store with a repository and a schedule, on time that only the test lets pass.
import { KeyValueStore, memoryBackend } from "@nadb/core";
import { onTestFinished } from "vitest";
import {
  BackupManager,
  type BackupSchedule,
  type BackupTarget,
  type JobRun,
  type ManagerSource,
  memoryTarget,
  type ScheduleOptions,
  type StartingRun,
  scheduleBackups,
} from "../../src/index.js";
import { TRY_AGAIN_MS } from "../../src/schedule/exclusive.js";
import { Clock } from "./store.js";
import { VirtualTimer } from "./virtual-timer.js";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export class ScheduledSite {
  readonly runs: JobRun[] = [];
  readonly starts: StartingRun[] = [];
  /** By hook, the runs it was called with. */
  readonly called: Record<"after" | "onFailure" | "heartbeat", JobRun[]> = {
    after: [],
    onFailure: [],
    heartbeat: [],
  };
  /** How long each run takes. */
  duration: (run: StartingRun) => number = () => 0;
  #sleeping = 0;

  private constructor(
    readonly store: KeyValueStore,
    readonly target: BackupTarget,
    readonly manager: BackupManager,
    readonly timer: VirtualTimer,
  ) {}

  static async open(
    time = Date.parse("2026-01-02T03:04:00Z"),
    target: BackupTarget = memoryTarget(),
  ): Promise<ScheduledSite> {
    const timer = new VirtualTimer(new Clock(time));
    const backend = memoryBackend({ clock: timer.now });
    const store = await KeyValueStore.open({ backend, clock: timer.now });
    onTestFinished(() => store.close());
    await store.set("first", "value");
    const manager = await BackupManager.open({ store, target, clock: timer.now });
    const site = new ScheduledSite(store, target, manager, timer);
    timer.isBusy = () => site.#busy > 0;
    return site;
  }

  get #busy(): number {
    const isJob = ({ job, outcome }: JobRun) => job !== "archive" && outcome !== "skipped";
    const begun = this.runs.filter(isJob).length;
    return this.starts.length - begun - this.#sleeping - this.timer.waiting(TRY_AGAIN_MS);
  }

  /** Stopped when the test ends. */
  schedule(options: ScheduleOptions, source: ManagerSource = this.manager): BackupSchedule {
    const schedule = scheduleBackups(source, this.options(options));
    onTestFinished(async () => {
      const stopped = schedule.stop().catch(() => undefined);
      await this.timer.pass(HOUR);
      await stopped;
    });
    return schedule;
  }

  /** One that also archives: until the test ends time passes only while the archive waits, as the schedule does. */
  archive(options: ScheduleOptions = {}, source: ManagerSource = this.manager): BackupSchedule {
    const { timer } = this;
    const { isBusy } = timer;
    const schedule = this.schedule({ archive: { everySeconds: 10 }, ...options }, source);
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    onTestFinished(end);
    schedule.done.then(end, end);
    timer.isBusy = () => isBusy() || (!isOver && timer.waits < 2);
    return schedule;
  }

  options(options: ScheduleOptions): ScheduleOptions {
    const { called } = this;
    return {
      timer: this.timer,
      onStart: (run) => this.starts.push(run),
      onRun: (run) => this.runs.push(run),
      ...options,
      hooks: {
        before: (run) => this.#take(run),
        after: (run) => called.after.push(run),
        onFailure: (run) => called.onFailure.push(run),
        heartbeat: (run) => called.heartbeat.push(run),
        ...options.hooks,
      },
    };
  }

  /** What was told so far. REQUIRES: nothing is going on. */
  forget(): void {
    this.runs.length = 0;
    this.starts.length = 0;
  }

  /** Each run in short: when it was due, its job, what came of it. */
  get told(): string[] {
    return this.runs.map(
      ({ dueAt, job, trigger, outcome }) =>
        `${dueAt?.slice(5, 16) ?? "now"} ${job}${trigger === "catch-up" ? " caught up" : ""} ${outcome}`,
    );
  }

  async #take(run: StartingRun): Promise<void> {
    const ms = this.duration(run);
    if (ms === 0) return;
    this.#sleeping++;
    await this.timer.wait(ms, new AbortController().signal);
    this.#sleeping--;
  }
}
