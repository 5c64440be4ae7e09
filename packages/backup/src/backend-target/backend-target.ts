// A target inside any StorageBackend: files in one namespace of it, cut into pieces that every backend takes. What is there
// after a crash is there whole: nothing but the commit of one key decides it.
import { checkName, invalidArgument, type StorageBackend, type StorageNamespace } from "@nadb/core";
import { isOwnerGone, processOwner } from "#process";
import {
  type BackupTarget,
  checkRange,
  type ReadOptions,
  type TargetEntry,
  type WriteOptions,
} from "../target.js";
import { claim, isSameNamespace, readClaim } from "./claim.js";
import { listFolder } from "./list.js";
import { noFile, readFile } from "./read.js";
import { removeFiles } from "./remove.js";
import { findHeads, type Room } from "./room.js";
import { writeFile } from "./write.js";

/** Well below what any backend takes for one value. */
const PIECE_BYTES = 512 * 1024;

export interface BackendTargetOptions {
  /** The database that the files lie in. Default "backups". */
  readonly db?: string;
  /** The namespace, of which nobody else keeps anything. Default "default". */
  readonly namespace?: string;
  /** The most bytes in one record. Default 512 KiB, or what the backend takes if that is less. */
  readonly pieceBytes?: number;
  /** For messages. Default: the backend's name, the database and the namespace. */
  readonly name?: string;
  /** Now, in ms since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** Fills the bytes with randomness. Default `crypto.getRandomValues`. */
  readonly random?: (bytes: Uint8Array) => void;
}

/**
 * Files in a namespace of `backend`, which is opened with the first use; closing it is left to the caller. The namespace must
 * be empty or a target's: a write throws NADB_NOT_A_REPOSITORY otherwise. Throws NADB_INVALID_ARGUMENT for an option.
 */
export function backendTarget(
  backend: StorageBackend,
  options: BackendTargetOptions = {},
): BackupTarget {
  return new BackendTarget(backend, options);
}

class BackendTarget implements BackupTarget {
  readonly name: string;
  readonly owner = processOwner();
  readonly #backend: StorageBackend;
  readonly #options: BackendTargetOptions;
  #room: Promise<Room> | undefined;
  /** Known once the namespace is a target's. */
  #id: string | undefined;

  constructor(backend: StorageBackend, options: BackendTargetOptions) {
    const { db = "backups", namespace = "default" } = options;
    checkName("database name", db);
    checkName("namespace", namespace);
    checkPieceBytes(pieceBytesOf(backend, options), backend);
    this.#backend = backend;
    this.#options = { ...options, db, namespace };
    this.name = options.name ?? `${backend.name} ${db}/${namespace}`;
  }

  async list(folder: string): Promise<readonly TargetEntry[]> {
    const room = await this.#claimed();
    return room === undefined ? [] : listFolder(room, folder);
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const span = checkRange(options);
    const room = await this.#claimed();
    if (room === undefined) throw noFile(path);
    yield* readFile(room, path, span, options);
  }

  async size(path: string): Promise<number | undefined> {
    const room = await this.#claimed();
    if (room === undefined) return undefined;
    const [found] = await findHeads(room, [path]);
    return found && (found.head?.size ?? 0); // reading tells of a damaged one
  }

  async write(
    path: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: WriteOptions = {},
  ): Promise<void> {
    const room = await this.#open();
    this.#id ??= await claim(room, this.name);
    await writeFile(room, path, chunks, options);
  }

  async remove(path: string): Promise<void> {
    const room = await this.#claimed();
    if (room !== undefined) await removeFiles(room, path);
  }

  isGone(owner: string): boolean {
    return isOwnerGone(owner);
  }

  async isInside(storage: StorageNamespace): Promise<boolean> {
    if ((await this.#claimed()) !== undefined) return (await readClaim(storage)) === this.#id;
    return isSameNamespace((await this.#open()).storage, storage);
  }

  /** Undefined while no target has written there: then there are no files. */
  async #claimed(): Promise<Room | undefined> {
    const room = await this.#open();
    this.#id ??= await readClaim(room.storage);
    return this.#id === undefined ? undefined : room;
  }

  #open(): Promise<Room> {
    this.#room ??= this.#openRoom().catch((error) => {
      this.#room = undefined; // the next call tries again
      throw error;
    });
    return this.#room;
  }

  async #openRoom(): Promise<Room> {
    const { db = "", namespace = "", clock = Date.now, random = fillRandomly } = this.#options;
    await this.#backend.open();
    return {
      storage: await this.#backend.namespace({ db, namespace }),
      transactions: this.#backend.capabilities.transactions,
      pieceBytes: pieceBytesOf(this.#backend, this.#options),
      clock,
      random,
      owner: this.owner,
      isGone: isOwnerGone,
    };
  }
}

const fillRandomly = (bytes: Uint8Array): void => void crypto.getRandomValues(bytes);

const pieceBytesOf = (
  { capabilities }: StorageBackend,
  { pieceBytes = Math.min(PIECE_BYTES, capabilities.maxValueBytes) }: BackendTargetOptions,
): number => pieceBytes;

function checkPieceBytes(pieceBytes: number, { capabilities }: StorageBackend): void {
  const most = capabilities.maxValueBytes;
  if (Number.isSafeInteger(pieceBytes) && 0 < pieceBytes && pieceBytes <= most) return;
  throw invalidArgument(`pieces of ${pieceBytes} bytes are not possible`, `choose 1 to ${most}`);
}
