// Reads of records. Those asked for in one turn share a script; several keys of one call are read by one, too, for they
// need one view.
import type { StoredRecord } from "@nadb/core";
import { type Reply, word } from "./link.js";
import type { Partition } from "./partition.js";
import { readRecord } from "./record-fields.js";
import { scripts } from "./scripts.js";

/** Keys that one script reads. */
const SCRIPT_KEYS = 1_000;
/** Attempts to find several scripts' worth of keys untouched by commits. */
const ATTEMPTS = 20;
/** Of single reads: few enough that the server reads the next ones while the last are taken in here. */
const TURN_KEYS = 16;

interface Waiting {
  readonly key: string;
  readonly resolve: (record: StoredRecord | undefined) => void;
  readonly reject: (error: unknown) => void;
}

interface View {
  /** Of the head. */
  readonly version: string;
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
    if (keys.length <= SCRIPT_KEYS) return (await this.#read(keys)).records;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const parts = await this.#parts(keys);
      if (parts.every(({ version }) => version === parts[0]?.version)) {
        return parts.flatMap(({ records }) => records);
      }
    }
    return (await this.#read(keys)).records; // slow for all, but true
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
    try {
      const { records } = await this.#read(waiting.map(({ key }) => key));
      waiting.forEach(({ resolve }, index) => {
        resolve(records[index]);
      });
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  #parts(keys: readonly string[]): Promise<View[]> {
    const parts: Promise<View>[] = [];
    for (let i = 0; i < keys.length; i += SCRIPT_KEYS) {
      parts.push(this.#read(keys.slice(i, i + SCRIPT_KEYS)));
    }
    return Promise.all(parts);
  }

  async #read(keys: readonly string[]): Promise<View> {
    const answer = await this.partition.read(scripts.get, keys);
    if (answer === undefined) return { version: "", records: keys.map(() => undefined) };
    const records = keys.map((key, index) => {
      const fields = answer[index + 2] as readonly Reply[] | Buffer;
      return Array.isArray(fields) ? readRecord(key, fields) : undefined;
    });
    return { version: word(answer[1]), records };
  }
}
