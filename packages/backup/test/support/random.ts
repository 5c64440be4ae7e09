// Chance that can be repeated. (The one of @nadb/testkit is out of reach: testkit depends on this package.)

/** NADB_SEED, or a fixed number. */
export const SEED = Number(process.env.NADB_SEED || 20_260_101);

export interface Random {
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number;
  bytes(length: number): Uint8Array;
}

/** Draws by mulberry32. */
export function seeded(seed = SEED): Random {
  let state = seed >>> 0;
  const int = (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
  return { int, bytes: (length) => Uint8Array.from({ length }, () => int(256)) };
}
