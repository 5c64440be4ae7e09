// How far a copy is: one small JSON record for each copied namespace, in a namespace of its own beside it. INVARIANT: it is
// written before the target's content changes (`pending`) and after (`copied`), so that whoever comes next can tell a step
// that was interrupted from a change that somebody else made.
import type { Head, NamespaceId, StorageBackend, StorageNamespace } from "../backend.js";
import { corruption, NadbError } from "../errors.js";
import { quote } from "../limits.js";

/** The namespace, in each database of a target, that holds what is kept of its copies. */
export const COPIES_NAMESPACE = "nadb.copies";
const FORMAT = 1;

export interface CopySource extends NamespaceId {
  /** As `CopyOptions.source`. */
  readonly name: string | null;
}

/** The target holds the source's content of that cut, but for what it has swept of it. */
export interface Position {
  readonly source: Head;
  readonly target: Head;
  /** The cut was taken at this instant or later. */
  readonly at: number;
}

/** A load that may have been committed: the content was `before`, and becomes that of `source`. */
export interface Pending {
  readonly step: "full" | "changes";
  readonly source: Head;
  readonly before: Head;
  readonly at: number;
}

/** What the target has swept by itself since its digest was last the source's. */
export interface Swept {
  /** At most so many records. */
  readonly count: number;
  /** All of them had expired by then. */
  readonly until: number;
}

export interface CopyLease {
  readonly owner: string;
  readonly nonce: string;
  readonly until: number;
}

export interface Progress {
  readonly format: typeof FORMAT;
  readonly source: CopySource;
  readonly copied: Position | null;
  readonly pending: Pending | null;
  readonly swept: Swept;
  readonly lease: CopyLease | null;
}

export const NOTHING_SWEPT: Swept = { count: 0, until: 0 };

export const newProgress = (source: CopySource): Progress => ({
  format: FORMAT,
  source,
  copied: null,
  pending: null,
  swept: NOTHING_SWEPT,
  lease: null,
});

/** Where a backend keeps how far the copies into the namespaces of one database are. */
export const copyProgress = (
  backend: StorageBackend,
  { db }: Pick<NamespaceId, "db">,
): Promise<StorageNamespace> => backend.namespace({ db, namespace: COPIES_NAMESPACE });

export const nameOf = ({ db, namespace }: NamespaceId): string => `${db}/${namespace}`;

export interface Kept {
  readonly version: number;
  readonly progress: Progress;
}

/** Throws NADB_NEWER_FORMAT or NADB_CORRUPTION for what it can not read. */
export async function readProgress(
  storage: StorageNamespace,
  target: NamespaceId,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Kept | undefined> {
  const key = nameOf(target);
  const [record] = await storage.getMany([key], options);
  if (record === undefined) return undefined;
  return { version: record.version, progress: decodeProgress(key, record.value) };
}

export const encodeProgress = (progress: Progress): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(progress));

function decodeProgress(key: string, bytes: Uint8Array): Progress {
  const json = parse(bytes);
  if (typeof json?.format === "number" && json.format > FORMAT) {
    throw new NadbError(
      "NADB_NEWER_FORMAT",
      `the copy into ${quote(key)} was made by a newer NADB`,
      {
        hint: "copy with that version or a newer one",
      },
    );
  }
  if (isProgress(json)) return json;
  throw corruption(
    `${quote(key)} in ${COPIES_NAMESPACE} does not tell how far the copy is`,
    "delete that record, and copy anew with overwrite",
  );
}

function parse(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}

function isProgress(json: object | undefined): json is Progress {
  const { format, source, copied, pending, swept, lease } = (json ?? {}) as Partial<Progress>;
  return (
    format === FORMAT &&
    typeof source?.db === "string" &&
    typeof source.namespace === "string" &&
    (copied === null || (isHead(copied?.source) && isHead(copied.target))) &&
    (pending === null || (isHead(pending?.source) && isHead(pending.before))) &&
    typeof swept?.count === "number" &&
    typeof swept.until === "number" &&
    (lease === null || (typeof lease?.owner === "string" && typeof lease.until === "number"))
  );
}

function isHead(value: unknown): value is Head {
  const { checkpoint, generation, version, count, digest } = asObject(value) ?? {};
  const texts = [checkpoint, generation, digest];
  const numbers = [version, count];
  return (
    texts.every((one) => typeof one === "string") && numbers.every((one) => typeof one === "number")
  );
}

const asObject = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
