// Compressing the values of puts and of encoded records, where it pays. What comes out shares no bytes with a put
// that went in, so it may wait.
import type { EncodedChange, Mutation, Put, Seal } from "../backend.js";
import { contentHash } from "../digest.js";
import { invalidArgument } from "../errors.js";
import { canonicalTags, quote } from "../limits.js";
import {
  changeKey,
  decodeRecord,
  encodeRecord,
  isSealed,
  isTombstone,
  recordValue,
  recordValueLength,
  SEAL_BYTES,
} from "../record.js";
import { pack } from "./payload.js";
import { type Ready, whenReady } from "./ready.js";

/** What is kept in place of a value. */
interface Sealed {
  readonly value: Uint8Array;
  readonly seal: Seal;
}

export class Sealer {
  constructor(
    readonly minBytes: number,
    readonly maxRatio: number,
  ) {}

  /** False of what is no value: that is refused where values are checked. */
  isCandidate(value: Uint8Array): boolean {
    return value instanceof Uint8Array && value.length >= this.minBytes;
  }

  /** REQUIRES: a checked mutation (limits.ts), but for its tags. */
  mutation(mutation: Mutation): Ready<Mutation> {
    if (mutation.type === "delete") return { type: "delete", key: mutation.key };
    const { key, expiresAt } = mutation;
    const tags = canonicalTags(mutation.tags);
    const facts = expiresAt === undefined ? { key, tags } : { key, tags, expiresAt };
    const record = { ...facts, value: mutation.value, createdAt: 0, updatedAt: 0, version: 0 };
    const encoded = encodeRecord(record);
    const put: Put = { type: "put", ...facts, value: recordValue(encoded) };
    if (!this.isCandidate(mutation.value)) return put;
    return whenReady(this.#seal(encoded), (sealed) => ({ ...put, ...sealed }));
  }

  /** The same change, sealed or not. Throws NADB_INVALID_ARGUMENT when it came sealed. */
  change(change: EncodedChange): Ready<EncodedChange> {
    if (isSealed(change)) throw sealedAlready(changeKey(change));
    if (isTombstone(change) || !(recordValueLength(change) >= this.minBytes)) return change;
    const record = decodeRecord(change);
    return whenReady(this.#seal(change), (sealed) =>
      sealed === undefined ? change : encodeRecord({ ...record, ...sealed }),
    );
  }

  /** Undefined where the value is better left as it is. */
  #seal(record: EncodedChange): Ready<Sealed | undefined> {
    const { length } = recordValue(record);
    return whenReady(pack(recordValue(record)), (value) => {
      if (value.length + SEAL_BYTES > this.maxRatio * length) return undefined;
      return { value, seal: { length, contentHash: contentHash(record) } };
    });
  }
}

export function refuseSealed(mutations: readonly Mutation[]): void {
  for (const mutation of mutations) {
    if (mutation.type === "put" && mutation.seal !== undefined) throw sealedAlready(mutation.key);
  }
}

const sealedAlready = (key: string) =>
  invalidArgument(
    `the value of ${quote(key)} is sealed already`,
    "give the value as it is: this namespace compresses values itself",
  );
