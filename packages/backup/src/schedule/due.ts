// Which due times of a job have been seen to, on a clock that may jump. INVARIANT: the clock going on, each due time comes
// up once; those that a jump forward or a long wait has passed come up as one. A clock that was put back by more than half
// the way between two due times begins anew, so that a job never waits for the clock to catch up; one that was put back
// by less does not bring up again what came up already.
import type { CronTimes } from "./cron.js";

export class DueTimes {
  #seenTo = 0;
  #startsAt = 0;
  #slack = 0;

  /** @param delayMs drawn anew for each due time: how long after it the job starts. */
  constructor(
    readonly times: CronTimes,
    readonly delayMs: () => number,
    now: number,
  ) {
    this.#plan(now);
  }

  /** When the job starts next. */
  startsAt(now: number): number {
    if (now < this.#seenTo - this.#slack) this.#plan(now);
    return this.#startsAt;
  }

  /** The due time that has come, the newest of several; undefined when none has. */
  take(now: number): number | undefined {
    if (now < this.startsAt(now)) return undefined;
    this.#plan(now);
    return this.times.previous(now);
  }

  #plan(now: number): void {
    const next = this.times.next(now);
    this.#seenTo = now;
    this.#startsAt = next + this.delayMs();
    this.#slack = (next - (this.times.previous(now) ?? now)) / 2;
  }
}
