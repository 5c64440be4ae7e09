// nadb backup create --compression: each codec by name, and what is none.
import * as zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

describe("backup create --compression", () => {
  const { nadb, json, open } = inFolder();

  async function fill(): Promise<void> {
    await using store = await open();
    await store.set("k", "value ".repeat(200));
  }

  it.each([
    ["first", "gzip"],
    ["first --compression gzip", "gzip"],
    ["first --compression none", "none"],
    ["first --no-compression", "none"],
  ])("%s: the codec is %s", async (args, codec) => {
    await fill();
    const info = await json(`backup create ${args}`);
    expect(info).toMatchObject({ codec, compression: codec !== "none" });
    expect(await json("backup verify first")).toMatchObject({ ok: true });
  });

  it.skipIf(!("zstdCompress" in zlib))("zstd, where it can be written", async () => {
    await fill();
    expect(await json("backup create first --compression zstd")).toMatchObject({ codec: "zstd" });
    expect(await json("backup verify first")).toMatchObject({ ok: true });
  });

  it.skipIf("zstdCompress" in zlib)("zstd is refused where it can not be written", async () => {
    await fill();
    const { exitCode, stderr } = await nadb("backup create first --compression zstd");
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("Node 22.15");
    expect(await json("backup list")).toMatchObject({ backups: [] });
  });

  it("another is refused, and those there are named", async () => {
    await fill();
    const { exitCode, stderr } = await nadb("backup create first --compression lz4");
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/gzip, zstd, none/);
  });
});
