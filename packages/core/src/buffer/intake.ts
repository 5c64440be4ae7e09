// How mutations come into the buffer: at once, within the call. What a delete answers about a record below is
// looked up before the delete can be committed. INVARIANT: the answer is the one that the order of the calls makes.
import type { StorageNamespace } from "../backend.js";
import { type Entry, isReadable } from "./entry.js";
import type { BufferObserver } from "./flusher.js";
import type { Overlay } from "./overlay.js";

interface Taken {
  readonly entry: Entry;
  /** What it took the place of in its layer. */
  readonly old: Entry | undefined;
  /** Whether it changed something, or how to find out. */
  readonly answer: boolean | LookUp;
}

interface LookUp {
  /** The latest one buffered before the delete. */
  readonly buffered: Entry | undefined;
  /** Direct commits after that, still under way. */
  readonly commits: readonly Promise<unknown>[];
}

const ONE_PUT: Promise<readonly boolean[]> = Promise.resolve(Object.freeze([true]));

export class Intake {
  constructor(
    readonly namespace: StorageNamespace,
    readonly overlay: Overlay,
    readonly observer: BufferObserver,
  ) {}

  /** Answers for each entry whether it changed something. When that can not be looked up, none is taken in. */
  take(entries: readonly Entry[]): Promise<readonly boolean[]> {
    const wasEmpty = this.overlay.isEmpty;
    const answers = this.#takeAll(entries);
    if (wasEmpty && entries.length > 0) this.observer.filled?.();
    return answers;
  }

  #takeAll(entries: readonly Entry[]): Promise<readonly boolean[]> {
    const [first] = entries;
    if (entries.length === 1 && first?.mutation.type === "put") {
      this.overlay.insert(first);
      return ONE_PUT;
    }
    return this.#answer(entries.map((entry) => this.#takeOne(entry)));
  }

  #takeOne(entry: Entry): Taken {
    const answer = entry.mutation.type === "put" || this.#isThere(entry);
    return { entry, old: this.overlay.insert(entry), answer };
  }

  #isThere({ mutation, at }: Entry): boolean | LookUp {
    const { entry: buffered, commits } = this.overlay.locate(mutation.key);
    if (buffered === undefined || commits.length > 0) return { buffered, commits };
    return isReadable(buffered, at);
  }

  async #answer(taken: readonly Taken[]): Promise<readonly boolean[]> {
    if (taken.every(({ answer }) => typeof answer === "boolean")) {
      return taken.map(({ answer }) => answer === true);
    }
    const answers = this.#lookUp(taken);
    this.overlay.fresh.lookUps.add(answers);
    return answers;
  }

  async #lookUp(taken: readonly Taken[]): Promise<boolean[]> {
    try {
      const answers = await Promise.all(taken.map(answerOf));
      const unknown = taken.filter((_, i) => answers[i] === undefined);
      const keys = unknown.map(({ entry }) => entry.mutation.key);
      const records = await this.namespace.getMany(keys);
      let next = 0;
      return answers.map((answer) => answer ?? records[next++] !== undefined);
    } catch (error) {
      for (const { entry, old } of taken.toReversed()) this.overlay.remove(entry, old);
      throw error;
    }
  }
}

/** Undefined when the namespace below knows. It knows all that was buffered before a commit that was made. */
async function answerOf({ entry, answer }: Taken): Promise<boolean | undefined> {
  if (typeof answer === "boolean") return answer;
  const ends = await Promise.allSettled(answer.commits);
  const isBelow =
    answer.buffered === undefined || ends.some(({ status }) => status === "fulfilled");
  return isBelow ? undefined : isReadable(answer.buffered, entry.at);
}
