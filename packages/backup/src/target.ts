// Where a repository's files live. A target knows files and folders, nothing of backups. What it promises is
// little, so that object storage or any StorageBackend can be one.
import { concatBytes, corruption, invalidArgument, type StorageNamespace } from "@nadb/core";

export interface TargetEntry {
  /** One path segment. */
  readonly name: string;
  readonly type: "file" | "folder";
  /** In bytes; 0 for a folder. */
  readonly size: number;
}

export interface ListOptions {
  /** Without, the sizes may be 0: some targets have to look at each file for them. Default true. */
  readonly sizes?: boolean;
}

export interface WriteOptions {
  /** Throw NADB_ALREADY_EXISTS, and change nothing, when a file is there. One of several racers wins. */
  readonly ifAbsent?: boolean;
  readonly signal?: AbortSignal;
}

export interface ReadOptions {
  /** The first byte to read. Default 0, the file's first. */
  readonly start?: number;
  /** The byte before which reading ends. Default, and wherever it lies beyond, the end of the file. */
  readonly end?: number;
  readonly signal?: AbortSignal;
}

/** Paths are segments joined by "/"; segments match the rule for names, or begin with a dot (leftovers). */
export interface BackupTarget {
  /** For messages, e.g. "/srv/backups". */
  readonly name: string;
  /** The entries of one folder, "" the root; none when there is no such folder. */
  list(folder: string, options?: ListOptions): Promise<readonly TargetEntry[]>;
  /**
   * The file's bytes in order, or those of a range of it; what lies beyond the end is not there, and no error. A read never
   * mixes two contents: when the file is replaced or removed meanwhile it goes on with what it began with, or throws
   * NADB_NOT_FOUND. Throws NADB_NOT_FOUND, also for an empty range, and NADB_INVALID_ARGUMENT for a range that is none
   * (checkRange).
   */
  read(path: string, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /** Size in bytes, undefined when there is no such file. */
  size(path: string): Promise<number | undefined>;
  /** All or nothing: the file is complete, durable and visible when this resolves, and not there before. */
  write(
    path: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options?: WriteOptions,
  ): Promise<void>;
  /** Removes a file, or a folder with all it holds; what is not there is no error. */
  remove(path: string): Promise<void>;
  /** Names this process (or client) in leases. */
  readonly owner: string;
  /** True only when the owner is certainly gone; then nobody has to wait for its lease to end. */
  isGone(owner: string): boolean;
  /**
   * True when the files lie, or would lie, in that very namespace; writes nothing. Left out where they lie in none. Throws
   * NADB_INVALID_ARGUMENT where that can not be told.
   */
  isInside?(storage: StorageNamespace): Promise<boolean>;
}

/** Throws NADB_INVALID_ARGUMENT when backups of the namespace, or restores into it, would meet the repository itself. */
export async function checkOutside(target: BackupTarget, storage: StorageNamespace): Promise<void> {
  if (!(await target.isInside?.(storage))) return;
  const { db, namespace } = storage.id;
  throw invalidArgument(
    `the repository lies in the namespace ${db}/${namespace} itself`,
    "keep backups in another namespace, or better in another store",
  );
}

/** The range that was asked for. Throws NADB_INVALID_ARGUMENT unless it begins and ends at whole bytes, in this order. */
export function checkRange({ start = 0, end }: ReadOptions): { start: number; end: number } {
  const last = end ?? Number.MAX_SAFE_INTEGER;
  if (Number.isSafeInteger(start) && Number.isSafeInteger(last) && 0 <= start && start <= last)
    return { start, end: last };
  throw invalidArgument(`there is no range from byte ${start} to ${last}`);
}

/** A small file, whole. Throws NADB_NOT_FOUND, and NADB_CORRUPTION beyond `maxBytes`. */
export async function readWhole(
  target: BackupTarget,
  path: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of target.read(path)) {
    length += part.length;
    if (length > maxBytes) throw corruption(`${path} has more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return concatBytes(parts);
}
