// The records of the contests, in two sizes: text of which about half repeats, so that compression halves it.
import { chance, keyOf } from "../records.mjs";

const LETTERS = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const KNOWN = Buffer.from("and what they all repeat ");

/** A large record stands for twenty small ones, so that both sizes take about as long. */
export const sizesOf = (records) => [
  { label: "100 B", bytes: 100, records },
  { label: "10 KB", bytes: 10_000, records: Math.ceil(records / 20) },
];

/** Drawn letters and known words by turns, as many of each. */
function textOf(bytes, random) {
  const value = Buffer.allocUnsafe(bytes);
  for (let start = 0; start < bytes; start += 2 * KNOWN.length) {
    const end = Math.min(bytes, start + KNOWN.length);
    for (let i = start; i < end; i++) value[i] = LETTERS[Math.floor(random() * LETTERS.length)];
    KNOWN.copy(value, end);
  }
  return value;
}

/** With `text`, the value as the string that a store of strings takes. */
export function* entriesOf({ bytes, records }, from = 0, to = records) {
  const random = chance(bytes + from);
  for (let index = from; index < to; index++) {
    const value = textOf(bytes, random);
    const tags = [`kind:${index % 4}`, `group:${Math.floor(random() * 100)}`];
    yield { key: keyOf(index), value, text: value.toString("latin1"), tags };
  }
}
