// The namespace under a buffer, in the hands of a test: its commits can be held up, or fail like a full disk's, and
// every call can take some turns, as over a network.
import {
  BufferedNamespace,
  type BufferedNamespaceOptions,
  type Commit,
  type Delete,
  type Mutation,
  memoryBackend,
  NadbError,
  type Put,
  type StorageNamespace,
} from "../../src/index.js";
import { Clock } from "../clock.js";

export const MIB = 1024 * 1024;

export const diskFull = (): NadbError => new NadbError("NADB_IO", "no space left on the device");

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const put = (key: string, text = key, more: Partial<Put> = {}): Put => ({
  type: "put",
  key,
  value: bytes(text),
  ...more,
});

export const remove = (key: string): Delete => ({ type: "delete", key });

/** Lets everything run that waits for nothing but promises. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** How a promise stands once everything else has run. */
export async function stateOf(promise: Promise<unknown>): Promise<"waiting" | "done" | "failed"> {
  let state: "waiting" | "done" | "failed" = "waiting";
  promise.then(
    () => {
      state = "done";
    },
    () => {
      state = "failed";
    },
  );
  await settle();
  return state;
}

export class Below {
  readonly clock = new Clock();
  readonly backend = memoryBackend({ clock: this.clock.now });
  /** The mutations of each commit that was made, in order. */
  readonly commits: (readonly Mutation[])[] = [];
  /** Every call, in order. */
  readonly calls: string[] = [];
  /** What commits throw. */
  failure: unknown;
  /** Asked at each commit for what it throws. */
  failing: () => unknown = () => this.failure;
  /** What getMany throws. */
  readFailure: unknown;
  /** Asked twice at each call: the turns it takes before it does its work, and before it answers. */
  delay: (call: keyof StorageNamespace) => number = () => 0;
  #gates: { readonly before?: Promise<void>; readonly after?: Promise<void> } = {};
  #lastMade: Promise<unknown> = Promise.resolve();
  #namespace: StorageNamespace | undefined;

  static async open(): Promise<Below> {
    const below = new Below();
    await below.backend.open();
    below.#namespace = await below.backend.namespace({ db: "shop", namespace: "carts" });
    return below;
  }

  /** The memory namespace itself. */
  get real(): StorageNamespace {
    if (this.#namespace === undefined) throw new TypeError("not opened");
    return this.#namespace;
  }

  /** Commits wait, before they are made or once they are visible, until the answered call. */
  hold(where: "before" | "after" = "before"): () => void {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const gates = { [where]: gate };
    this.#gates = gates;
    return () => {
      if (this.#gates === gates) this.#gates = {};
      release();
    };
  }

  /** What a buffer is laid over. */
  namespace(): StorageNamespace {
    return new Proxy(this.real, {
      get: (target, name: keyof StorageNamespace) => {
        if (name === "commit") return this.#commit.bind(this);
        const member = target[name];
        if (typeof member !== "function" || name === "changes") {
          return typeof member === "function" ? member.bind(target) : member;
        }
        return async (...args: never[]): Promise<unknown> => {
          this.calls.push(name);
          if (name === "getMany" && this.readFailure !== undefined) throw this.readFailure;
          const [before, after] = [this.delay(name), this.delay(name)];
          await turns(before);
          const answer = await (member as (...all: never[]) => unknown).apply(target, args);
          await turns(after);
          return answer;
        };
      },
    });
  }

  buffered(options: Partial<BufferedNamespaceOptions> = {}): BufferedNamespace {
    return new BufferedNamespace(this.namespace(), {
      maxBytes: MIB,
      maxValueBytes: MIB,
      clock: this.clock.now,
      ...options,
    });
  }

  /** Commits are made in the order of their calls, as by every engine. */
  async #commit(...args: Parameters<StorageNamespace["commit"]>): Promise<Commit> {
    this.calls.push("commit");
    const gates = this.#gates;
    const made = this.#lastMade.then(() => this.#make(gates.before, args));
    this.#lastMade = made.catch(() => undefined);
    const commit = await made;
    await gates.after;
    await turns(this.delay("commit"));
    return commit;
  }

  async #make(
    gate: Promise<void> | undefined,
    args: Parameters<StorageNamespace["commit"]>,
  ): Promise<Commit> {
    await gate;
    await turns(this.delay("commit"));
    const failure = this.failing();
    if (failure !== undefined) throw failure;
    const commit = await this.real.commit(...args);
    this.commits.push(args[0]);
    return commit;
  }
}

/** So many times, everybody else who waits for a promise goes first. */
export async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await undefined;
}

/** The value of a key as text. */
export async function read(namespace: StorageNamespace, key: string): Promise<string | undefined> {
  const [record] = await namespace.getMany([key]);
  return record && new TextDecoder().decode(record.value);
}
