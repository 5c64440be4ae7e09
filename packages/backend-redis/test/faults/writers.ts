// Writers and what they know: each writes pairs of records, one commit each, and remembers which were acknowledged.
// INVARIANT: what a pair may hold follows from the answers alone, so a lost, doubled or halved commit is seen.
import { isNadbError, type StorageNamespace } from "@nadb/core";
import { expect } from "vitest";
import { until } from "../servers/index.js";
import { put, read } from "./support.js";

class Writer {
  acknowledged = 0;
  /** Later ones that nobody knows of. */
  unknown: number[] = [];
  refused = 0;
  #number = 0;

  constructor(
    readonly name: string,
    readonly namespace: StorageNamespace,
  ) {}

  get keys(): [string, string] {
    return [`{${this.name}}left`, `{${this.name}}right`];
  }

  async write(): Promise<void> {
    const number = ++this.#number;
    try {
      await this.namespace.commit(this.keys.map((key) => put(key, number, [this.name])));
      this.acknowledged = number;
      this.unknown = [];
    } catch (error) {
      if (isNadbError(error, "NADB_COMMIT_UNKNOWN")) this.unknown.push(number);
      else if (isNadbError(error, "NADB_IO")) this.refused++;
      else throw error;
    }
  }

  async held(by: StorageNamespace): Promise<number> {
    const [left, right] = await read(by, ...this.keys);
    expect(left, `the halves of ${this.name}`).toBe(right);
    return Number(left ?? 0);
  }
}

export class Writers {
  readonly all: readonly Writer[];
  #isOver = false;
  readonly #running: Promise<unknown>;

  /** They write from now on. */
  constructor(namespaces: readonly StorageNamespace[]) {
    this.all = namespaces.map((one, i) => new Writer(`w${i}`, one));
    this.#running = Promise.all(this.all.map((writer) => this.#run(writer)));
    this.#running.catch(() => undefined); // told by stop
  }

  get acknowledged(): number {
    return this.all.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Until every one of them has had so many more acknowledged. */
  async untilWritten(more: number): Promise<void> {
    const before = this.all.map(({ acknowledged }) => acknowledged);
    await until(`${more} more commits of each writer`, async () =>
      this.all.every(({ acknowledged }, i) => acknowledged >= (before[i] as number) + more)
        ? true
        : undefined,
    );
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** Each pair is whole, and holds what was acknowledged last, or something later that nobody knows of. */
  async expectKept(by: StorageNamespace): Promise<void> {
    for (const writer of this.all) {
      const allowed = [writer.acknowledged, ...writer.unknown];
      expect(allowed, `what ${writer.name} wrote`).toContain(await writer.held(by));
    }
  }

  /** Each pair is whole. Answers how many have lost what was acknowledged. */
  async lost(by: StorageNamespace): Promise<number> {
    let lost = 0;
    for (const writer of this.all) {
      if ((await writer.held(by)) < writer.acknowledged) lost++;
    }
    return lost;
  }

  async #run(writer: Writer): Promise<void> {
    while (!this.#isOver) await writer.write();
  }
}
