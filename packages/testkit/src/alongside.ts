/** Lets everything that is ready run. */
export const turn = (): Promise<void> => new Promise(setImmediate);

/**
 * Looks again and again while `work` is under way, at least once. Fails as the look fails, or else as the
 * work does; the work is over in any case, so that nothing runs on into the next test.
 */
export async function whileRunning(
  work: Promise<unknown>,
  look: () => Promise<void>,
): Promise<void> {
  let running = true;
  const over = Promise.allSettled([work]).then(() => {
    running = false;
  });
  try {
    do {
      await look();
      await turn();
    } while (running);
  } finally {
    await over;
  }
  await work;
}
