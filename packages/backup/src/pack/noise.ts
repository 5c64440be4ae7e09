// Whether compressing a block would be in vain: encrypted values, pictures and archives cost DEFLATE most and give it
// nothing. Looked at are samples, 2 % of the block, so that the look costs less than a copy of it. INVARIANT: a block that
// DEFLATE shrinks by a few percent, evenly or in one part of it, is not taken for noise; a doubt counts against noise.

/** Smaller ones are compressed without a look. */
const MIN_BLOCK_BYTES = 64 << 10;
/** Samples for the bytes' frequencies, one somewhere in each of so many bytes: not at equal distances, as structure may be. */
const SAMPLE_BYTES = 256;
const SAMPLE_DISTANCE = 16 << 10;
/** Of 256 bytes drawn by chance, 162 are different, give or take 5; of text, less than 80. */
const FEW_DIFFERENT = 110;
/** Deviation from equal frequencies: chi-square with 255 degrees of freedom is 255 by chance, give or take 23. */
const BY_CHANCE = 255 + 8 * 23;
/** And what labels between values of 16 KiB make of it, for each byte that was looked at. */
const BY_LABELS = 1 / 48;

/** Stretches that are searched for what comes again, as far back as DEFLATE sees. */
const STRETCH_BYTES = 36 << 10;
const STRETCH_DISTANCE = 512 << 10;
const SEARCHED_BYTES = 2 << 10;
const MARK_DISTANCE = 16;
const TABLE_BITS = 13;
/** Of 128, were all of it there before; the likeness of two records' labels makes some. */
const REPEATED = 24;

/** True when samples of the block show nothing that DEFLATE could use. */
export const looksRandom = (raw: Uint8Array): boolean =>
  raw.length >= MIN_BLOCK_BYTES && hasEqualBytes(raw) && !hasRepeats(raw);

function hasEqualBytes(raw: Uint8Array): boolean {
  const counts = new Uint32Array(256);
  const lastSeen = new Uint32Array(256);
  let samples = 0;
  for (let from = 0; from + SAMPLE_DISTANCE <= raw.length; from += SAMPLE_DISTANCE) {
    const start = from + (mix(++samples) % (SAMPLE_DISTANCE - SAMPLE_BYTES));
    if (countSample(raw, start, { counts, lastSeen, samples }) < FEW_DIFFERENT) return false;
  }
  const total = samples * SAMPLE_BYTES;
  return chiSquare(counts, total) < Math.max(BY_CHANCE, 255 + total * BY_LABELS);
}

interface Counting {
  readonly counts: Uint32Array;
  /** The sample in which a byte came last, from 1. */
  readonly lastSeen: Uint32Array;
  readonly samples: number;
}

/** Answers how many different bytes the sample has. */
function countSample(
  raw: Uint8Array,
  start: number,
  { counts, lastSeen, samples }: Counting,
): number {
  let different = 0;
  for (let i = start; i < start + SAMPLE_BYTES; i++) {
    const byte = raw[i] as number;
    counts[byte] = (counts[byte] as number) + 1;
    if (lastSeen[byte] === samples) continue;
    lastSeen[byte] = samples;
    different++;
  }
  return different;
}

function chiSquare(counts: Uint32Array, total: number): number {
  const expected = total / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2, 0) / expected;
}

function hasRepeats(raw: Uint8Array): boolean {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const table = new Int32Array(1 << TABLE_BITS);
  for (let start = 0; start + STRETCH_BYTES <= raw.length; start += STRETCH_DISTANCE) {
    if (repeatsIn(view, start, table) >= REPEATED) return true;
  }
  return false;
}

/** How many places at the end of the stretch have four bytes that stand at a mark before them. */
function repeatsIn(view: DataView, start: number, table: Int32Array): number {
  const searched = start + STRETCH_BYTES - SEARCHED_BYTES;
  for (let at = start; at < searched; at += MARK_DISTANCE) {
    const word = view.getInt32(at, true);
    table[slotOf(word)] = word;
  }
  let repeats = 0;
  for (let at = searched; at < searched + SEARCHED_BYTES - 4; at++) {
    const word = view.getInt32(at, true);
    if (word !== 0 && table[slotOf(word)] === word) repeats++; // 0 also stands for no mark
  }
  return repeats;
}

const slotOf = (word: number): number => mix(word) >>> (32 - TABLE_BITS);

/** Spreads numbers over 32 bits, the upper ones best. */
const mix = (number: number): number => Math.imul(number, 0x9e3779b1) >>> 0;
