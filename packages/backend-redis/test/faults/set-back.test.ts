// A server is set back in the middle of a run: it died and came back with an older dump, as a replica that lags takes over. What
// had moved out of the way of the run stands in its old place again, behind the pages that were read: such a run is refused.
import { type ChangePage, type Checkpoint, changeKey, type StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import type { Server } from "../servers/index.js";
import {
  failureOf,
  isSound,
  keys,
  namespace,
  put,
  read,
  remove,
  server,
  trueRun,
} from "./support.js";

/** Eight pages, of which up to two are under way. */
const RECORDS = 4_000;
const ALL = keys(RECORDS, "{k}");
const [MOVED, LATER] = [ALL[1_900], ALL[2_500]] as [string, string];

interface Place {
  readonly behind: Server;
  readonly one: StorageNamespace;
  /** From before the records were there. */
  readonly since: Checkpoint;
}

async function place(partitions: number): Promise<Place> {
  const behind = await server();
  const one = await namespace({ url: behind.url, partitions, retrySeconds: 20 });
  await one.commit([put("{k}base", "1")]);
  const since = (await one.head()).checkpoint;
  for (let i = 0; i < RECORDS; i += 500) {
    await one.commit(ALL.slice(i, i + 500).map((key) => put(key, "1")));
  }
  await behind.call("SAVE");
  return { behind, one, since };
}

async function killAndRestart(killed: Server): Promise<void> {
  await killed.kill();
  await killed.restart();
}

const pagesOf = ({ one, since }: Place, kind: string): AsyncIterable<ChangePage> =>
  one.changes(kind === "a full run" ? null : since);

/** Tells of each page how many there were, and whether it is behind the old place of what is moved. */
async function drain(
  run: AsyncIterable<ChangePage>,
  onPage: (pages: number, isBehind: boolean) => Promise<void>,
): Promise<Set<string>> {
  const found = new Set<string>();
  let pages = 0;
  for await (const page of run) {
    for (const change of page.changes) found.add(changeKey(change));
    await onPage(++pages, found.has(LATER));
  }
  return found;
}

const MOVES = {
  "is deleted": (one: StorageNamespace) => one.commit([remove(MOVED)]),
  "is written again": (one: StorageNamespace) => one.commit([put(MOVED, "2")]),
};
const CASES = ["a full run", "a run since a checkpoint"].flatMap((kind) =>
  (Object.keys(MOVES) as (keyof typeof MOVES)[]).flatMap((moves) => [
    { kind, moves, partitions: 1, afterwards: "nobody writes on" },
    { kind, moves, partitions: 3, afterwards: "others write on" },
  ]),
);

describe("a server that is set back in the middle of a run", () => {
  it.each(CASES)(
    "$kind of $partitions partitions past which a record $moves is refused, when $afterwards",
    async ({ partitions, kind, moves, afterwards }) => {
      const found = await place(partitions);
      const { behind, one } = found;
      let isSetBack = false;
      const run = drain(pagesOf(found, kind), async (pages, isBehind) => {
        if (pages === 1) await MOVES[moves](one);
        if (!isBehind || isSetBack) return;
        isSetBack = true;
        await killAndRestart(behind);
        if (afterwards === "others write on")
          for (const key of keys(20, "{k}new")) await one.commit([put(key, "1")]);
      });
      await failureOf(run, "NADB_CHECKPOINT_EXPIRED");
      expect(await read(one, MOVED)).toEqual(["1"]);
      await trueRun(one.changes(null));
      await isSound(one);
    },
  );

  it.each(["a full run", "a run since a checkpoint"])(
    "that has lost nothing does not mind %s, however often",
    async (kind) => {
      const found = await place(1);
      const { behind, one } = found;
      const read = await drain(pagesOf(found, kind), async (pages) => {
        if (pages % 3 > 0) return;
        await one.commit([put(`{k}more${pages}`, "1")]);
        await behind.call("SAVE");
        await killAndRestart(behind);
      });
      expect(ALL.filter((key) => !read.has(key))).toEqual([]);
      await isSound(one);
    },
  );
});
