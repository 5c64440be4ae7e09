// The order of the lines of a damaged JSON file. A key that was damaged stands between its neighbours, and seldom fits there:
// whichever of two lines is off, those behind them tell; where they do not, both are.
import { changeKey, compareChangeKeys, type EncodedChange, quote } from "@nadb/core";
import type { Line } from "./json-lines.js";

type WithChange = Line & { readonly change: EncodedChange };
const hasChange = (line: Line): line is WithChange => line.change !== undefined;

/** How many changes are looked at ahead. */
const AHEAD = 2;

/** The lines; those with changes that are out of order have lost them. */
export async function* inOrder(lines: AsyncIterable<Line>): AsyncGenerator<Line, void, undefined> {
  const order = new Order();
  for await (const line of lines) {
    order.push(line);
    yield* order.settle(AHEAD);
  }
  yield* order.settle(0);
}

class Order {
  readonly #waiting: Line[] = [];
  #last: EncodedChange | undefined;

  /** Lines without a change that follow each other count as one. */
  push(line: Line): void {
    const before = this.#waiting.at(-1);
    if (before === undefined || hasChange(before) || hasChange(line)) this.#waiting.push(line);
    else this.#waiting[this.#waiting.length - 1] = together(before, line);
  }

  /** Those that are decided about, with `most` changes still waiting. */
  *settle(most: number): Generator<Line, void, undefined> {
    for (let line = this.#waiting[0]; line !== undefined; line = this.#waiting[0]) {
      if (hasChange(line) && this.#waiting.filter(hasChange).length <= most) return;
      this.#waiting.shift();
      yield hasChange(line) ? this.#judged(line) : line;
    }
  }

  #judged(line: WithChange): Line {
    const place = this.#placeOf(line);
    if (place === "unclear") this.#dropNext();
    if (place !== "right") return outOfOrder(line);
    this.#last = line.change;
    return line;
  }

  /** unclear: it or the next one is wrong. */
  #placeOf({ change, isProven }: WithChange): "right" | "wrong" | "unclear" {
    const last = this.#last;
    if (last !== undefined && compareChangeKeys(change, last) <= 0) return "wrong";
    const [next, second] = this.#waiting.filter(hasChange);
    if (isProven || next === undefined) return "right";
    const isBefore = (other: WithChange): boolean => compareChangeKeys(change, other.change) < 0;
    if (isBefore(next)) return second?.isProven && !isBefore(second) ? "wrong" : "right";
    if (next.isProven) return "wrong";
    if (last !== undefined && compareChangeKeys(next.change, last) <= 0) return "right";
    const isNextRight = second !== undefined && compareChangeKeys(next.change, second.change) < 0;
    return isNextRight && !isBefore(second) ? "wrong" : "unclear";
  }

  #dropNext(): void {
    const at = this.#waiting.findIndex(hasChange);
    this.#waiting[at] = outOfOrder(this.#waiting[at] as WithChange);
  }
}

const together = (a: Line, b: Line): Line => ({
  ...a,
  bytes: { start: a.bytes.start, end: b.bytes.end },
  count: a.count === null || b.count === null ? null : a.count + b.count,
});

function outOfOrder({ change, ...line }: WithChange): Line {
  return { ...line, why: `the key ${quote(changeKey(change))} is out of order` };
}
