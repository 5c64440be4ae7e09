// Times as text. INVARIANT: what `formatTime` writes `parseTime` reads back exactly; that is UTC, to the millisecond, with
// an offset. The Python original writes local times without one, to the microsecond.

const TIME =
  /^([+-]\d{6}|\d{4})-(0[1-9]|1[0-2])-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/;

/** ISO 8601 in UTC. REQUIRES: an instant that a Date can hold. */
export const formatTime = (ms: number): string => new Date(ms).toISOString().replace("Z", "+00:00");

/** ISO 8601 as Python's isoformat writes local times, without an offset. REQUIRES: years from 0 to 9999 of local time. */
export function formatLocalTime(ms: number): string {
  const date = new Date(ms);
  const day = [date.getMonth() + 1, date.getDate()].map((part) => digits(part, 2)).join("-");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => digits(part, 2))
    .join(":");
  const fraction = date.getMilliseconds();
  const micros = fraction === 0 ? "" : `.${digits(fraction, 3)}000`;
  return `${digits(date.getFullYear(), 4)}-${day}T${time}${micros}`;
}

/**
 * Milliseconds since 1970, fractions of one dropped; undefined for what is no time. Without an offset it is the local time
 * of this process.
 */
export function parseTime(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, year = "", month = "", day = "", hour, minute, second, fraction = "", offset = ""] =
    match;
  if (Number(day) < 1 || Number(day) > daysIn(Number(year), Number(month))) return undefined;
  const ms = fraction.slice(0, 3).padEnd(3, "0");
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}${offset}`);
  return Number.isNaN(time) ? undefined : time;
}

/** Years repeat after 400. */
const daysIn = (year: number, month: number): number =>
  new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();

const digits = (value: number, count: number): string => String(value).padStart(count, "0");
