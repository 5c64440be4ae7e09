// Kills a victim at a random instant and tells what it had said by then.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Random } from "@nadb/testkit";

const VICTIM = fileURLToPath(new URL("victim.mjs", import.meta.url));
/** Beyond the last word the instant moves by up to this much, into work that says nothing. */
const MAX_DELAY_MS = 12;

export interface Death {
  /** What was begun, in order. */
  readonly begun: readonly string[];
  readonly done: readonly string[];
  /** It was killed, and had not ended by itself. */
  readonly killed: boolean;
}

/** Lets the victim say up to `maxLines` lines after "ready", then sends SIGKILL. */
export async function killVictim(
  args: readonly string[],
  random: Random,
  maxLines: number,
): Promise<Death> {
  const child = spawn(process.execPath, [VICTIM, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const said: string[] = [];
  let left = 1 + random.int(maxLines);
  const lines = createInterface(child.stdout);
  lines.on("line", (line) => {
    said.push(line);
    if (said.includes("ready") && --left === 0) {
      setTimeout(() => child.kill("SIGKILL"), random.int(MAX_DELAY_MS + 1));
    }
  });
  await once(lines, "close");
  const [, signal] = await exited;
  const after = (word: string) =>
    said.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  return { begun: after("begin"), done: after("done"), killed: signal === "SIGKILL" };
}
