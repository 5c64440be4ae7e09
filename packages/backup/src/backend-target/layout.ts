// How files stand in a namespace. Every text is JSON in UTF-8, so that any client of the store can read it.
//
//   nadb-target            {"format": "nadb-target", "format_version": 1, "id": hex}   says whose the namespace is
//   file/PATH              {"size": bytes} "\n" and the bytes, where they are few; or
//                          {"size": bytes, "content": ID, "piece_size": bytes} "\n"
//   piece/ID/00000000      the content's bytes in pieces of piece_size, the last as long as is left
//   pending/ID             {"path": text, "owner": text, "until": ms since 1970}
//
// A file exists once its head, file/PATH, does; one commit of that one key makes, replaces or removes it. INVARIANT: pieces
// that no head names have a pending record, from before the first of them was written until after the last is gone.
import { corruption, NadbError } from "@nadb/core";
import { isObject, parseJson } from "../manifest.js";

export const CLAIM_KEY = "nadb-target";
export const FILE_PREFIX = "file/";
export const PENDING_PREFIX = "pending/";
const PIECE_PREFIX = "piece/";
const CLAIM_FORMAT = "nadb-target";
const CLAIM_VERSION = 1;
const ID = /^[0-9a-f]{32}$/;
const NEWLINE = 10;
const OWN_PREFIXES = [FILE_PREFIX, PIECE_PREFIX, PENDING_PREFIX];
/** No head of ours begins with a longer line. */
const MAX_LINE_BYTES = 512;

export const fileKey = (path: string): string => `${FILE_PREFIX}${path}`;
export const pendingKey = (id: string): string => `${PENDING_PREFIX}${id}`;
export const piecesPrefix = (id: string): string => `${PIECE_PREFIX}${id}/`;
export const pieceKey = (id: string, number: number): string =>
  `${piecesPrefix(id)}${String(number).padStart(8, "0")}`;

/** Whether it is of the layout. */
export const isOwnKey = (key: string): boolean =>
  key === CLAIM_KEY || OWN_PREFIXES.some((prefix) => key.startsWith(prefix));

/** Bytes that stand in pieces. */
export interface Pieces {
  readonly id: string;
  readonly pieceBytes: number;
}

export interface Head {
  /** In bytes. */
  readonly size: number;
  /** The file's bytes, where they are few; else where they are. */
  readonly content: Uint8Array | Pieces;
}

/** Why pieces stand that may have no head. */
export interface Pending {
  readonly path: string;
  /** Who is writing them; "" when nobody does any more. */
  readonly owner: string;
  /** From when on anybody may remove them, unless a head names them. */
  readonly until: number;
}

export const isInPieces = (content: Head["content"]): content is Pieces =>
  !(content instanceof Uint8Array);

const encode = (json: object): Uint8Array => new TextEncoder().encode(JSON.stringify(json));

export function encodeHead({ size, content }: Head): Uint8Array {
  const more = isInPieces(content) ? { content: content.id, piece_size: content.pieceBytes } : {};
  const line = encode({ size, ...more });
  const inline = isInPieces(content) ? new Uint8Array() : content;
  const head = new Uint8Array(line.length + 1 + inline.length);
  head.set(line);
  head[line.length] = NEWLINE;
  head.set(inline, line.length + 1);
  return head;
}

/** Throws NADB_CORRUPTION for what no target has written; `path` names it. */
export function decodeHead(bytes: Uint8Array, path: string): Head {
  const end = bytes.subarray(0, MAX_LINE_BYTES).indexOf(NEWLINE);
  if (end < 0) throw noHead(path);
  const json = parseJson(bytes.subarray(0, end), path);
  if (!isObject(json) || !isCount(json.size)) throw noHead(path);
  const { size, content: id, piece_size: pieceBytes } = json;
  const inline = bytes.slice(end + 1);
  if (id === undefined && inline.length === size) return { size, content: inline };
  const isSound = typeof id === "string" && ID.test(id) && isCount(pieceBytes) && pieceBytes > 0;
  if (isSound && inline.length === 0) return { size, content: { id, pieceBytes } };
  throw noHead(path);
}

export const encodePending = (pending: Pending): Uint8Array => encode(pending);

/** Undefined for what is none: nobody alive has left that. */
export function decodePending(bytes: Uint8Array): Pending | undefined {
  const json = readJson(bytes);
  if (!isObject(json)) return undefined;
  const { path, owner, until } = json;
  if (typeof path !== "string" || typeof owner !== "string" || !isCount(until)) return undefined;
  return { path, owner, until };
}

export const encodeClaim = (id: string): Uint8Array =>
  encode({ format: CLAIM_FORMAT, format_version: CLAIM_VERSION, id });

/** The id of the target; undefined for a record that is something else. Throws NADB_NEWER_FORMAT. */
export function decodeClaim(bytes: Uint8Array): string | undefined {
  const json = readJson(bytes);
  if (!isObject(json) || json.format !== CLAIM_FORMAT || typeof json.id !== "string")
    return undefined;
  if (json.format_version === CLAIM_VERSION) return json.id;
  throw new NadbError(
    "NADB_NEWER_FORMAT",
    `the files stand in version ${String(json.format_version)} of the layout`,
    { hint: "update NADB" },
  );
}

/** Undefined for what is no JSON. */
function readJson(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, CLAIM_KEY);
  } catch {
    return undefined;
  }
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const noHead = (path: string): NadbError => corruption(`${path} is not as a target has written it`);
