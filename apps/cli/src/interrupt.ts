// SIGINT and SIGTERM become one AbortSignal. Work in flight sees it, cleans up and throws its reason; a second
// signal does not wait for that.
import { EXIT } from "./exit-codes.js";

export class Interrupted extends Error {
  override readonly name = "Interrupted";

  /** @param by SIGINT or SIGTERM. */
  constructor(readonly by: string) {
    super(`interrupted (${by})`);
  }
}

export function watchInterrupts(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (by: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort(new Interrupted(by));
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  return controller.signal;
}

/** The reason of an aborted signal where a library threw an AbortError of its own; any other error as it is. */
export function reasonFor(error: unknown, signal: AbortSignal): unknown {
  const isAbort = error instanceof Error && error.name === "AbortError";
  return isAbort && signal.aborted ? signal.reason : error;
}
