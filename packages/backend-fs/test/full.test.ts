// When there is no more room: a commit is refused as a whole, the store stays whole and in service.
import type { ChangePage } from "@nadb/core";
import { checkNamespace } from "@nadb/testkit";
import { describe, expect, it } from "vitest";
import { filledFolder, newFolder, openStore } from "./folders.js";
import { Program } from "./program.js";
import { rejects } from "./refuses.js";

const FILL = new URL("programs/fill.mjs", import.meta.url).pathname;
/** No file may grow beyond 4,000 KiB. The shell ignores the signal, and so does what it becomes. */
const LIMITED = `trap "" XFSZ; ulimit -f 4000; exec "$@"`;

describe("a full disk", () => {
  it.skipIf(process.platform === "win32")(
    "refuses what does not fit, and loses nothing",
    async () => {
      const folder = newFolder();
      const command = ["bash", "-c", LIMITED, "bash", process.execPath, FILL, folder];
      const lines = await Program.run(command).rest();
      const acknowledged = Number(lines[3]);
      expect(lines.slice(0, 3)).toEqual(Array(3).fill("NadbError NADB_IO"));
      expect(acknowledged).toBeGreaterThan(20);
      expect(lines[4]).toBe(String(acknowledged - 3 + 1));
      const store = await openStore(folder, false);
      expect((await store.stats()).count).toBe(acknowledged - 2);
      await checkNamespace(store.storage, Date.now());
      await store.set("large", new Uint8Array(1_000_000));
    },
  );
});

describe("more runs at once than the engine has places for", () => {
  it("are refused, and none that is under way is lost", async () => {
    const store = await openStore(await filledFolder(100));
    const begin = async (): Promise<AsyncIterator<ChangePage>> => {
      const run = store.storage.changes(null, { pageBytes: 100 })[Symbol.asyncIterator]();
      await run.next();
      return run;
    };
    const first = await begin();
    const runs = [first];
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 1_000; i++) {
        await store.set("key0", String(i)); // a new view for each
        runs.push(await begin());
      }
    };
    await rejects("NADB_IO", fill(), "MDB_READERS_FULL");
    expect(runs.length).toBeGreaterThan(100);
    await store.set("key0", "still in service");
    let changes = 0;
    for (let page = await first.next(); !page.done; page = await first.next()) {
      changes += page.value.changes.length;
    }
    expect(changes).toBeGreaterThan(90);
    for (const run of runs) await run.return?.();
    expect(await store.has("key0")).toBe(true);
    await checkNamespace(store.storage, Date.now());
  });
});
