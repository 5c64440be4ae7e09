// Where one test lives: a clock it sets, a storage of its own, and what must be undone when it is over.
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StorageBackend } from "@nadb/core";

/** What a test hands to the backend under test. */
export interface Environment {
  /** The backend must take the time from here, never from the system: laws move it. Ms since the epoch. */
  readonly clock: () => number;
  /**
   * Names the storage of this test, `[a-z0-9-]{1,40}`. Two backends opened with the same name see the same
   * content when their capabilities say `durable` or `multiProcess`.
   */
  readonly storage: string;
  /** A temporary folder that lives as long as the test; made at the first call, then always the same. */
  readonly folder: () => string;
  /** Runs after the test, once every backend is closed, e.g. to empty a server. Latest first. */
  readonly defer: (cleanup: () => void | Promise<void>) => void;
}

/**
 * Makes a backend on the environment's storage, fresh and not opened. A law that closes and comes back, or
 * that works with two handles, calls it again with the same environment.
 */
export type OpenBackend = (environment: Environment) => StorageBackend | Promise<StorageBackend>;

/** A clock that stands still until a test moves it. */
export class TestClock {
  #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  readonly now = (): number => this.#now;

  set(now: number): void {
    this.#now = now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}

let storages = 0;

/** The environment of one test, with the end of it in the hands of who made it. */
export class TestEnvironment implements Environment {
  readonly clock: () => number;
  readonly storage = `nadb-${process.pid}-${storages++}`;
  readonly #cleanups: (() => void | Promise<void>)[] = [];
  #folder: string | undefined;

  constructor(clock: () => number) {
    this.clock = clock;
  }

  readonly folder = (): string => {
    this.#folder ??= this.#makeFolder();
    return this.#folder;
  };

  readonly defer = (cleanup: () => void | Promise<void>): void => {
    this.#cleanups.push(cleanup);
  };

  async cleanUp(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup();
  }

  #makeFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), `${this.storage}-`));
    this.defer(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }
}
