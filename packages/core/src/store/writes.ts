// From what an application writes to what the contract commits: values encoded, TTLs made instants, conditions made
// expectations. Everything is checked and encoded before the first wait.
import type { Delete, Expectation, Put } from "../backend.js";
import { invalidArgument } from "../errors.js";
import { checkKey, checkTime, expiryAfter, quote } from "../limits.js";
import { encodeValue, type ValueCodec } from "./codec.js";
import type { Condition, Expiry, RecordOptions } from "./options.js";

const NO_TAGS: readonly string[] = [];

export interface Encoding<Accepts> {
  readonly codec: ValueCodec<unknown, Accepts>;
  readonly clock: () => number;
}

export function putOf<Accepts>(
  { codec, clock }: Encoding<Accepts>,
  key: string,
  accepted: Accepts,
  options: RecordOptions,
): Put {
  checkKey(key);
  const value = encodeValue(codec, key, accepted);
  const { tags = NO_TAGS } = options;
  const expiresAt = expiryOf(key, options, clock);
  return expiresAt === undefined
    ? { type: "put", key, value, tags }
    : { type: "put", key, value, tags, expiresAt };
}

export function deleteOf(key: string): Delete {
  checkKey(key);
  return { type: "delete", key };
}

export function expiryOf(
  key: string,
  { ttlSeconds, expiresAt }: Expiry,
  clock: () => number,
): number | undefined {
  if (ttlSeconds === undefined) {
    if (expiresAt !== undefined) checkTime("expiresAt", expiresAt);
    return expiresAt;
  }
  if (expiresAt !== undefined) {
    throw invalidArgument(`${quote(key)} has both ttlSeconds and expiresAt`, "give one of them");
  }
  return expiryAfter(clock(), ttlSeconds);
}

/** What must hold of `key` for the write to happen; nothing, mostly. */
export function expectationOf(
  key: string,
  { ifAbsent, ifVersion }: Condition,
): Expectation | undefined {
  if (ifVersion === undefined) return ifAbsent === true ? { key, version: null } : undefined;
  if (ifAbsent === true) {
    throw invalidArgument(`${quote(key)} has both ifAbsent and ifVersion`, "give one of them");
  }
  checkVersion(ifVersion);
  return { key, version: ifVersion };
}

function checkVersion(version: unknown): void {
  if (Number.isSafeInteger(version) && (version as number) >= 0) return;
  throw invalidArgument(
    `ifVersion ${String(version)} is no version`,
    "take it from getWithMetadata",
  );
}
