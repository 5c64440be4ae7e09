export { createSha256, sha256 } from "#sha256";
export type * from "./backend.js";
export { CONTRACT } from "./backend.js";
export {
  ByteReader,
  compareBytes,
  compareUtf8,
  concatBytes,
  fromHex,
  readU32,
  readU64,
  toHex,
  utf8Length,
  writeU16,
  writeU32,
  writeU64,
} from "./bytes.js";
export { EMPTY_DIGEST, StateDigest } from "./digest.js";
export { EmbeddedBackend, type EmbeddedEngine, type EmbeddedOptions } from "./embedded/backend.js";
export type {
  Entry,
  KeyRange,
  OrderedKv,
  ReadTransaction,
  Snapshot,
  WriteTransaction,
} from "./embedded/ordered-kv.js";
export {
  corruption,
  ERROR_CODES,
  type ErrorCode,
  invalidArgument,
  ioError,
  isNadbError,
  NadbError,
  type NadbErrorOptions,
} from "./errors.js";
export {
  canonicalTags,
  checkKey,
  checkName,
  checkTag,
  checkTime,
  checkValue,
  expiryAfter,
  MAX_KEY_BYTES,
  MAX_PAGE_LIMIT,
  MAX_RECORD_TAGS,
  MAX_TAG_BYTES,
  quote,
} from "./limits.js";
export { memoryBackend } from "./memory/memory-backend.js";
export { everyPage } from "./pages.js";
export {
  type Change,
  changeKey,
  changeVersion,
  decodeChange,
  decodeRecord,
  decodeTombstone,
  encodeRecord,
  encodeTombstone,
  isTombstone,
  recordContent,
  recordValueLength,
  withVersion,
} from "./record.js";
export {
  KeyValueStore,
  type OpenStoreOptions,
  type SetEntry,
  type SetOptions,
  type StoreStats,
  type Value,
} from "./store.js";
