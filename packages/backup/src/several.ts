// Small independent pieces of work, several at a time. For streams and for work that weighs there is pipeline.ts.

/**
 * Maps each item by `work`, up to `most` at a time; the results stand in the order of the items. After a failure nothing
 * more is begun, and what is under way is awaited before it is thrown.
 */
export async function mapSeveral<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  let isOver = false;
  const worker = async (): Promise<void> => {
    for (const [i, item] of waiting) {
      if (isOver) return;
      try {
        results[i] = await work(item);
      } catch (error) {
        isOver = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(most, items.length) }, worker);
  await Promise.allSettled(workers);
  await Promise.all(workers);
  return results;
}
