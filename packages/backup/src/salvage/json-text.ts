// What is left of a damaged run in JSON, as pieces. Lines that no checksum covers whole are kept, and told to be unproven.
import type { EncodedChange } from "@nadb/core";
import type { FileBytes } from "./file-bytes.js";
import { type Line, linesOf } from "./json-lines.js";
import { inOrder } from "./json-order.js";
import { type Hole, joined, type Piece } from "./piece.js";
import { gzipText, plainText } from "./text.js";

/** Changes handed on at a time. */
const BATCH_BYTES = 1 << 20;

export async function* walkJson(
  file: FileBytes,
  isPacked: boolean,
): AsyncGenerator<Piece, void, undefined> {
  const text = isPacked ? gzipText(file) : plainText(file);
  const gathered = new Gathered();
  for await (const line of inOrder(linesOf(text, isPacked))) yield* gathered.add(line);
  yield* gathered.rest();
}

/** Lines of a kind that follow each other become one piece. */
class Gathered {
  #changes: EncodedChange[] = [];
  #bytes = 0;
  #isProven = false;
  #hole: Hole | undefined;

  *add(line: Line): Generator<Piece, void, undefined> {
    const { change, isProven } = line;
    if (change === undefined) {
      yield* this.#takeChanges();
      this.#hole = joined(this.#hole, holeOf(line));
      return;
    }
    yield* this.#takeHole();
    if (isProven !== this.#isProven || this.#bytes >= BATCH_BYTES) yield* this.#takeChanges();
    this.#changes.push(change);
    this.#bytes += change.length;
    this.#isProven = isProven;
  }

  *rest(): Generator<Piece, void, undefined> {
    yield* this.#takeHole();
    yield* this.#takeChanges();
  }

  *#takeChanges(): Generator<Piece, void, undefined> {
    const changes = this.#changes;
    if (changes.length > 0) yield { type: "changes", changes, isProven: this.#isProven };
    this.#changes = [];
    this.#bytes = 0;
  }

  *#takeHole(): Generator<Piece, void, undefined> {
    const hole = this.#hole;
    if (hole !== undefined) yield { type: "hole", hole };
    this.#hole = undefined;
  }
}

const holeOf = ({ number: first, count, bytes, why }: Line): Hole => ({
  what: "lines",
  first,
  count,
  bytes,
  changes: null,
  why,
});
