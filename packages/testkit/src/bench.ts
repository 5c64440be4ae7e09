// The workbench a law finds: an opened backend, a namespace in it, a clock, chance. A law that closes or
// reopens does it through the bench, so that nothing stays open when the test is over.
import type {
  BackendCapabilities,
  Commit,
  Mutation,
  NamespaceId,
  StorageBackend,
  StorageNamespace,
} from "@nadb/core";
import { checkNamespace } from "./check.js";
import { type OpenBackend, TestClock, TestEnvironment } from "./environment.js";
import type { Random } from "./random.js";

const START = Date.UTC(2031, 4, 17, 12);

/** The namespace that `bench.namespace` is. */
export const MAIN: NamespaceId = { db: "conformance", namespace: "main" };

export class Bench {
  readonly clock: TestClock;
  readonly random: Random;
  readonly #open: OpenBackend;
  readonly #environment: TestEnvironment;
  readonly #backends: StorageBackend[] = [];
  #main: { backend: StorageBackend; namespace: StorageNamespace } | undefined;

  private constructor(open: OpenBackend, random: Random, clock: TestClock) {
    this.#open = open;
    this.random = random;
    this.clock = clock;
    this.#environment = new TestEnvironment(clock.now);
  }

  /**
   * Runs `test` on a bench of its own, checks what it left behind, and clears everything away.
   * @param clock one that benches share, if they do.
   */
  static async use(
    open: OpenBackend,
    random: Random,
    test: (bench: Bench) => Promise<void>,
    clock = new TestClock(START),
  ): Promise<void> {
    const bench = new Bench(open, random, clock);
    try {
      await bench.#openMain();
      await test(bench);
      await bench.#check();
    } catch (error) {
      await bench.#clear().catch(() => {}); // the first failure is the one to tell
      throw error;
    }
    await bench.#clear();
  }

  get backend(): StorageBackend {
    return this.#opened().backend;
  }

  get namespace(): StorageNamespace {
    return this.#opened().namespace;
  }

  get capabilities(): BackendCapabilities {
    return this.backend.capabilities;
  }

  /** Can a second backend, opened on the same storage later, see what this one wrote? */
  get outlivesClose(): boolean {
    return this.capabilities.durable || this.capabilities.multiProcess;
  }

  /** A backend made on the storage of this test, opened; closed when the test is over. */
  async open(): Promise<StorageBackend> {
    const backend = await this.#open(this.#environment);
    this.#backends.push(backend);
    await backend.open();
    return backend;
  }

  async close(): Promise<void> {
    const { backend } = this.#opened();
    this.#main = undefined;
    await backend.close();
  }

  /** Closes, then opens the same storage again: `backend` and `namespace` are new. REQUIRES: outlivesClose. */
  async reopen(): Promise<void> {
    if (this.#main !== undefined) await this.close();
    await this.#openMain();
  }

  /** Another namespace of the same backend. */
  other(namespace: string, db = MAIN.db): Promise<StorageNamespace> {
    return this.backend.namespace({ db, namespace });
  }

  /** Commits to `namespace`: at once where the backend has transactions, else one by one. */
  async write(mutations: readonly Mutation[], namespace = this.namespace): Promise<Commit> {
    if (this.capabilities.transactions) return namespace.commit(mutations);
    const last = new Map(mutations.map((mutation) => [mutation.key, mutation]));
    const versions: (number | undefined)[] = [];
    let commit: Commit = await namespace.commit([]);
    for (const mutation of mutations) {
      const superseded = last.get(mutation.key) !== mutation;
      commit = await namespace.commit(superseded ? [] : [mutation]);
      versions.push(superseded ? undefined : commit.versions[0]);
    }
    return { ...commit, versions };
  }

  async #openMain(): Promise<void> {
    const backend = await this.open();
    this.#main = { backend, namespace: await backend.namespace(MAIN) };
  }

  #opened(): { backend: StorageBackend; namespace: StorageNamespace } {
    if (this.#main === undefined) throw new TypeError("the law has closed its backend");
    return this.#main;
  }

  /** The check ends every test: whatever the law was about, no namespace may be left at odds with itself. */
  async #check(): Promise<void> {
    if (this.#main === undefined) return;
    const { backend } = this.#main;
    for await (const id of backend.namespaces()) {
      await checkNamespace(await backend.namespace(id), this.clock.now());
    }
  }

  async #clear(): Promise<void> {
    for (const backend of this.#backends) await backend.close();
    await this.#environment.cleanUp();
  }
}
