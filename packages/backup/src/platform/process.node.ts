// This process, as targets name it to others: its machine and its process id. INVARIANT: only a process that is certainly
// gone is called so; of other machines nothing is known.
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Names this process among all that use the same files. */
export const processOwner = (): string => `${machine()} ${process.pid}`;

/** True for a process of this machine, and of the same boot, that has ended. */
export function isOwnerGone(owner: string): boolean {
  const split = owner.lastIndexOf(" ");
  return owner.slice(0, split) === machine() && isDead(Number(owner.slice(split + 1)));
}

/** Where and since when a process id means the same process: the machine, its boot, the process namespace. */
export function machine(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${hostname()} ${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname(); // no /proc: process ids are the machine's
  }
}

/** On this machine. */
export function isDead(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
