// The fields of a record's JSON, each checked for what it must be; shared by our own JSON and by the Python original's.
import {
  checkKey,
  corruption,
  isNadbError,
  type NadbError,
  quote,
  sha256,
  toHex,
} from "@nadb/core";
import { isObject } from "../manifest.js";
import { decodeBase64 } from "./base64.js";

export type Fields = Readonly<Record<string, unknown>>;

export function objectOf(fields: Fields, name: string): Fields {
  const value = fields[name];
  if (isObject(value)) return value;
  throw wrong(name, value, "an object");
}

export function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === "string") return value;
  throw wrong(name, value, "text");
}

/** A whole number from 0 on. */
export function countOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw wrong(name, value, "a whole number");
}

export function keyOf(fields: Fields): string {
  const { key } = fields;
  return allowed(() => {
    checkKey(key);
    return key;
  });
}

export function tagsOf(fields: Fields): readonly string[] {
  const { tags } = fields;
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")) return tags;
  throw wrong("tags", tags, "a list of texts");
}

/** The bytes of the value, compared with the record's own checksum. */
export function valueBytesOf(fields: Fields): Uint8Array {
  const value = decodeBase64(textOf(fields, "value"));
  if (value === undefined) throw corruption("value is no base64");
  const checksum = toHex(sha256(value));
  if (fields.checksum !== checksum)
    throw corruption(`checksum is ${quote(fields.checksum)}, that of the value ${checksum}`);
  return value;
}

/** What `check` answers; a limit it finds broken is damage here: no store can have held that. */
export function allowed<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw isNadbError(error, "NADB_INVALID_ARGUMENT") ? corruption(error.message) : error;
  }
}

export const wrong = (name: string, value: unknown, wanted: string): NadbError =>
  corruption(
    value === undefined ? `${name} is missing` : `${name} is ${quote(value)}, not ${wanted}`,
  );
