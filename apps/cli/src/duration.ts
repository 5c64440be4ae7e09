// A span of time as it is typed: 500ms, 90s, 15m, 1h, 7d.
import { invalidArgument, quote } from "@nadb/core";

const SECONDS = new Map([
  ["ms", 0.001],
  ["s", 1],
  ["m", 60],
  ["h", 3600],
  ["d", 86_400],
]);

/** Seconds. Throws NADB_INVALID_ARGUMENT for anything but a number above 0 with its unit. */
export function parseDuration(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? [];
  const seconds = Number(number) * (SECONDS.get(unit) ?? Number.NaN);
  if (seconds > 0) return seconds;
  throw invalidArgument(
    `${quote(text)} is no span of time above 0`,
    "write 500ms, 90s, 15m, 1h or 7d",
  );
}
