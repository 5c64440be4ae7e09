// Commits by id: what lets a client resend a commit after a lost reply and not do it twice.
import type { Commit } from "../backend.js";
import { type Space, textBehindNumber } from "./layout.js";
import type { ReadTransaction, WriteTransaction } from "./ordered-kv.js";

/** For how long a commit's id is remembered. */
const REMEMBERED_MS = 3_600_000;
/** Forgotten per commit with an id: more than one, so the table shrinks back. */
const FORGET_STEP = 4;
const NOTHING = new Uint8Array(0);

export function recallCommit(tx: ReadTransaction, space: Space, id: string): Commit | undefined {
  const bytes = tx.get(space.commit(id));
  if (bytes === undefined) return undefined;
  const { checkpoint, versions } = JSON.parse(new TextDecoder().decode(bytes)) as {
    checkpoint: string;
    versions: (number | null)[];
  };
  return { checkpoint, versions: versions.map((version) => version ?? undefined) };
}

export function rememberCommit(
  tx: WriteTransaction,
  space: Space,
  id: string,
  commit: Commit,
  now: number,
): void {
  forgetOld(tx, space, now - REMEMBERED_MS);
  tx.put(space.commit(id), new TextEncoder().encode(JSON.stringify(commit)));
  tx.put(space.commitTime(now, id), NOTHING);
}

function forgetOld(tx: WriteTransaction, space: Space, before: number): void {
  const old: Uint8Array[] = [];
  for (const { key } of tx.range(space.commitsBefore(Math.max(0, before)))) {
    old.push(key);
    if (old.length === FORGET_STEP) break;
  }
  for (const key of old) {
    tx.delete(space.commit(textBehindNumber(key)));
    tx.delete(key);
  }
}
