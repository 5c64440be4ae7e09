// Time for work that goes on and on: what the clock says, and a wait that a signal ends. Injected, so that tests wait
// for nothing.

export interface Timer {
  /** In ms since the epoch. */
  now(): number;
  /** Resolves after so many ms, and at once when the signal is or becomes aborted. It never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** The longest that a timer of JavaScript can wait. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/** Waits in real time, and keeps the process alive meanwhile. */
export const systemTimer = (now: () => number = Date.now): Timer => ({
  now,
  wait: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = (): void => {
        clearTimeout(timeout);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timeout = setTimeout(end, Math.min(Math.max(ms, 0), MAX_WAIT_MS));
      signal.addEventListener("abort", end);
    }),
});
