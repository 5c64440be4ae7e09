// The records that are measured: keys of 14 bytes, values of 100 bytes, two tags. The same seed gives the same
// records, so every contender and every run writes and reads the same ones.

export const VALUE_BYTES = 100;

/** A small fast generator (mulberry32): numbers in [0, 1), the same for the same seed. */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const NAMES = "Ada Bo Carla Dmitri Elena Farid Grete Hugo Ines Jonas Kaito Lena".split(" ");
const PLANS = ["free", "basic", "team", "enterprise"];

export const keyOf = (index) => `user:${String(index).padStart(9, "0")}`;

/** JSON as an application writes it, filled to 100 bytes. */
function textValue(index, random) {
  const name = NAMES[Math.floor(random() * NAMES.length)];
  const plan = PLANS[Math.floor(random() * PLANS.length)];
  const [score, seen] = [Math.floor(random() * 1e6), 1.7e12 + Math.floor(random() * 1e11)];
  const json = `{"id":${index},"name":"${name}","plan":"${plan}","score":${score},"seen":${seen},"note":"`;
  return Buffer.from(`${json.padEnd(VALUE_BYTES - 2, "lorem ipsum ")}"}`);
}

/** Bytes without any pattern: what no compression makes smaller. */
export function noise(bytes, random) {
  const value = Buffer.allocUnsafe(bytes);
  for (let i = 0; i < bytes; i++) value[i] = random() * 256;
  return value;
}

/** `tagCount` distinct values of the second tag; the first has 4. */
export function* records({ from = 0, count, ...options }) {
  const random = chance(from + 1);
  for (let index = from; index < from + count; index++) yield record(index, random, options);
}

export function record(index, random, { values = "text", tagCount = 100 } = {}) {
  const value = values === "text" ? textValue(index, random) : noise(VALUE_BYTES, random);
  const tags = [`kind:${index % 4}`, `group:${Math.floor(random() * tagCount)}`];
  return { key: keyOf(index), value, tags };
}

/** A copy in an order without pattern, the same for the same seed. */
export function shuffled(items, seed = 1) {
  const random = chance(seed);
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

export function* batches(items, size) {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

/** Arrays of `size` items, of an iterable that is never whole in memory. */
export function* gathered(items, size) {
  let group = [];
  for (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
