// A drill that is killed, wherever it stands: nothing is recorded, the store is as it was, and the next drill removes what
// it has left.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fsBackend } from "@nadb/backend-fs";
import { describe, expect, it } from "vitest";
import { ended, inFolder, start } from "./support/nadb.js";

const PLUGIN = fileURLToPath(new URL("support/stalling-plugin.mjs", import.meta.url));
const RECORDS = 500;

describe("a drill that is killed", () => {
  const { nadb, json, open, path, stats } = inFolder();

  async function namespaces(): Promise<string[]> {
    const backend = fsBackend({ path: path("data"), create: false });
    await backend.open();
    try {
      const names: string[] = [];
      for await (const { namespace } of backend.namespaces()) names.push(namespace);
      return names;
    } finally {
      await backend.close();
    }
  }

  async function fill(): Promise<void> {
    await using store = await open();
    const entries = Array.from({ length: RECORDS }, (_, i) => ({ key: `k${i}`, value: `${i}` }));
    await store.setMany(entries);
  }

  /** Resolves when it stands at the step, and has been killed there. */
  async function killDrill(step: string): Promise<void> {
    const store = `stall:${step}:${path("data")}`;
    const child = start(["backup", "drill", "--store", store, "--plugin", PLUGIN], { cwd: path() });
    const end = ended(child);
    child.stderr.on("data", (text) => String(text).includes("stalled") && child.kill("SIGKILL"));
    const { exitCode, stderr } = await end;
    expect({ exitCode, stderr }).toEqual({ exitCode: null, stderr: `stalled at ${step}\n` });
  }

  it.each(["mark", "stage", "put", "commit", "compare", "drop"])(
    "at the step %s leaves no evidence, and what it leaves in the store goes with the next",
    async (step) => {
      await fill();
      await json("backup create b");
      const before = await stats();
      await killDrill(step);
      expect(await stats()).toEqual(before);
      expect(readdirSync(path("backups", "b")).sort()).toEqual(["data.nadb", "metadata.json"]);
      const health = await nadb("backup health");
      expect(health).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("no drill") });
      expect((await namespaces()).some((name) => name.startsWith("nadb-drill-"))).toBe(true);

      const next = await json("backup drill");
      expect(next).toMatchObject({ ok: true, recordCount: RECORDS, recorded: true });
      expect(await namespaces()).toEqual(["default"]);
      expect(await stats()).toEqual(before);
      expect((await nadb("backup health")).exitCode).toBe(0);
    },
    60_000,
  );

  it("is passed over by a set of backups, and its lease by the backup that it read", async () => {
    await fill();
    await json("backup create b");
    await killDrill("compare");
    const { backups } = await json("backup create set --all-namespaces");
    expect(backups).toHaveLength(1);
    expect((await nadb("backup delete b --yes")).exitCode).toBe(0);
  });
});
