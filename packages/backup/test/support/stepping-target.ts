// A target that tells of every step it takes, and with it one that dies at its n-th. Steps are the beginning and
// the end of each operation and every chunk, so a death falls also between "done" and "acknowledged". Removing a
// folder is many steps, as it is on a disk.
import { NadbError } from "@nadb/core";
import type { BackupTarget, ReadOptions, TargetEntry, WriteOptions } from "../../src/index.js";

export interface SteppingOptions {
  /** Called before each step; what it throws ends the operation there. */
  readonly onStep: (step: number, what: string) => void | Promise<void>;
  /** Names the process in leases. */
  readonly owner?: string;
  readonly isGone?: (owner: string) => boolean;
}

export class SteppingTarget implements BackupTarget {
  readonly name = "stepping";
  readonly owner: string;
  /** Taken so far. */
  steps = 0;

  constructor(
    readonly inner: BackupTarget,
    readonly options: SteppingOptions,
  ) {
    this.owner = options.owner ?? "stepping";
  }

  async list(folder: string): Promise<readonly TargetEntry[]> {
    await this.#step(`list ${folder}`);
    return this.inner.list(folder);
  }

  async size(path: string): Promise<number | undefined> {
    await this.#step(`size ${path}`);
    return this.inner.size(path);
  }

  async *read(path: string, options?: ReadOptions): AsyncGenerator<Uint8Array> {
    await this.#step(`read ${path}`);
    for await (const chunk of this.inner.read(path, options)) {
      yield chunk;
      await this.#step(`read on ${path}`);
    }
  }

  async write(
    path: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options?: WriteOptions,
  ): Promise<void> {
    await this.#step(`write ${path}`);
    await this.inner.write(path, this.#tell(path, chunks), options);
    await this.#step(`wrote ${path}`);
  }

  async remove(path: string): Promise<void> {
    await this.#step(`remove ${path}`);
    for (const { name, type } of await this.inner.list(path)) {
      if (type === "folder") await this.remove(`${path}/${name}`);
      await this.inner.remove(`${path}/${name}`);
      await this.#step(`removed ${path}/${name}`);
    }
    await this.inner.remove(path);
    await this.#step(`removed ${path}`);
  }

  isGone(owner: string): boolean {
    return this.options.isGone?.(owner) ?? false;
  }

  async *#tell(
    path: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      await this.#step(`write on ${path}`);
      yield chunk;
    }
  }

  async #step(what: string): Promise<void> {
    await this.options.onStep(++this.steps, what);
  }
}

/** Works for `steps` steps; from then on every operation fails. */
export const dyingTarget = (
  inner: BackupTarget,
  steps: number,
  options: Omit<SteppingOptions, "onStep"> = {},
): SteppingTarget =>
  new SteppingTarget(inner, {
    ...options,
    onStep: (step, what) => {
      if (step > steps) throw new NadbError("NADB_IO", `the target died before: ${what}`);
    },
  });
