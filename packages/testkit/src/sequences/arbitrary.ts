// Sequences of steps as fast-check draws and shrinks them: each as long as asked for when it is drawn; a failing one
// loses blocks of steps, the largest first, then its steps become simpler one by one.
import fc from "fast-check";

class Sequences<T> extends fc.Arbitrary<readonly T[]> {
  constructor(
    readonly step: fc.Arbitrary<T>,
    readonly length: number,
  ) {
    super();
  }

  override generate(random: fc.Random, bias: number | undefined): fc.Value<readonly T[]> {
    return sequenceOf(Array.from({ length: this.length }, () => this.step.generate(random, bias)));
  }

  override canShrinkWithoutContext(_value: unknown): _value is readonly T[] {
    return false;
  }

  override shrink(_value: readonly T[], context: unknown): fc.Stream<fc.Value<readonly T[]>> {
    return fc.stream(this.#simpler(context as readonly fc.Value<T>[]));
  }

  *#simpler(drawn: readonly fc.Value<T>[]): IterableIterator<fc.Value<readonly T[]>> {
    for (const size of blockSizes(drawn.length)) {
      for (let end = drawn.length; end > 0; end -= size) {
        const start = Math.max(0, end - size);
        yield sequenceOf(drawn.toSpliced(start, end - start));
      }
    }
    for (const [i, { value, context }] of drawn.entries()) {
      for (const simpler of this.step.shrink(value, context)) {
        yield sequenceOf(drawn.with(i, simpler));
      }
    }
  }
}

/** Half of it, a quarter, … 1. */
function* blockSizes(length: number): Generator<number> {
  for (let size = length >> 1; size > 1; size >>= 1) yield size;
  if (length > 0) yield 1;
}

/** The context of a sequence is what its steps were drawn as. */
const sequenceOf = <T>(drawn: readonly fc.Value<T>[]): fc.Value<readonly T[]> =>
  new fc.Value(
    drawn.map(({ value }) => value),
    drawn,
  );

/** Sequences of exactly `length` steps; shrunk ones have fewer. */
export const sequences = <T>(step: fc.Arbitrary<T>, length: number): fc.Arbitrary<readonly T[]> =>
  new Sequences(step, length);
