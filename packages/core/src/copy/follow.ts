// Follows sources and keeps their targets up to date, a round of steps at a time, until it is told to end or, when asked,
// until both hold the same. A round that fails is tried again, later each time; what trying again can not mend ends it.
import { type ErrorCode, invalidArgument, isNadbError } from "../errors.js";
import { pause } from "../store/retry.js";
import type { Copier } from "./copier.js";
import { RENEW_AFTER_MS } from "./ledger.js";
import type { Copied } from "./options.js";

export interface FollowOptions {
  /** From the end of one round to the beginning of the next. Default 1. */
  readonly everySeconds?: number;
  /** End when source and target hold the same, the digests being equal but for what has expired. Default false. */
  readonly untilSynced?: boolean;
  /** How often in a row a round may fail. Default 20: about a quarter of an hour. */
  readonly maxFailures?: number;
  /** Resolves after so many ms, or early when the signal is aborted. Default: real time. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export type CopyEvent =
  /** A step was taken, or there was nothing to do. */
  | ({ readonly type: "step" } & Copied)
  /** A round has failed, and is tried again. */
  | { readonly type: "retry"; readonly error: unknown; readonly afterMs: number }
  /** Both held the same at one moment. The last event, and only with `untilSynced`. */
  | { readonly type: "synced" };

/** Of a follower: those that there are now; new ones are held from then on. */
export interface Crew {
  members(): Promise<readonly Copier[]>;
  /** Of all that there ever were. */
  end(): Promise<void>;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const MAX_FAILURES = 20;

export async function* follow(
  crew: Crew,
  options: FollowOptions & { readonly signal?: AbortSignal },
): AsyncGenerator<CopyEvent, void, undefined> {
  const { everySeconds = 1, maxFailures = MAX_FAILURES, signal } = options;
  if (!(everySeconds > 0))
    throw invalidArgument(`everySeconds ${String(everySeconds)} is not a number above 0`);
  try {
    for (let failures = 0; !signal?.aborted; ) {
      const round = new Round(crew, options.untilSynced === true);
      yield* round.events();
      if (round.isSynced) return yield { type: "synced" };
      if (signal?.aborted) return;
      failures = round.error === undefined ? 0 : failures + 1;
      const afterMs = failures === 0 ? everySeconds * 1000 : pauseAfter(failures);
      if (failures > maxFailures || !isPassing(round.error)) throw round.error;
      if (failures > 0) yield { type: "retry", error: round.error, afterMs };
      await holding(round.copiers, afterMs, options);
    }
  } finally {
    await crew.end();
  }
}

/** Each copier takes a step. */
class Round {
  copiers: readonly Copier[] = [];
  isSynced = false;
  error: unknown;

  constructor(
    readonly crew: Crew,
    readonly untilSynced: boolean,
  ) {}

  async *events(): AsyncGenerator<CopyEvent, void, undefined> {
    const steps = this.#steps();
    for (;;) {
      const next = await this.#attempt(() => steps.next());
      if (next === undefined || next.done) break;
      yield { type: "step", ...next.value };
    }
    if (this.untilSynced && this.error === undefined)
      this.isSynced = (await this.#attempt(() => this.#allSynced())) === true;
  }

  async *#steps(): AsyncGenerator<Copied, void, undefined> {
    this.copiers = await this.crew.members();
    for (const copier of this.copiers) yield await copier.step();
  }

  /** The second look shows that there was one moment for all of them. */
  async #allSynced(): Promise<boolean> {
    for (const copier of this.copiers) if (!(await copier.isSynced())) return false;
    for (const copier of this.copiers) if (!(await copier.isStill())) return false;
    return true;
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.error = error ?? new TypeError("it failed with nothing");
      return undefined;
    }
  }
}

const pauseAfter = (failures: number): number =>
  Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);

/** In parts, so that leases live on. One that can not be renewed is seen by the next step. */
async function holding(
  copiers: readonly Copier[],
  ms: number,
  { wait = pause, signal }: FollowOptions & { readonly signal?: AbortSignal },
): Promise<void> {
  for (let left = ms; left > 0 && !signal?.aborted; left -= RENEW_AFTER_MS) {
    await wait(Math.min(left, RENEW_AFTER_MS), signal);
    if (left <= RENEW_AFTER_MS) return;
    for (const copier of copiers) await copier.renew().catch(() => undefined);
  }
}

/** What no further try can mend. Anything else may be gone by then: a store that is away, a disk that is full. */
const LASTING: readonly ErrorCode[] = [
  "NADB_INVALID_ARGUMENT",
  "NADB_CONFLICT",
  "NADB_CHECKPOINT_EXPIRED",
  "NADB_UNSUPPORTED",
  "NADB_CORRUPTION",
  "NADB_NEWER_FORMAT",
  "NADB_NOT_A_STORE",
  "NADB_LOCKED",
  "NADB_CLOSED",
];

const isPassing = (error: unknown): boolean =>
  !(error instanceof TypeError) && !LASTING.some((code) => isNadbError(error, code));
