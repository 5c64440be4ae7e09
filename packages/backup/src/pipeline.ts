// Work done several pieces at a time, results in order, with a bound on the bytes under way.

/** Pieces under way at once: the size of Node's thread pool. */
const MAX_UNDER_WAY = 4;
/** A single larger piece still goes, alone. */
const MAX_BYTES_UNDER_WAY = 16 << 20;

/**
 * Maps each item by `work`, up to `mostUnderWay` at a time, and yields the results in the items' order. `weigh` answers
 * an item's bytes. The first failure ends the iteration; what is under way then is awaited, its result dropped.
 */
export async function* mapInOrder<T, R>(
  items: AsyncIterable<T>,
  weigh: (item: T) => number,
  work: (item: T) => Promise<R>,
  mostUnderWay = MAX_UNDER_WAY,
): AsyncGenerator<R, void, undefined> {
  const underWay: { readonly result: Promise<R>; readonly bytes: number }[] = [];
  let bytes = 0;
  const takeFirst = async (): Promise<R> => {
    const first = underWay.shift() as { result: Promise<R>; bytes: number };
    bytes -= first.bytes;
    return first.result;
  };
  try {
    for await (const item of items) {
      const weight = weigh(item);
      while (
        underWay.length >= mostUnderWay ||
        (underWay.length > 0 && bytes + weight > MAX_BYTES_UNDER_WAY)
      ) {
        yield await takeFirst();
      }
      const result = work(item);
      result.catch(() => undefined); // it is awaited in its turn; until then it must not count as unhandled
      underWay.push({ result, bytes: weight });
      bytes += weight;
    }
    while (underWay.length > 0) yield await takeFirst();
  } finally {
    await Promise.allSettled(underWay.map(({ result }) => result));
  }
}
