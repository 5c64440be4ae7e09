// Which changes a set of segments holds without a hole. Segments of one generation may overlap and may begin before the
// base they are laid over; this is why it is right:
//
// A run (from, to] holds for each key that changed in it the latest change up to `to`. Lay runs over a base at version b in
// ascending order of `to`, where every `to` lies in (b, t] and together they cover (b, t]. Let v be the version of the
// latest change of a key up to t. A run that holds the key and ends at v or later holds just that change, for there is none
// between v and t. If v > b, some run covers v; it and all behind it that hold the key hold v, so v wins. If v <= b the base
// holds v, and every run ends behind b, hence behind v, so none brings an older change.

export interface Range {
  /** Exclusive. */
  readonly from: number;
  readonly to: number;
}

/** Ascending by the end; of those with one end the widest first. */
export const byEnd = (a: Range, b: Range): number => a.to - b.to || a.from - b.from;

/**
 * For each range the lowest version from which it and those before it cover everything up to its end: laid over any base
 * from there on they give the state at its end.
 *
 * @param ranges by end.
 */
export function reaches(ranges: readonly Range[]): number[] {
  const stretches: Range[] = [];
  return ranges.map(({ from, to }) => {
    let begin = from;
    for (let last = stretches.at(-1); last && last.to >= begin; last = stretches.at(-1)) {
      begin = Math.min(begin, last.from);
      stretches.pop();
    }
    stretches.push({ from: begin, to });
    return begin;
  });
}

/** The fewest ranges that cover (from, to] and end in it, by end; undefined when there is a hole. */
export function coverOf<R extends Range>(
  ranges: readonly R[],
  { from, to }: Range,
): R[] | undefined {
  const usable = ranges.filter((range) => range.to > from && range.to <= to);
  usable.sort((a, b) => a.from - b.from);
  const chosen: R[] = [];
  let next = 0;
  for (let reached = from; reached < to; ) {
    let best: R | undefined;
    for (; next < usable.length && (usable[next] as R).from <= reached; next++) {
      const range = usable[next] as R;
      if (best === undefined || range.to > best.to) best = range;
    }
    if (best === undefined || best.to <= reached) return undefined;
    chosen.push(best);
    reached = best.to;
  }
  return chosen;
}
