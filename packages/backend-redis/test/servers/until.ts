// Waiting for what servers do among themselves: they tell nobody when a failover is over, so their state is looked at
// again and again. INVARIANT: it ends, by what was waited for or by an error that says what was seen last.
import { setTimeout as pause } from "node:timers/promises";

const PAUSE_MILLISECONDS = 10;
const DEADLINE_MILLISECONDS = 20_000;

/** The first answer of `look` that is not undefined. What `look` throws counts as "not yet". */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined>,
  milliseconds = DEADLINE_MILLISECONDS,
): Promise<T> {
  const deadline = performance.now() + milliseconds;
  for (let seen = "nothing"; ; await pause(PAUSE_MILLISECONDS)) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      seen = String(error);
    }
    if (performance.now() > deadline) throw new Error(`${what} did not happen; last seen: ${seen}`);
  }
}

/** The same, for a condition. */
export async function untilTrue(what: string, look: () => Promise<boolean>): Promise<void> {
  await until(what, async () => (await look()) || undefined);
}
