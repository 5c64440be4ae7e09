// A whole StorageBackend over an OrderedKv. An embedded engine is this plus some sixty lines of its own.
import type {
  BackendCapabilities,
  NamespaceId,
  StorageBackend,
  StorageNamespace,
} from "../backend.js";
import { CONTRACT } from "../backend.js";
import { invalidArgument, NadbError } from "../errors.js";
import { checkName } from "../limits.js";
import { forgetCommits } from "./commit-ids.js";
import { collectGarbage, throwAway } from "./garbage.js";
import type { EmbeddedHost, OpenView } from "./host.js";
import { allNamespaces, namespaceKey, namespaceOfKey } from "./layout.js";
import { EmbeddedNamespace } from "./namespace.js";
import type { OrderedKv } from "./ordered-kv.js";
import { Reigns } from "./reigns.js";
import { checkFormat, readSpace } from "./root.js";
import { type WriteBody, WriteGroups, type WriteOptions } from "./write-groups.js";

const DEFAULT_TOMBSTONE_RETENTION_SECONDS = 30 * 24 * 3600;
const GARBAGE_BATCH = 2_000;

/** Options that every embedded backend takes. */
export interface EmbeddedOptions {
  /** Now, in ms since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** Fills the bytes with randomness. Default `crypto.getRandomValues`. */
  readonly random?: (bytes: Uint8Array) => void;
  /** Deletes stay in the change feed at least this long. Default 30 days. */
  readonly tombstoneRetentionSeconds?: number;
}

export interface EmbeddedEngine {
  readonly name: string;
  readonly capabilities: BackendCapabilities;
  /** Called once per `open`. Throws NADB_NOT_A_STORE, NADB_NEWER_FORMAT or NADB_IO. */
  openKv(): Promise<OrderedKv>;
}

export class EmbeddedBackend implements StorageBackend {
  readonly contract = CONTRACT;
  readonly name: string;
  readonly capabilities: BackendCapabilities;
  readonly #engine: EmbeddedEngine;
  readonly #host: EmbeddedHost;
  readonly #views = new Set<OpenView>();
  readonly #writes = new Set<Promise<unknown>>();
  #opening: Promise<OrderedKv> | undefined;
  #kv: OrderedKv | undefined;
  #groups: WriteGroups | undefined;
  #closing: Promise<void> | undefined;
  #collecting = false;

  constructor(engine: EmbeddedEngine, options: EmbeddedOptions = {}) {
    this.#engine = engine;
    this.name = engine.name;
    this.capabilities = engine.capabilities;
    const retention = options.tombstoneRetentionSeconds ?? DEFAULT_TOMBSTONE_RETENTION_SECONDS;
    if (!(retention >= 0)) {
      throw invalidArgument(
        `tombstoneRetentionSeconds ${String(retention)} is not a number of at least 0`,
      );
    }
    const random = options.random ?? ((bytes: Uint8Array) => void crypto.getRandomValues(bytes));
    const tombstoneRetentionMs = retention * 1000;
    this.#host = {
      capabilities: engine.capabilities,
      clock: options.clock ?? Date.now,
      random,
      tombstoneRetentionMs,
      reigns: new Reigns(random, tombstoneRetentionMs),
      read: (body) => this.#openKv().read(body),
      write: (body, options) => this.#write(body, options),
      snapshot: () => this.#snapshot(),
      garbageMade: () => this.#collectInBackground(),
      collectGarbage: () => this.#collect(),
    };
  }

  async open(): Promise<void> {
    if (this.#closing !== undefined) throw closed(this.name);
    this.#opening ??= this.#openEngine();
    try {
      await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async namespace(id: NamespaceId): Promise<StorageNamespace> {
    checkNamespaceId(id);
    this.#openKv();
    return new EmbeddedNamespace({ db: id.db, namespace: id.namespace }, this.#host);
  }

  async *namespaces(): AsyncGenerator<NamespaceId, void, undefined> {
    const ids = this.#openKv().read((tx) => Array.from(tx.keys(allNamespaces), namespaceOfKey));
    yield* ids;
  }

  async drop(id: NamespaceId): Promise<void> {
    checkNamespaceId(id);
    await this.#write((tx) => {
      const space = readSpace(tx, namespaceKey(id));
      if (space === undefined) return;
      tx.delete(namespaceKey(id));
      forgetCommits(tx, id);
      throwAway(tx, space);
    });
    this.#collectInBackground();
  }

  async close(): Promise<void> {
    this.#closing ??= this.#closeEngine();
    await this.#closing;
  }

  async #openEngine(): Promise<OrderedKv> {
    const kv = await this.#engine.openKv();
    try {
      await checkFormat(kv, this.name);
    } catch (error) {
      await kv.close();
      throw error;
    }
    this.#kv = kv;
    this.#groups = new WriteGroups(kv);
    return kv;
  }

  async #closeEngine(): Promise<void> {
    await this.#opening?.catch(() => undefined); // a failed open has told its caller
    const kv = this.#kv;
    this.#kv = undefined;
    this.#groups = undefined;
    await Promise.allSettled(this.#writes); // each write has its own caller to tell
    for (const view of [...this.#views]) view.close();
    await kv?.close();
  }

  #openKv(): OrderedKv {
    if (this.#kv === undefined) throw closed(this.name);
    return this.#kv;
  }

  async #write<T>(body: WriteBody<T>, options: WriteOptions = {}): Promise<T> {
    options.signal?.throwIfAborted();
    if (this.#groups === undefined) throw closed(this.name);
    const write = this.#groups.run(body, options);
    this.#writes.add(write);
    try {
      return await write;
    } finally {
      this.#writes.delete(write);
    }
  }

  #snapshot(): OpenView {
    const snapshot = this.#openKv().snapshot();
    const view: OpenView = {
      tx: snapshot,
      checkOpen: () => {
        if (!this.#views.has(view)) throw closed(this.name);
      },
      close: () => {
        if (this.#views.delete(view)) snapshot.close();
      },
    };
    this.#views.add(view);
    return view;
  }

  async #collect(): Promise<void> {
    while (
      this.#kv !== undefined &&
      (await this.#write((tx) => collectGarbage(tx, GARBAGE_BATCH)))
    );
  }

  /** What close interrupts goes on with the next load, or bit by bit with the next commits. */
  #collectInBackground(): void {
    if (this.#collecting) return;
    this.#collecting = true;
    const ended = (): void => {
      this.#collecting = false;
    };
    // A failure loses nothing: the garbage stays listed, and the next commit meets the same fault and tells.
    this.#collect().then(ended, ended);
  }
}

function checkNamespaceId(id: NamespaceId): void {
  checkName("database name", id.db);
  checkName("namespace", id.namespace);
}

const closed = (name: string): NadbError =>
  new NadbError("NADB_CLOSED", `the ${name} backend is not open`, {
    hint: "open it, or use it before close",
  });
