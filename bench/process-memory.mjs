// What the running process holds in memory, as Linux counts it.
import { readFileSync } from "node:fs";

/** A line of /proc/self/status in MB; NaN where there is no such file. (`maxRSS` is inherited from the parent.) */
export function status(name) {
  try {
    const [, kilobytes] = readFileSync("/proc/self/status", "utf8").match(`${name}:\\s+(\\d+) kB`);
    return (Number(kilobytes) * 1024) / 1e6;
  } catch {
    return Number.NaN;
  }
}
