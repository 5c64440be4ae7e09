// The namespace that a target keeps its files in, with what every part of the target needs to work there.
import {
  type Expectation,
  isNadbError,
  type Mutation,
  type Put,
  type StorageNamespace,
  type StoredRecord,
} from "@nadb/core";
import { decodeHead, fileKey, type Head } from "./layout.js";

export interface Room {
  readonly storage: StorageNamespace;
  /** Whether one commit may name several keys. */
  readonly transactions: boolean;
  readonly pieceBytes: number;
  /** Now, in ms since the epoch. */
  readonly clock: () => number;
  /** Fills the bytes with randomness. */
  readonly random: (bytes: Uint8Array) => void;
  readonly owner: string;
  readonly isGone: (owner: string) => boolean;
}

export interface FoundHead {
  readonly path: string;
  readonly version: number;
  /** Undefined for a head that is damaged. */
  readonly head: Head | undefined;
}

export const put = (key: string, value: Uint8Array): Put => ({ type: "put", key, value });

export const remove = (key: string): Mutation => ({ type: "delete", key });

/** Of files that are not there, nothing. */
export async function findHeads(
  { storage }: Room,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<FoundHead[]> {
  const records = await storage.getMany(paths.map(fileKey), signal === undefined ? {} : { signal });
  return records.flatMap((record, i) =>
    record === undefined ? [] : foundHead(paths[i] as string, record),
  );
}

function foundHead(path: string, { value, version }: StoredRecord): FoundHead {
  try {
    return { path, version, head: decodeHead(value, path) };
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION")) return { path, version, head: undefined };
    throw error;
  }
}

/** All keys that begin with the prefix, in pages. */
export async function* keysWith(
  { storage }: Pick<Room, "storage">,
  prefix: string,
  limit = 10_000,
): AsyncGenerator<readonly string[], void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await storage.keys({ prefix, limit, ...(cursor === undefined ? {} : { cursor }) });
    yield page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** At once where the backend can, else one after another; answers the versions. */
export async function commitAll(
  { storage, transactions }: Room,
  mutations: readonly Mutation[],
): Promise<(number | undefined)[]> {
  if (transactions) return [...(await storage.commit(mutations)).versions];
  const versions: (number | undefined)[] = [];
  for (const mutation of mutations) versions.push((await storage.commit([mutation])).versions[0]);
  return versions;
}

/** Answers false, and changes nothing, when an expectation does not hold. */
export async function commitIf(
  { storage }: Room,
  mutations: readonly Mutation[],
  expect: readonly Expectation[],
): Promise<boolean> {
  try {
    await storage.commit(mutations, { expect });
    return true;
  } catch (error) {
    if (isNadbError(error, "NADB_CONFLICT")) return false;
    throw error;
  }
}
