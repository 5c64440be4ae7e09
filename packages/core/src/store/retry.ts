// Trying again after a conflict: at once the first time, then after a pause drawn at random up to a limit that doubles, so
// that those who met once do not keep meeting.
import { invalidArgument, isNadbError, NadbError } from "../errors.js";

const MAX_PAUSE_MS = 64;
const DEFAULT_RETRIES = 32;
const MAX_RETRIES = 10_000;

export interface RetryOptions {
  readonly retries?: number | undefined;
  readonly random: () => number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `attempt` until it throws no NADB_CONFLICT; after the last retry, throws the conflict. */
export async function retryConflicts<T>(
  what: string,
  attempt: () => Promise<T>,
  { retries = DEFAULT_RETRIES, random, signal }: RetryOptions,
): Promise<T> {
  if (!Number.isInteger(retries) || retries < 0 || retries > MAX_RETRIES) {
    throw invalidArgument(
      `retries ${String(retries)} is not a whole number from 0 to ${MAX_RETRIES}`,
    );
  }
  for (let tried = 0; ; tried++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!isNadbError(error, "NADB_CONFLICT")) throw error;
      if (tried === retries) throw givenUp(what, tried + 1, error);
    }
    if (tried > 0) await pause(random() * Math.min(MAX_PAUSE_MS, 2 ** tried), signal);
  }
}

function givenUp(what: string, attempts: number, cause: NadbError): NadbError {
  return new NadbError(
    "NADB_CONFLICT",
    `${what} met a conflict ${attempts} times: ${cause.message}`,
    {
      hint: "others keep changing what it reads; try later, read less, or allow more retries",
      cause,
    },
  );
}

/** Ends early, without an error, when the signal does. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}
