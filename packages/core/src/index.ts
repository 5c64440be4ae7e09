export { createSha256, sha256 } from "#sha256";
export type * from "./backend.js";
export { CONTRACT } from "./backend.js";
export {
  BufferedNamespace,
  type BufferedNamespaceOptions,
} from "./buffer/buffered-namespace.js";
export type { BufferObserver, Flushed } from "./buffer/flusher.js";
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
export { canServe } from "./can-serve.js";
export { type CompressionOptions, compressValues } from "./compression/compressed-namespace.js";
export {
  type CopyAllOptions,
  copyAll,
  copyNamespace,
  type FollowCopyAllOptions,
  type FollowCopyOptions,
  followCopy,
  followCopyAll,
  planCopy,
  planCopyAll,
} from "./copy/copy.js";
export type { CopyEvent } from "./copy/follow.js";
export type {
  Copied,
  CopyHolder,
  CopyNamespaceOptions,
  CopyOptions,
  CopyPlan,
  CopyProgress,
  CopyReason,
} from "./copy/options.js";
export { COPIES_NAMESPACE, copyProgress } from "./copy/progress.js";
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
  checkCommitId,
  checkKey,
  checkMutations,
  checkName,
  checkSeal,
  checkTag,
  checkTagQuery,
  checkTime,
  checkValue,
  expiryAfter,
  MAX_KEY_BYTES,
  MAX_PAGE_LIMIT,
  MAX_RECORD_TAGS,
  MAX_TAG_BYTES,
  pageLimit,
  quote,
} from "./limits.js";
export { memoryBackend } from "./memory/memory-backend.js";
export { everyPage } from "./pages.js";
export {
  type BackendPlugin,
  checkPlugin,
  memoryPlugin,
  type OpenUrlOptions,
  pluginFor,
  withoutPassword,
} from "./plugin.js";
export {
  type Change,
  changeKey,
  changeTime,
  changeVersion,
  compareChangeKeys,
  decodeChange,
  decodeRecord,
  decodeTombstone,
  encodeRecord,
  encodeTombstone,
  isSealed,
  isTombstone,
  recordContent,
  recordExpiresAt,
  recordValueLength,
  withVersion,
} from "./record.js";
export { type AcceptedFor, bytes, json, text, type Value, type ValueCodec } from "./store/codec.js";
export type {
  Condition,
  DeleteOptions,
  Expiry,
  OpenStoreOptions,
  RecordOptions,
  SetEntry,
  SetOptions,
  StoreChange,
  StoredValue,
  StoreStats,
  TransactionOptions,
  WatchOptions,
} from "./store/options.js";
export { KeyValueStore } from "./store/store.js";
export type { Transaction } from "./store/transaction.js";
export {
  type Attachment,
  type AttachOptions,
  type FlushEvent,
  type FlushFailedEvent,
  KeyValueSync,
  type KeyValueSyncOptions,
  type StoreName,
  type StoreStatus,
  type SweepFailedEvent,
  type SyncError,
  type SyncEvents,
  type SyncListener,
  type SyncStatus,
} from "./sync.js";
