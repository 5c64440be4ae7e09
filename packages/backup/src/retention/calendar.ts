// Hours, days, ISO weeks, months and years as people at one place count them. A period has a name; two instants are of the
// same period when it has the same name for both. An hour that the clocks go through twice is two hours: its name tells the
// distance to UTC.
import { invalidArgument, quote } from "@nadb/core";

export type Period = "hourly" | "daily" | "weekly" | "monthly" | "yearly";
export const PERIODS: readonly Period[] = ["hourly", "daily", "weekly", "monthly", "yearly"];

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export class Calendar {
  readonly #format: Intl.DateTimeFormat;

  /** Throws NADB_INVALID_ARGUMENT for a time zone that there is not. */
  constructor(readonly timeZone = "UTC") {
    this.#format = formats.get(timeZone) ?? formatFor(timeZone);
    formats.set(timeZone, this.#format);
  }

  /** The name of the period that an instant, in ms since 1970, lies in. */
  nameOf(period: Period, time: number): string {
    const offset = this.#offsetAt(time);
    const local = new Date(time + offset);
    if (period === "weekly") return weekOf(local);
    const text = local.toISOString();
    const day = text.indexOf("T");
    if (period === "hourly") return `${text.slice(0, day + 3)}:00${zoneText(offset)}`;
    return text.slice(0, day - LETTERS_AFTER[period]);
  }

  /** How far its clocks are ahead of UTC, in ms. */
  #offsetAt(time: number): number {
    if (this.timeZone === "UTC") return 0;
    const parts = new Map(this.#format.formatToParts(time).map(({ type, value }) => [type, value]));
    const [year, month, day, hour, minute, second] = FIELDS.map((type) => Number(parts.get(type)));
    const clock = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
    return clock - Math.floor(time / 1000) * 1000;
  }
}

const FIELDS = ["year", "month", "day", "hour", "minute", "second"] as const;

/** Behind the year, the month, the day in YYYY-MM-DD. */
const LETTERS_AFTER = { daily: 0, monthly: 3, yearly: 6 } as const;

/** Making one is slow. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(timeZone: string): Intl.DateTimeFormat {
  const numeric = Object.fromEntries(FIELDS.map((field) => [field, "numeric"]));
  try {
    return new Intl.DateTimeFormat("en-US", {
      ...numeric,
      timeZone,
      hourCycle: "h23",
      calendar: "gregory",
      numberingSystem: "latn",
    });
  } catch {
    throw invalidArgument(
      `there is no time zone ${quote(timeZone)}`,
      "write UTC, or Europe/Berlin",
    );
  }
}

/** The week belongs to the year that its Thursday is in. */
function weekOf(local: Date): string {
  const day = Math.floor(local.getTime() / DAY_MS);
  const sinceMonday = (((day + 3) % 7) + 7) % 7; // 1970 began on a Thursday
  const thursday = day - sinceMonday + 3;
  const year = new Date(thursday * DAY_MS).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(year, 0, 1) / DAY_MS) / 7) + 1;
  return `${year}-W${twoDigits(week)}`;
}

function zoneText(offset: number): string {
  const minutes = Math.round(offset / MINUTE_MS);
  if (minutes === 0) return "Z";
  const ahead = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${twoDigits(Math.floor(ahead / 60))}:${twoDigits(ahead % 60)}`;
}

const twoDigits = (number: number): string => String(number).padStart(2, "0");
