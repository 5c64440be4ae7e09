// Small values are compressed at once, large ones on another thread. What follows is written once for both, and
// what is ready at once stays so: no turn of the event loop comes between a call and its effect.

export type Ready<T> = T | Promise<T>;

export function whenReady<T, U>(value: Ready<T>, use: (value: T) => U): Ready<U> {
  return value instanceof Promise ? value.then(use) : use(value);
}

/** What `use` makes of each item, once all of it is ready. Fails with the first failure. */
export function mapReady<T, U>(
  items: readonly T[],
  use: (item: T) => Ready<U>,
): Ready<readonly U[]> {
  const made = items.map((item) => attempt(() => use(item)));
  const isReady = (value: Ready<U>): value is U => !(value instanceof Promise);
  return made.every(isReady) ? made : Promise.all(made);
}

/** A failure joins those that come later, so that none of them goes unheard. */
function attempt<T>(make: () => Ready<T>): Ready<T> {
  try {
    return make();
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Calls start in the order in which they came, although some have to be prepared first. */
export class Turns {
  #waiting = 0;
  /** Resolves once the last call in line has started, or failed to prepare. */
  #last: Promise<unknown> = Promise.resolve();

  /** Nobody is in line: what is ready starts at once. */
  get free(): boolean {
    return this.#waiting === 0;
  }

  /** Resolves once every call made so far has started, or failed to prepare. */
  async started(): Promise<void> {
    await this.#last;
  }

  run<T, U>(prepared: Ready<T>, call: (ready: T) => Promise<U>): Promise<U> {
    if (this.free && !(prepared instanceof Promise)) return call(prepared);
    return this.#queue(Promise.resolve(prepared), call);
  }

  async #queue<T, U>(prepared: Promise<T>, call: (ready: T) => Promise<U>): Promise<U> {
    const started = this.#start(this.#last, prepared, call);
    this.#last = started.catch(() => undefined);
    const { outcome } = await started;
    return outcome;
  }

  /** Boxed, so that the next in line waits for the start of this call and not for its end. */
  async #start<T, U>(
    earlier: Promise<unknown>,
    prepared: Promise<T>,
    call: (ready: T) => Promise<U>,
  ): Promise<{ outcome: Promise<U> }> {
    this.#waiting++;
    try {
      prepared.catch(() => undefined); // told by the await below, which may come later
      await earlier;
      return { outcome: call(await prepared) };
    } finally {
      this.#waiting--;
    }
  }
}
