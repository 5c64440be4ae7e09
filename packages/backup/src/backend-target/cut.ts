// A stream of chunks, cut into pieces of one length. Each piece has bytes of its own, so the caller may use its chunks again.

/** The last piece is shorter, or as long; of no bytes there is no piece. REQUIRES: `length` is above 0. */
export async function* cut(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let piece = new GrowingPiece(length);
  for await (const chunk of chunks) {
    for (let rest = chunk; rest.length > 0; ) {
      rest = piece.take(rest);
      if (!piece.isFull) continue;
      yield piece.bytes();
      piece = new GrowingPiece(length);
    }
  }
  if (piece.length > 0) yield piece.bytes();
}

/** Small files take little room, though they might have grown. */
const FIRST_BYTES = 4_096;

class GrowingPiece {
  #room: Uint8Array;
  length = 0;

  constructor(readonly most: number) {
    this.#room = new Uint8Array(Math.min(FIRST_BYTES, most));
  }

  get isFull(): boolean {
    return this.length === this.most;
  }

  /** Answers what it has no room for. */
  take(chunk: Uint8Array): Uint8Array {
    const taken = chunk.subarray(0, this.most - this.length);
    this.#makeRoom(this.length + taken.length);
    this.#room.set(taken, this.length);
    this.length += taken.length;
    return chunk.subarray(taken.length);
  }

  bytes(): Uint8Array {
    return this.#room.subarray(0, this.length);
  }

  #makeRoom(needed: number): void {
    if (needed <= this.#room.length) return;
    const room = new Uint8Array(Math.min(this.most, Math.max(needed, 4 * this.#room.length)));
    room.set(this.#room.subarray(0, this.length));
    this.#room = room;
  }
}
