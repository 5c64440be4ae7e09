// Pieces that no head names: of a write that goes on, of a file that was replaced or removed, or left by somebody who died.
// Their pending records tell which, and the next to come by removes what is left. INVARIANT: whoever removes pieces has
// changed their pending record before, and has then seen that no head names them; where the backend has transactions, a
// commit that names them, or ceases to, expects that record as it was.
import { isNadbError } from "@nadb/core";
import {
  decodePending,
  encodePending,
  isInPieces,
  PENDING_PREFIX,
  type Pending,
  pendingKey,
} from "./layout.js";
import { removePieces } from "./pieces.js";
import { commitIf, type FoundHead, findHeads, keysWith, put, type Room, remove } from "./room.js";

/** No write takes as long; then it does not matter whose it was. */
const ABANDONED_AFTER_MS = 7 * 24 * 3_600_000;
/** Who reads what was replaced has so long to come to its end. */
export const REPLACED_STAYS_MS = 10 * 60_000;

/** A pending record as it was written. */
export interface Noted {
  readonly id: string;
  readonly until: number;
  readonly version: number;
}

/** REQUIRES: nothing of the content is written yet. */
export const noteWriting = (room: Room, id: string, path: string): Promise<Noted> =>
  note(room, id, { path, owner: room.owner, until: room.clock() + ABANDONED_AFTER_MS });

/** REQUIRES: the head still names the content. Nobody removes it within REPLACED_STAYS_MS but the caller. */
export const noteEnding = (room: Room, id: string, path: string): Promise<Noted> =>
  note(room, id, { path, owner: "", until: room.clock() + REPLACED_STAYS_MS });

async function note({ storage }: Room, id: string, pending: Pending): Promise<Noted> {
  const { versions } = await storage.commit([put(pendingKey(id), encodePending(pending))]);
  return { id, until: pending.until, version: versions[0] as number };
}

export async function isAsNoted({ storage }: Room, { id, version }: Noted): Promise<boolean> {
  return (await storage.getMany([pendingKey(id)]))[0]?.version === version;
}

export async function removeContent(room: Room, id: string): Promise<void> {
  await removePieces(room, id);
  await forget(room, id);
}

export async function forget({ storage }: Room, id: string): Promise<void> {
  await storage.commit([remove(pendingKey(id))]);
}

/** After a failure that is told anyway: what can not be removed now is swept later, and so is what may still be under way. */
export async function discard(room: Room, id: string, failure: unknown): Promise<void> {
  if (isNadbError(failure, "NADB_COMMIT_UNKNOWN")) return;
  await removeContent(room, id).catch(() => undefined);
}

/** Removes pieces that nobody writes or reads any more. */
export async function sweepPending(room: Room): Promise<void> {
  for await (const keys of keysWith(room, PENDING_PREFIX, 1_000)) {
    for (const record of await room.storage.getMany(keys)) {
      const pending = record && decodePending(record.value);
      if (pending !== undefined && isDue(room, pending))
        await sweep(room, record?.key.slice(PENDING_PREFIX.length) as string, {
          ...pending,
          version: record?.version as number,
        });
    }
  }
}

const isDue = ({ clock, isGone }: Room, { owner, until }: Pending): boolean =>
  until <= clock() || (owner !== "" && isGone(owner));

async function sweep(
  room: Room,
  id: string,
  { path, version }: Pending & { readonly version: number },
): Promise<void> {
  const key = pendingKey(id);
  const swept = encodePending({ path, owner: "", until: 0 });
  if (!(await commitIf(room, [put(key, swept)], [{ key, version }]))) return; // somebody else is at it
  const [found] = await findHeads(room, [path]);
  if (found === undefined || !mayName(found, id)) await removePieces(room, id);
  await forget(room, id);
}

/** A damaged head may; its pieces are all there is of the file. */
const mayName = ({ head }: FoundHead, id: string): boolean =>
  head === undefined || (isInPieces(head.content) && head.content.id === id);
