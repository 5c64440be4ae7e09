// The Redis backend: Redis, Valkey or a cluster of them, through ioredis.
import {
  type BackendCapabilities,
  CONTRACT,
  checkName,
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
import type { Address } from "./address.js";
import { connect } from "./connect.js";
import type { Host } from "./host.js";
import { namespaceOfMember, namespacesKey } from "./keys.js";
import { Link, type Reply, word } from "./link.js";
import { RedisNamespace } from "./namespace.js";
import { type RedisBackendOptions, type Settings, settingsOf } from "./options.js";
import { Complaints, superviseClient } from "./own-client.js";
import { SCRIPT_CHANGES } from "./script-size.js";
import { checkServer } from "./server.js";

const MAX_VALUE_BYTES = 256 * 1024 * 1024;
const DEFAULT_TOMBSTONE_RETENTION_SECONDS = 30 * 24 * 3600;
const SCAN_STEP = 500;
const DEFAULT_RETRY_SECONDS = 10;

export const redisBackend = (options: RedisBackendOptions): StorageBackend =>
  new RedisBackend(options);

class RedisBackend implements StorageBackend {
  readonly name = "redis";
  readonly contract = CONTRACT;
  readonly #options: Settings;
  readonly #retrySeconds: number;
  /** Another one when the backend is opened again after it could not be. */
  #link: Link;
  readonly #host: Host;
  readonly #work = new Set<Promise<unknown>>();
  #isDurable = false;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #isOpen = false;

  constructor(given: RedisBackendOptions) {
    const options = settingsOf(given);
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
      scriptMutations: options.scriptMutations ?? SCRIPT_CHANGES,
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
    const told = new Set<string>(); // a scan may come to one again
    let cursor = "0";
    do {
      const args = [namespacesKey(this.#host.prefix), cursor, "COUNT", SCAN_STEP];
      const [next, members] = (await this.#link.command("sscan", args)) as [Reply, Reply[]];
      cursor = word(next);
      for (const member of members.map(word)) {
        if (told.has(member)) continue;
        told.add(member);
        const id = namespaceOfMember(member);
        if (await this.#holdsSomething(id)) yield id;
      }
    } while (cursor !== "0");
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
    const { client: theirs, address, url, tls, wait } = this.#options;
    const retrySeconds = this.#retrySeconds;
    if (theirs !== undefined) return new Link({ client: theirs, retrySeconds, wait });
    const how = { retrySeconds, ...(tls === undefined ? {} : { tls }) };
    const client = connect(address as Address, how);
    const complaints = new Complaints(client);
    const at = withoutPassword(url as string);
    const circumstances = () => ({ at, last: complaints.last });
    const link = new Link({ client, retrySeconds, wait, cuts: true, circumstances });
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

const closed = (): NadbError =>
  new NadbError("NADB_CLOSED", "the redis backend is not open", {
    hint: "open it, or use it before close",
  });
