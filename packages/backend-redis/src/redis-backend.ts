// The Redis backend: Redis, Valkey or a cluster of them, through ioredis.
import {
  type BackendCapabilities,
  CONTRACT,
  checkName,
  invalidArgument,
  isNadbError,
  MAX_KEY_BYTES,
  MAX_TAG_BYTES,
  NadbError,
  type NamespaceId,
  quote,
  type StorageBackend,
  type StorageNamespace,
  withoutPassword,
} from "@nadb/core";
import { connect } from "./connect.js";
import type { Host } from "./host.js";
import { namespaceOfMember, namespacesKey } from "./keys.js";
import { type Client, Link, type Reply, type Wait } from "./link.js";
import { RedisNamespace } from "./namespace.js";
import { Complaints, superviseClient } from "./own-client.js";
import { DEFAULT_SCRIPT_MUTATIONS } from "./script-size.js";
import { checkServer } from "./server.js";

const MAX_VALUE_BYTES = 256 * 1024 * 1024;
const MAX_PARTITIONS = 1_024;
const DEFAULT_TOMBSTONE_RETENTION_SECONDS = 30 * 24 * 3600;
const DEFAULT_RETRY_SECONDS = 10;
const PREFIX = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

export interface RedisBackendOptions {
  /** redis://, rediss://, redis+sentinel:// or redis+cluster:// (connect.ts). Either this or `client`. */
  readonly url?: string;
  /** A client of ioredis, 5 or newer, without a keyPrefix. It stays the caller's: `close` leaves it open. */
  readonly client?: Client;
  /** Of `tls.connect`, for rediss: URLs. */
  readonly tls?: Record<string, unknown>;
  /** What all keys begin with. Default "nadb". */
  readonly prefix?: string;
  /**
   * Slots that a namespace is spread over when it is made, 1 to 1,024; it keeps their number. Default 1. With more than
   * one a commit may only name keys of one partition, and cuts are consistent for each partition.
   */
  readonly partitions?: number;
  /** For how long a lost or busy server is asked again before a call fails. Default 10. */
  readonly retrySeconds?: number;
  /**
   * Commits resolve once so many replicas have them, too, or throw NADB_COMMIT_UNKNOWN after the time. Replication stays
   * asynchronous: a failover may still choose a replica that lacks them.
   */
  readonly wait?: Wait;
  /**
   * A commit of more mutations and expectations than this goes in several scripts, so that other clients of the server need
   * not wait for it: 1 or more, default 1,000, of which one script takes about 15 ms. It is still seen at once and whole.
   */
  readonly scriptMutations?: number;
  /** Now, in ms since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** Fills the bytes with randomness. Default `crypto.getRandomValues`. */
  readonly random?: (bytes: Uint8Array) => void;
  /** Deletes stay in the change feed at least this long. Default 30 days. */
  readonly tombstoneRetentionSeconds?: number;
  /** False: opening throws NADB_NOT_A_STORE where nothing was ever written under this prefix. Default true. */
  readonly create?: boolean;
}

export const redisBackend = (options: RedisBackendOptions): StorageBackend =>
  new RedisBackend(options);

class RedisBackend implements StorageBackend {
  readonly name = "redis";
  readonly contract = CONTRACT;
  readonly #options: RedisBackendOptions;
  readonly #retrySeconds: number;
  /** Another one when the backend is opened again after it could not be. */
  #link: Link;
  readonly #host: Host;
  readonly #work = new Set<Promise<unknown>>();
  #isDurable = false;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #isOpen = false;

  constructor(options: RedisBackendOptions) {
    checkOptions(options);
    this.#options = options;
    const { retrySeconds = DEFAULT_RETRY_SECONDS, partitions = 1, prefix = "nadb" } = options;
    this.#retrySeconds = retrySeconds;
    this.#link = this.#newLink();
    const link = (): Link => this.#link;
    const retention = options.tombstoneRetentionSeconds ?? DEFAULT_TOMBSTONE_RETENTION_SECONDS;
    this.#host = {
      get link() {
        return link();
      },
      prefix,
      partitions,
      choosesPartitions: options.partitions !== undefined,
      capabilities: capabilitiesOf(partitions, () => this.#isDurable),
      clock: options.clock ?? Date.now,
      random: options.random ?? ((bytes) => void crypto.getRandomValues(bytes)),
      tombstoneRetentionMs: retention * 1000,
      scriptMutations: options.scriptMutations ?? DEFAULT_SCRIPT_MUTATIONS,
      checkOpen: () => this.#checkOpen(),
      track: (work) => this.#track(work),
      inBackground: (work) => this.#inBackground(work),
    };
  }

  get capabilities(): BackendCapabilities {
    return this.#host.capabilities;
  }

