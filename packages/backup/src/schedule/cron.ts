// When a job is due: a cron expression in a time zone. croner computes the times and nothing else; no timer of its runs.
// INVARIANT: due times are whole seconds; one that the change to summer time leaves out comes when it is over, one that the
// end of summer time would bring twice comes once.
import { invalidArgument, quote } from "@nadb/core";
import { Cron } from "croner";

const HINT =
  'write minute, hour, day of month, month and day of week, such as "30 2 * * *" or "*/5 * * * *"';
const FIELDS = /^\s*(@[a-z]+|\S+(\s+\S+){4,5})\s*$/i;
const SECOND = 1000;

export class CronTimes {
  readonly #cron: Cron;

  /** @param job names it in messages. Throws NADB_INVALID_ARGUMENT, also for an expression that is never due. */
  constructor(
    readonly job: string,
    readonly expression: string,
    readonly timeZone: string,
    now: number,
  ) {
    checkTimeZone(timeZone);
    this.#cron = parse(job, expression, timeZone);
    if (this.#cron.nextRun(new Date(now)) !== null) return;
    throw invalidArgument(`${job}: ${quote(expression)} is never due`, HINT);
  }

  /** The first due time after `time`, in ms since 1970. */
  next(time: number): number {
    return this.#cron.nextRun(new Date(time))?.getTime() ?? Number.POSITIVE_INFINITY;
  }

  /** The last due time at or before `time`; undefined when there was none. */
  previous(time: number): number | undefined {
    const end = Math.floor(time / SECOND) * SECOND + SECOND;
    return this.#cron.previousRuns(1, new Date(end))[0]?.getTime();
  }

  upcoming(time: number, count: number): readonly number[] {
    return this.#cron.nextRuns(count, new Date(time)).map((date) => date.getTime());
  }
}

function parse(job: string, expression: unknown, timezone: string): Cron {
  if (typeof expression !== "string" || !FIELDS.test(expression))
    throw invalidArgument(`${job}: ${quote(expression)} is no cron expression`, HINT);
  try {
    return new Cron(expression.trim(), { timezone, mode: "5-or-6-parts", paused: true });
  } catch (error) {
    const why = (error as Error).message.replace(/^Cron\w*: /, "");
    throw invalidArgument(`${job}: ${quote(expression)} is no cron expression: ${why}`, HINT);
  }
}

function checkTimeZone(timeZone: unknown): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timeZone as string });
  } catch {
    throw invalidArgument(
      `there is no time zone ${quote(timeZone)}`,
      "name one of the IANA database, such as Europe/Berlin, or UTC",
    );
  }
}
