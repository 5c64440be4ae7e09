// The options of the backend, those of its URL among them: all are checked before anything is done. INVARIANT: what can not be
// honoured is refused, never passed over.
import { invalidArgument, quote } from "@nadb/core";
import type { Cluster } from "ioredis";
import { type Address, parseAddress } from "./address.js";
import type { Client, Wait } from "./link.js";

export interface RedisBackendOptions {
  /**
   * redis://, rediss://, redis+sentinel:// or redis+cluster:// (address.ts). Either this or `client`. Behind "?" may stand
   * `prefix`, `partitions`, `retrySeconds` and `scriptMutations`, each at one of the two places only.
   */
  readonly url?: string;
  /**
   * A client of ioredis, 5 or newer, without a keyPrefix; one of a cluster reads from masters (`scaleReads`). It stays the
   * caller's: `close` leaves it open.
   */
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
  /** For how long a lost, silent or busy server is given before a call fails: above 0, at most a day. Default 10. */
  readonly retrySeconds?: number;
  /**
   * Commits resolve once so many replicas have them, too, or throw NADB_COMMIT_UNKNOWN after the time. Replication stays
   * asynchronous: a failover may still choose a replica that lacks them.
   */
  readonly wait?: Wait;
  /**
   * A commit of more mutations and expectations than this goes in several scripts, so that other clients of the server need
   * not wait for it: 1 to 100,000, default 256 (docs/performance.md tells how long they take). It is still seen at once and whole.
   */
  readonly scriptMutations?: number;
  /** Now, in ms since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** Fills the bytes with randomness. Default `crypto.getRandomValues`. */
  readonly random?: (bytes: Uint8Array) => void;
  /** Deletes stay in the change feed at least this long, at most 100 years. Default 30 days. */
  readonly tombstoneRetentionSeconds?: number;
  /** False: opening throws NADB_NOT_A_STORE where nothing was ever written under this prefix. Default true. */
  readonly create?: boolean;
}

interface Range {
  readonly from: number;
  readonly to: number;
  /** `from` itself is too small. */
  readonly isAbove?: boolean;
  readonly isWhole?: boolean;
}

const DAY_SECONDS = 24 * 3600;
const WAIT_RANGE: Range = { from: 1, to: DAY_SECONDS * 1000, isWhole: true };
const RANGES = {
  partitions: { from: 1, to: 1_024, isWhole: true },
  retrySeconds: { from: 0, to: DAY_SECONDS, isAbove: true },
  scriptMutations: { from: 1, to: 100_000, isWhole: true },
  tombstoneRetentionSeconds: { from: 0, to: 36_525 * DAY_SECONDS },
} satisfies Record<string, Range>;

const PREFIX = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const URL_NUMBERS = ["partitions", "retrySeconds", "scriptMutations"] as const;
const URL_OPTIONS: readonly string[] = ["prefix", ...URL_NUMBERS];

export interface Settings extends RedisBackendOptions {
  /** Where there is a URL. */
  readonly address: Address | undefined;
}

/** Throws NADB_INVALID_ARGUMENT. */
export function settingsOf(options: RedisBackendOptions): Settings {
  const { url, client } = options;
  if ((url === undefined) === (client === undefined)) {
    throw invalidArgument("a Redis backend needs either a url or a client");
  }
  const address = url === undefined ? undefined : parseAddress(url);
  const settings = { ...options, ...optionsIn(address?.query ?? "", options), address };
  check(settings);
  return settings;
}

function optionsIn(query: string, given: RedisBackendOptions): Partial<RedisBackendOptions> {
  const found: Record<string, string | number> = {};
  for (const [name, text] of new URLSearchParams(query)) {
    if (!URL_OPTIONS.includes(name)) throw unknownOption(name, text);
    const value = name === "prefix" ? text : Number(text);
    const other = found[name] ?? given[name as keyof RedisBackendOptions] ?? value;
    if (other !== value) {
      throw invalidArgument(`the URL and the options, or the URL twice, say a different ${name}`);
    }
    found[name] = value;
  }
  return found;
}

/** It is named where it looks like a name: a part of a password may have come here. */
function unknownOption(name: string, text: string): Error {
  const shown = text !== "" && /^[A-Za-z]{1,32}$/.test(name) ? ` ${quote(name)}` : "";
  return invalidArgument(
    `the URL has an unknown option${shown}`,
    `known are ${URL_OPTIONS.join(", ")}`,
  );
}

function check(options: RedisBackendOptions): void {
  checkClient(options.client);
  const { prefix, wait } = options;
  if (prefix !== undefined && !PREFIX.test(prefix)) {
    throw invalidArgument(`prefix ${quote(prefix)} does not match ${PREFIX}`);
  }
  for (const [name, range] of Object.entries(RANGES)) {
    checkNumber(name, options[name as keyof typeof RANGES], range);
  }
  if (wait === undefined) return;
  checkNumber("wait.replicas", wait.replicas ?? Number.NaN, WAIT_RANGE);
  checkNumber("wait.timeoutMs", wait.timeoutMs ?? Number.NaN, WAIT_RANGE);
}

function checkNumber(name: string, value: number | undefined, range: Range): void {
  if (value === undefined) return;
  const { from, to, isAbove = false, isWhole = false } = range;
  const isIn = isAbove ? value > from : value >= from;
  if (typeof value === "number" && isIn && value <= to && (!isWhole || Number.isInteger(value)))
    return;
  const kind = isWhole ? "whole number" : "number";
  const bounds = isAbove ? `above ${from} and up to ${to}` : `from ${from} to ${to}`;
  throw invalidArgument(`${name} ${String(value)} is not a ${kind} ${bounds}`);
}

function checkClient(client: Client | undefined): void {
  if (client?.options.keyPrefix) {
    throw invalidArgument("the client has a keyPrefix", "give the backend a prefix instead");
  }
  const { scaleReads = "master" } = (client as Cluster | undefined)?.options ?? {};
  if (client?.isCluster !== true || scaleReads === "master") return;
  throw invalidArgument(
    "the client may read from replicas: its scaleReads is not master",
    "a replica may lack what was committed: give the backend a client that leaves scaleReads out",
  );
}