  async open(): Promise<void> {
    if (this.#closing !== undefined) throw closed();
    this.#opening ??= this.#connect();
    const opening = this.#opening;
    try {
      await opening;
    } catch (error) {
      if (this.#opening === opening) this.#giveUpOpening(); // of several callers the first
      throw error;
    }
  }

  async namespace(id: NamespaceId): Promise<StorageNamespace> {
    return this.#namespace(id);
  }

  async *namespaces(): AsyncGenerator<NamespaceId, void, undefined> {
    this.#checkOpen();
    const members = await this.#link.command("smembers", [namespacesKey(this.#host.prefix)]);
    for (const member of members as readonly Reply[]) {
      const id = namespaceOfMember(String(member));
      if (await this.#holdsSomething(id)) yield id;
    }
  }

  async drop(id: NamespaceId): Promise<void> {
    await this.#track(this.#drop(id));
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #connect(): Promise<void> {
    const { prefix } = this.#host;
    const { flushesAlways } = await checkServer(this.#link, prefix);
    this.#isDurable = flushesAlways;
    if (this.#options.create === false && !(await this.#isStore())) {
      throw new NadbError(
        "NADB_NOT_A_STORE",
        `the server holds no store under the prefix ${quote(prefix)}`,
        {
          hint: "check address, database number and prefix",
        },
      );
    }
    this.#isOpen = true;
  }

  async #isStore(): Promise<boolean> {
    return Number(await this.#link.command("exists", [namespacesKey(this.#host.prefix)])) === 1;
  }

  /** What the server has not answered by the time that calls are given is given up. */
  async #close(): Promise<void> {
    this.#isOpen = false;
    const giveUp = setTimeout(() => this.#link.end(closed()), this.#retrySeconds * 1000);
    await this.#opening?.catch(() => undefined); // a failed open has told its caller
    this.#isOpen = false;
    await Promise.allSettled(this.#work); // each has its own caller to tell
    await this.#link.idle();
    clearTimeout(giveUp);
    this.#link.end(closed());
    this.#disconnect();
  }

  #newLink(): Link {
    const { client: theirs, url, tls, wait } = this.#options;
    const retrySeconds = this.#retrySeconds;
    if (theirs !== undefined) return new Link({ client: theirs, retrySeconds, wait });
    const client = connect(url as string, { retrySeconds, ...(tls === undefined ? {} : { tls }) });
    const complaints = new Complaints(client);
    const at = withoutPassword(url as string);
    const circumstances = () => ({ at, last: complaints.last });
    const link = new Link({ client, retrySeconds, wait, circumstances });
    superviseClient(client, link, retrySeconds * 1000);
    return link;
  }

  #giveUpOpening(): void {
    this.#opening = undefined;
    this.#disconnect();
    if (this.#closing === undefined) this.#link = this.#newLink();
  }

  #disconnect(): void {
    if (this.#options.client === undefined) this.#link.client.disconnect();
  }

  /** One that is damaged is there: whoever uses it is told. */
  async #holdsSomething(id: NamespaceId): Promise<boolean> {
    try {
      return (await this.#namespace(id).head()).generation !== "";
    } catch (error) {
      if (isNadbError(error, "NADB_CORRUPTION")) return true;
      throw error;
    }
  }

  #namespace(id: NamespaceId): RedisNamespace {
    checkName("database name", id.db);
    checkName("namespace", id.namespace);
    this.#checkOpen();
    return new RedisNamespace({ db: id.db, namespace: id.namespace }, this.#host);
  }

  async #drop(id: NamespaceId): Promise<void> {
    await this.#namespace(id).drop();
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw closed();
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work);
    try {
      return await work;
    } finally {
      this.#work.delete(work);
    }
  }

  /** A failure loses nothing: what was to be done is still listed, and is done later. */
  #inBackground(work: () => Promise<void>): void {
    void this.#track(work()).catch(() => undefined);
  }
}

const capabilitiesOf = (partitions: number, isDurable: () => boolean): BackendCapabilities => ({
  get durable() {
    return isDurable();
  },
  multiProcess: true,
  snapshots: false,
  transactions: partitions === 1,
  buffering: true,
  maxKeyBytes: MAX_KEY_BYTES,
  maxTagBytes: MAX_TAG_BYTES,
  maxValueBytes: MAX_VALUE_BYTES,
});

function checkOptions(options: RedisBackendOptions): void {
  const { url, client, prefix = "nadb", partitions = 1, retrySeconds = 1 } = options;
  if ((url === undefined) === (client === undefined)) {
    throw invalidArgument("a Redis backend needs either a url or a client");
  }
  if (client?.options.keyPrefix) {
    throw invalidArgument("the client has a keyPrefix", "give the backend a prefix instead");
  }
  if (!PREFIX.test(prefix))
    throw invalidArgument(`prefix ${quote(prefix)} does not match ${PREFIX}`);
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
    throw invalidArgument(
      `partitions ${String(partitions)} is not a whole number from 1 to ${MAX_PARTITIONS}`,
    );
  }
  if (!(retrySeconds > 0))
    throw invalidArgument(`retrySeconds ${String(retrySeconds)} is not above 0`);
  const { scriptMutations = 1 } = options;
  if (!Number.isInteger(scriptMutations) || scriptMutations < 1) {
    throw invalidArgument(
      `scriptMutations ${String(scriptMutations)} is not a whole number above 0`,
    );
  }
  checkWait(options.wait);
  const retention = options.tombstoneRetentionSeconds ?? 0;
  if (!(retention >= 0)) {
    throw invalidArgument(
      `tombstoneRetentionSeconds ${String(retention)} is not a number of at least 0`,
    );
  }
}

function checkWait(wait: Wait | undefined): void {
  if (wait === undefined) return;
  const { replicas, timeoutMs } = wait;
  const isCount = Number.isInteger(replicas) && replicas >= 1;
  if (isCount && Number.isInteger(timeoutMs) && timeoutMs >= 1) return;
  throw invalidArgument(
    `wait for ${String(replicas)} replicas and ${String(timeoutMs)} ms: both are whole numbers above 0`,
    "without an end to the waiting, a lost replica would stop all commits",
  );
}

const closed = (): NadbError =>
  new NadbError("NADB_CLOSED", "the redis backend is not open", {
    hint: "open it, or use it before close",
  });
