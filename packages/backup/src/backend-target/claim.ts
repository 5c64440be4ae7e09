// Whose a namespace is: a target's, or somebody else's. A target makes its claim with its first write, and only on a namespace
// that is empty, so it is never laid over the records of an application.
import { NadbError, type StorageNamespace, toHex } from "@nadb/core";
import { CLAIM_KEY, decodeClaim, encodeClaim } from "./layout.js";
import { commitIf, put, type Room } from "./room.js";

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

const holdsOthers = (name: string): NadbError =>
  new NadbError("NADB_NOT_A_REPOSITORY", `${name}: this namespace holds other records`, {
    hint: "name a namespace that is empty, or one that no application uses",
  });
