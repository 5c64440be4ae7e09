// Whose a namespace is: a target's, or somebody else's. A target makes its claim with its first write, and only on a namespace
// that is empty, so it is never laid over the records of an application.
import { invalidArgument, isNadbError, NadbError, type StorageNamespace, toHex } from "@nadb/core";
import { CLAIM_KEY, decodeClaim, encodeClaim, isOwnKey } from "./layout.js";
import { commitIf, keysWith, put, type Room } from "./room.js";

/** The id of the target that has the namespace; undefined when none has. Throws NADB_NEWER_FORMAT. */
export async function readClaim(storage: StorageNamespace): Promise<string | undefined> {
  const [record] = await storage.getMany([CLAIM_KEY]);
  return record && decodeClaim(record.value);
}

/** Throws NADB_NOT_A_REPOSITORY when the namespace holds something else. `name` is the target's. */
export async function claim(room: Room, name: string): Promise<string> {
  const { items } = await room.storage.keys({ limit: 1 });
  const there = await readClaim(room.storage);
  if (there !== undefined) return there;
  if (items.length > 0) throw holdsOthers(name);
  const bytes = new Uint8Array(16);
  room.random(bytes);
  const id = toHex(bytes);
  const mutation = put(CLAIM_KEY, encodeClaim(id));
  if (await commitIf(room, [mutation], [{ key: CLAIM_KEY, version: null }])) return id;
  return claim(room, name);
}

/**
 * Whether a target has it to itself, which costs its keys and none of their values: with a record of somebody else beside the
 * target's it is an application's. One of a newer layout, of which the keys are unknown, is a target's.
 */
export async function isTargetsAlone(storage: StorageNamespace): Promise<boolean> {
  try {
    if ((await readClaim(storage)) === undefined) return false;
  } catch (error) {
    if (isNadbError(error, "NADB_NEWER_FORMAT")) return true;
    throw error;
  }
  for await (const keys of keysWith({ storage }, "")) if (!keys.every(isOwnKey)) return false;
  return true;
}

/**
 * Told without writing, by what no two namespaces have in common. Throws NADB_INVALID_ARGUMENT for two of one name that were
 * both never written to: they may be one.
 */
export async function isSameNamespace(a: StorageNamespace, b: StorageNamespace): Promise<boolean> {
  const { db, namespace } = a.id;
  if (db !== b.id.db || namespace !== b.id.namespace) return false;
  const [{ generation }, theirs] = [await a.head(), await b.head()];
  if (generation !== "" || theirs.generation !== "") return generation === theirs.generation;
  throw invalidArgument(
    `whether the repository lies in the namespace ${db}/${namespace} itself can not be told: nobody has written to it`,
    "write to the store first, or keep the backups in a namespace of another name",
  );
}

const holdsOthers = (name: string): NadbError =>
  new NadbError("NADB_NOT_A_REPOSITORY", `${name}: this namespace holds other records`, {
    hint: "name a namespace that is empty, or one that no application uses",
  });
