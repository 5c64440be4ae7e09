// Reads of records. Those asked for in one turn share a script; several keys of one call need one view. Each script reads a
// bounded number of keys and bytes.
import { isNadbError, type StoredRecord } from "@nadb/core";
import { word } from "./link.js";
import type { Partition } from "./partition.js";
import { readRecord } from "./record-fields.js";
import { SCRIPT_BYTES } from "./script-size.js";
import { scripts } from "./scripts.js";

/** Keys that one script reads. */
const SCRIPT_KEYS = 1_000;
/** Attempts to find several scripts' worth of records untouched by commits. */
const ATTEMPTS = 5;
/** Of single reads: few enough that the server reads the next ones while the last are taken in here. */
const TURN_KEYS = 16;

interface Waiting {
  readonly key: string;
  readonly resolve: (record: StoredRecord | undefined) => void;
  readonly reject: (error: unknown) => void;
}

interface View {
  /** Of the head: generation, server and version. */
  readonly at: string;
  /** Of the first of the keys. */
  readonly records: (StoredRecord | undefined)[];
}

export class Reader {
  #waiting: Waiting[] = [];

  constructor(readonly partition: Partition) {}

  one(key: string): Promise<StoredRecord | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (this.#waiting.length === 1) queueMicrotask(() => this.#flush());
    });
  }

  /** From one view. */
  async several(keys: readonly string[]): Promise<(StoredRecord | undefined)[]> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const views = await this.#views(keys);
      if (views.every(({ at }) => at === views[0]?.at)) {
        return views.flatMap(({ records }) => records);
      }
    }
    return (await this.#read(keys, Number.MAX_SAFE_INTEGER)).records; // slow for all, but true
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let i = 0; i < waiting.length; i += TURN_KEYS) {
      void this.#serve(waiting.slice(i, i + TURN_KEYS));
    }
  }

  /** Never rejects: each read has its own caller to tell. */
  async #serve(waiting: readonly Waiting[]): Promise<void> {
    let left = waiting;
    try {
      while (left.length > 0) {
        const { records } = await this.#read(left.map(({ key }) => key));
        records.forEach((record, index) => {
          left[index]?.resolve(record);
        });
        left = left.slice(records.length);
      }
    } catch (error) {
      if (left.length > 1 && isNadbError(error, "NADB_CORRUPTION")) {
        for (const one of left) void this.#serve([one]); // of one record, most likely
      } else {
        for (const { reject } of left) reject(error);
      }
    }
  }

  async #views(keys: readonly string[]): Promise<View[]> {
    const parts: Promise<View[]>[] = [];
    for (let i = 0; i < keys.length; i += SCRIPT_KEYS) {
      parts.push(this.#viewsOf(keys.slice(i, i + SCRIPT_KEYS)));
    }
    return (await Promise.all(parts)).flat();
  }

  async #viewsOf(keys: readonly string[]): Promise<View[]> {
    const views: View[] = [];
    for (let read = 0; read < keys.length; read += (views.at(-1) as View).records.length) {
      views.push(await this.#read(read === 0 ? keys : keys.slice(read)));
    }
    return views;
  }

  async #read(keys: readonly string[], bytes = SCRIPT_BYTES): Promise<View> {
    const answer = await this.partition.read(scripts.get, [bytes, ...keys]);
    if (answer === undefined) return { at: "", records: keys.map(() => undefined) };
    const [, at, ...found] = answer;
    const records = found.map((fields, index) =>
      Array.isArray(fields) ? readRecord(keys[index] as string, fields) : undefined,
    );
    return { at: word(at), records };
  }
}
