import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { KeyValueStore, type OpenUrlOptions } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { fsFolder, fsPlugin } from "../src/index.js";
import { newFolder } from "./folders.js";
import { rejects } from "./refuses.js";

const openUrl = async (url: string, options: OpenUrlOptions): Promise<KeyValueStore> =>
  KeyValueStore.open({ backend: await fsPlugin.open(url, options) });

describe("fs: URLs", () => {
  it.each([
    ["fs:data", resolve("data")],
    ["fs:./data", resolve("data")],
    ["fs:../data", resolve("../data")],
    ["fs:/srv/data", resolve("/srv/data")],
    ["fs:///srv/data", resolve("/srv/data")],
    ["fs:a:b", resolve("a:b")],
  ])("%s is a folder", (url, folder) => {
    expect(fsFolder(url)).toBe(folder);
  });

  it("begin in the folder that is given", () => {
    expect(fsFolder("fs:./data", "/srv")).toBe(resolve("/srv/data"));
    expect(fsFolder("fs:/data", "/srv")).toBe(resolve("/data"));
  });

  it("open a store there, on the clock that is given", async () => {
    const folder = newFolder();
    await using store = await openUrl("fs:./data", { folder, clock: () => 77 });
    await store.set("key", "value");
    expect((await store.getWithMetadata("key"))?.createdAt).toBe(77);
    expect(readdirSync(join(folder, "data"))).toContain("data.mdb");
  });

  it("make no store when they may not", async () => {
    const folder = newFolder();
    const opening = openUrl("fs:./data", { folder, create: false });
    await rejects("NADB_NOT_A_STORE", opening, join(folder, "data"));
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(["fs:", "fs://host/data", "fs://"])("%s names none and is refused", (url) => {
    const refusal = { code: "NADB_INVALID_ARGUMENT", message: expect.stringContaining(url) };
    expect(() => fsPlugin.open(url, {})).toThrow(expect.objectContaining(refusal));
  });
});
