// Could transactions that ran at once have run one after the other? A transaction depends on the one whose version it
// read or overwrote, and precedes those that overwrote what it read. A history is serializable when these dependencies
// have no cycle (A. Adya, "Weak Consistency", 1999).

/** One transaction that has committed. REQUIRES: it deleted nothing, since an absent key has no version. */
export interface Committed {
  readonly name: string;
  /** The version of each key it read before it wrote it; 0: there was none. */
  readonly reads: ReadonlyMap<string, number>;
  /** The version it made of each key. */
  readonly writes: ReadonlyMap<string, number>;
}

export interface Dependency {
  readonly from: Committed;
  readonly to: Committed;
  /** `to` read what `from` wrote, wrote over it, or wrote over what `from` had read. */
  readonly kind: "wr" | "ww" | "rw";
  readonly key: string;
}

/** A cycle of dependencies, or undefined: then there is an order in which each could have run alone. */
export function findCycle(history: readonly Committed[]): readonly Dependency[] | undefined {
  const outgoing = new Map<Committed, Dependency[]>(history.map((one) => [one, []]));
  for (const one of dependenciesOf(history)) outgoing.get(one.from)?.push(one);
  const done = new Set<Committed>();
  for (const start of history) {
    const cycle = cycleFrom(start, outgoing, [], done);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** `a -rw "x"-> b -ww "y"-> a` */
export const describeCycle = (cycle: readonly Dependency[]): string =>
  cycle.map(({ from, kind, key }) => `${from.name} -${kind} ${JSON.stringify(key)}-> `).join("") +
  (cycle.at(-1)?.to.name ?? "");

function dependenciesOf(history: readonly Committed[]): Dependency[] {
  const keys = new Set(history.flatMap(({ reads, writes }) => [...reads.keys(), ...writes.keys()]));
  return [...keys].flatMap((key) => [...dependenciesOn(key, history)]);
}

function* dependenciesOn(key: string, history: readonly Committed[]): Generator<Dependency> {
  const madeBy = (one: Committed): number => one.writes.get(key) ?? 0;
  const writers = history
    .filter((one) => one.writes.has(key))
    .sort((a, b) => madeBy(a) - madeBy(b));
  for (const [i, to] of writers.entries()) {
    const from = writers[i - 1];
    if (from !== undefined) yield { from, to, kind: "ww", key };
  }
  for (const reader of history) {
    const version = reader.reads.get(key);
    if (version === undefined) continue;
    const source = writers.find((one) => madeBy(one) === version);
    if (source !== undefined) yield { from: source, to: reader, kind: "wr", key };
    const next = writers.find((one) => madeBy(one) > version);
    if (next !== undefined && next !== reader) yield { from: reader, to: next, kind: "rw", key };
  }
}

/** `path` leads from the start of the walk to `node`. */
function cycleFrom(
  node: Committed,
  outgoing: ReadonlyMap<Committed, readonly Dependency[]>,
  path: readonly Dependency[],
  done: Set<Committed>,
): readonly Dependency[] | undefined {
  const start = path.findIndex(({ from }) => from === node);
  if (start >= 0) return path.slice(start);
  if (done.has(node)) return undefined;
  for (const dependency of outgoing.get(node) ?? []) {
    const cycle = cycleFrom(dependency.to, outgoing, [...path, dependency], done);
    if (cycle !== undefined) return cycle;
  }
  done.add(node);
  return undefined;
}
