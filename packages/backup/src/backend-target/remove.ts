// Removing files: their heads first, which is what makes them gone, then their pieces. The files of one folder go in one
// commit where the backend can do that.
import { fileKey, isInPieces, pendingKey } from "./layout.js";
import { pathsBelow } from "./list.js";
import { type Noted, noteEnding, removeContent, sweepPending } from "./pending.js";
import { commitIf, type FoundHead, findHeads, type Room, remove } from "./room.js";

const AT_ONCE = 128;

/** A file, or all in a folder and below; nothing that comes there meanwhile. */
export async function removeFiles(room: Room, path: string): Promise<void> {
  const paths = [path];
  for await (const below of pathsBelow(room, path)) paths.push(below);
  const atOnce = room.transactions ? AT_ONCE : 1;
  for (let i = 0; i < paths.length; i += atOnce)
    await removeTogether(room, paths.slice(i, i + atOnce));
  await sweepPending(room);
}

async function removeTogether(room: Room, paths: readonly string[]): Promise<void> {
  for (;;) {
    const found = await findHeads(room, paths);
    if (found.length === 0) return;
    const notes: Noted[] = [];
    for (const { path, head } of found)
      if (head !== undefined && isInPieces(head.content))
        notes.push(await noteEnding(room, head.content.id, path));
    if (!(await removeHeads(room, found, notes))) continue; // somebody has written or removed one
    for (const { id } of notes) await removeContent(room, id);
    return;
  }
}

function removeHeads(
  room: Room,
  found: readonly FoundHead[],
  notes: readonly Noted[],
): Promise<boolean> {
  const heads = found.map(({ path, version }) => ({ key: fileKey(path), version }));
  const ending = notes.map(({ id, version }) => ({ key: pendingKey(id), version }));
  const expect = room.transactions ? [...heads, ...ending] : heads;
  return commitIf(
    room,
    heads.map(({ key }) => remove(key)),
    expect,
  );
}
