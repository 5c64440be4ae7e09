import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openBackend } from "@nadb/cli";
import { KeyValueStore } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { plugin } from "../src/index.js";
import { newFolder, root } from "./support.js";

describe("sqlite: URLs", () => {
  it("name a file, relative to the folder that is given or absolute", async () => {
    const folder = newFolder();
    for (const url of [
      "sqlite:a.db",
      "sqlite:./b.db",
      `sqlite:${folder}/c.db`,
      `sqlite://${folder}/d.db`,
    ]) {
      await (await openBackend(url, { plugins: [plugin], folder })).close();
    }
    expect(readdirSync(folder).sort()).toEqual(["a.db", "b.db", "c.db", "d.db"]);
  });

  it.each(["sqlite:", "sqlite://", "sqlite://host/a.db"])(
    "%s names none and is refused",
    async (url) => {
      const refused = { code: "NADB_INVALID_ARGUMENT", message: expect.stringContaining(url) };
      await expect(openBackend(url, { plugins: [plugin] })).rejects.toMatchObject(refused);
    },
  );

  it("are known to a program that names the package", async () => {
    const path = join(newFolder(), "store.db");
    const backend = await openBackend(`sqlite:${path}`, {
      plugins: ["nadb-backend-sqlite"],
      folder: root,
    });
    await using store = await KeyValueStore.open({ backend });
    await store.set("key", "value");
    expect((await store.stats()).backend).toBe("sqlite");
  });
});
