// Codecs: how an application's values become bytes and come back. A store has one; what it infers from it are the type
// of its values and what its writes accept.
import { invalidArgument, NadbError } from "../errors.js";
import { quote } from "../limits.js";

export interface ValueCodec<T, Accepts = T> {
  /** For messages: "json", "acme-protobuf". */
  readonly name: string;
  /** May throw: the write is refused and names the key. The answer must not change afterwards. */
  encode(value: Accepts): Uint8Array;
  /** May throw: the read fails and names the key. REQUIRES: does not write to `bytes`. */
  decode(bytes: Uint8Array): T;
}

/** What a store of bytes accepts. Text is stored as UTF-8; half a surrogate pair has none and is refused. */
export type Value = Uint8Array | string;

/** What a store of `T` accepts unless its codec says otherwise. */
export type AcceptedFor<T> = [T] extends [Uint8Array] ? Value : T;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes as they are; text goes in as UTF-8. The default. */
export const bytes: ValueCodec<Uint8Array, Value> = {
  name: "bytes",
  encode: (value) => (typeof value === "string" ? encodeText(value) : value),
  decode: (value) => value,
};

/** Strings, as UTF-8. */
export const text: ValueCodec<string> = {
  name: "text",
  encode: encodeText,
  decode: (value) => decoder.decode(value),
};

/**
 * Whatever JSON can hold, as UTF-8. `T` is the caller's word for what is stored; it is not checked. A value that JSON has
 * no text for (undefined, a function, a bigint, a circle) is refused.
 */
export function json<T = unknown>(): ValueCodec<T> {
  return {
    name: "json",
    encode: (value) => {
      const encoded = JSON.stringify(value) as string | undefined;
      if (encoded === undefined) throw new TypeError(`${typeof value} has no JSON`);
      return encoder.encode(encoded);
    },
    decode: (value) => JSON.parse(decoder.decode(value)) as T,
  };
}

function encodeText(value: string): Uint8Array {
  if (typeof value !== "string") throw new TypeError(`${typeof value} is no text`);
  if (!value.isWellFormed()) throw new TypeError("no well-formed Unicode (a lone surrogate)");
  return encoder.encode(value);
}

/** Throws NADB_INVALID_ARGUMENT, with the codec's own error as its cause. */
export function encodeValue<Accepts>(
  codec: ValueCodec<unknown, Accepts>,
  key: string,
  value: Accepts,
): Uint8Array {
  try {
    return codec.encode(value);
  } catch (error) {
    const message = `the value of ${quote(key)} can not be encoded as ${codec.name}: ${reasonOf(error)}`;
    throw new NadbError("NADB_INVALID_ARGUMENT", message, { cause: error });
  }
}

/** Throws NADB_UNDECODABLE, with the codec's own error as its cause. */
export function decodeValue<T>(codec: ValueCodec<T, never>, key: string, value: Uint8Array): T {
  try {
    return codec.decode(value);
  } catch (error) {
    const message = `the value of ${quote(key)} is no ${codec.name}: ${reasonOf(error)}`;
    const hint =
      "it was written by another codec, or by a version of it that this one does not read";
    throw new NadbError("NADB_UNDECODABLE", message, { hint, cause: error });
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Throws NADB_INVALID_ARGUMENT for what is no codec, before anything is written with it. */
export function checkCodec(codec: ValueCodec<unknown, never>): void {
  const fits = typeof codec?.encode === "function" && typeof codec.decode === "function";
  if (!fits || typeof codec.name !== "string") {
    throw invalidArgument(
      "the codec has no name, encode or decode",
      "take bytes, text, json() or your own",
    );
  }
}
