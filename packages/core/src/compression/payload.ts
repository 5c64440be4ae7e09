// The bytes that stand for a compressed value. The value's length stands in its seal.
//
//   payload := codec:u8 packed:u8[rest]
//   codec   := 0x01 raw deflate
//
// INVARIANT: nothing is allocated for a length that the payload cannot unpack to.
import { deflate, deflateSync, inflate, inflateSync } from "#deflate";
import { concatBytes } from "../bytes.js";
import { corruption, type NadbError } from "../errors.js";
import { quote } from "../limits.js";
import { type Ready, whenReady } from "./ready.js";

const DEFLATE = 1;
/** On values of JSON: at most 7 % larger than level 6, and for all but the smallest in half its time. */
const LEVEL = 3;
/** From this size on the work is worth a trip to another thread: it takes most of a millisecond. */
export const LARGE_BYTES = 1 << 18;
/** Deflate can not do better, so a seal that says more is damaged. */
const MAX_RATIO = 1032;

export function pack(value: Uint8Array): Ready<Uint8Array> {
  const packed = value.length < LARGE_BYTES ? deflateSync(value, LEVEL) : deflate(value, LEVEL);
  return whenReady(packed, (bytes) => concatBytes([Uint8Array.of(DEFLATE), bytes]));
}

/** Throws NADB_CORRUPTION naming the key unless the payload unpacks to `length` bytes. */
export function unpack(key: string, payload: Uint8Array, length: number): Ready<Uint8Array> {
  if (payload[0] !== DEFLATE) {
    throw unreadable(key, `it is packed by codec ${payload[0]}, which is unknown`);
  }
  if (length > MAX_RATIO * payload.length) {
    throw unreadable(key, `${payload.length} bytes can not unpack to ${length}`);
  }
  const packed = payload.subarray(1);
  const check = (value: Uint8Array) => checkLength(key, value, length);
  if (length < LARGE_BYTES) return check(inflateNow(key, packed, length));
  return inflate(packed, length).then(check, (cause) => {
    throw unreadable(key, messageOf(cause));
  });
}

function inflateNow(key: string, packed: Uint8Array, length: number): Uint8Array {
  try {
    return inflateSync(packed, length);
  } catch (cause) {
    throw unreadable(key, messageOf(cause));
  }
}

function checkLength(key: string, value: Uint8Array, length: number): Uint8Array {
  if (value.length === length) return value;
  throw unreadable(key, `it unpacks to ${value.length} bytes, its seal says ${length}`);
}

const unreadable = (key: string, why: string): NadbError =>
  corruption(`the value of ${quote(key)} can not be unpacked: ${why}`);

const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);
