// What is left of servers on this machine.
import { existsSync } from "node:fs";

export interface Traces {
  readonly pid: number;
  readonly folder: string;
}

/** Does its process run, or its folder lie there? */
export const isLeft = ({ pid, folder }: Traces): boolean => runs(pid) || existsSync(folder);

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing
    return true;
  } catch {
    return false;
  }
}
