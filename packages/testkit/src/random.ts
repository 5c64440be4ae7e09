// Chance that can be repeated: the same seed gives the same draws on every machine.

/** A seeded source of draws. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number;
  /** True once in `times` draws on average. */
  oneIn(times: number): boolean;
  /** REQUIRES: at least one item. */
  pick<T>(items: readonly T[]): T;
  /** A shuffled copy. */
  shuffle<T>(items: readonly T[]): T[];
  bytes(length: number): Uint8Array;
}

const DEFAULT_SEED = 20_260_101;

/** The seed of this test run: the environment variable NADB_SEED, or a fixed number. */
export function seedOfRun(): number {
  const text = process.env.NADB_SEED;
  if (text === undefined || text === "") return DEFAULT_SEED;
  const seed = Number(text);
  if (!Number.isSafeInteger(seed)) throw new TypeError(`NADB_SEED ${text} is not a whole number`);
  return seed;
}

/** A seed of its own for everything that has a name, so that a test draws the same alone as among others. */
export function deriveSeed(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0; // FNV-1a
  for (let i = 0; i < name.length; i++)
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** Draws by mulberry32 (Tommy Ettinger, public domain). For tests only: it is no source of secrets. */
export function seeded(seed: number): Random {
  const next = mulberry32(seed);
  const int = (below: number): number => Math.floor(next() * below);
  return {
    int,
    oneIn: (times) => int(times) === 0,
    pick: <T>(items: readonly T[]): T => items[int(items.length)] as T,
    shuffle: (items) => shuffled(items, int),
    bytes: (length) => Uint8Array.from({ length }, () => int(256)),
  };
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

function shuffled<T>(items: readonly T[], int: (below: number) => number): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = int(i + 1);
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}
