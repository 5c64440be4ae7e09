// Runs the tests that a suite declares, one after the other, until one fails.
import type { Runner } from "../src/index.js";

/** The message of the first test that fails. */
export async function firstFailureOf(
  declare: (runner: Runner) => void,
): Promise<string | undefined> {
  const tests: (() => Promise<void>)[] = [];
  declare({
    describe: (_name, body) => body(),
    it: (_name, body) => tests.push(body),
  });
  for (const test of tests) {
    const failed = await test().then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (failed !== undefined) return failed;
  }
  return undefined;
}
