// Reading backups without restoring them, and without a store: get, keys, diff.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

describe("what a backup holds", () => {
  const { nadb, json, path, open } = inFolder();

  /** `tip` has other values, tags and expiry than `base`; the store is out of reach afterwards. */
  beforeEach(async () => {
    await using store = await open();
    await store.set("bytes", new Uint8Array([0, 255, 10]));
    await store.set("gone", "g");
    await store.set("line\nbreak", "l");
    await store.set("tags", "t", { tags: ["one"] });
    await store.set("time", "t");
    await json("backup create base");
    await store.delete("gone");
    await store.set("added", "new");
    await store.set("bytes", "text");
    await store.set("tags", "t", { tags: ["two"] });
    await store.set("time", "t", { ttlSeconds: 3600 });
    await json("backup create tip --incremental");
  });
  const hideStore = (): void => renameSync(path("data"), path("hidden"));

  it("get writes the bytes as they were at the cut, without a store", async () => {
    hideStore();
    expect((await nadb("backup get base bytes")).bytes).toEqual(Buffer.from([0, 255, 10]));
    expect((await nadb("backup get tip bytes")).stdout).toBe("text");
    expect((await nadb("backup get tip gone")).exitCode).toBe(1);
    expect((await nadb("backup get base gone")).stdout).toBe("g");
    expect(existsSync(path("data"))).toBe(false);
  });

  it("get tells the rest as nadb get does", async () => {
    const { version: _, ...live } = await json("get time");
    expect(await json("backup get tip time")).toMatchObject(live);
    expect((await nadb("backup get tip tags --meta")).stdout).toMatch(/^tags +two$/m);
    expect(await json("backup get base bytes --meta")).toMatchObject({ key: "bytes", bytes: 3 });
    expect(await json("backup get base bytes")).toMatchObject({ encoding: "base64" });
  });

  it("keys lists what is there at the cut", async () => {
    hideStore();
    expect((await nadb("backup keys base")).stdout).toBe("bytes\ngone\nline\\nbreak\ntags\ntime\n");
    expect(await json("backup keys tip")).toEqual({
      keys: ["added", "bytes", "line\nbreak", "tags", "time"],
      count: 5,
    });
    expect((await nadb("backup keys tip --prefix t")).stdout).toBe("tags\ntime\n");
    expect(await json("backup keys tip --prefix nothing")).toEqual({ keys: [], count: 0 });
  });

  it("keys of a damaged backup end with exit 4, also where the damage is beyond the prefix", async () => {
    await using store = await open();
    for (let i = 10; i < 50; i++) await store.set(`k${i}`, randomBytes(250_000));
    await json("backup create large");
    const data = path("backups/large/data.nadb");
    const bytes = readFileSync(data);
    const at = Math.floor(bytes.length * 0.9);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(data, bytes);
    const { exitCode, stdout } = await nadb("backup keys large --prefix k10");
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
  });

  it("get of a damaged backup answers from its sound blocks, and ends with exit 4 at a damaged one", async () => {
    await using store = await open();
    const keys = Array.from({ length: 7 }, (_, i) => `k1${i}`); // two to a block, the last with "tags"
    await store.setMany(keys.map((key) => ({ key, value: randomBytes(700_000) })));
    await json("backup create large");
    const data = path("backups/large/data.nadb");
    const bytes = readFileSync(data);
    const at = Math.floor(bytes.length * 0.95);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(data, bytes);
    const sound = await nadb("backup get large k10");
    expect(sound.exitCode).toBe(0);
    expect(sound.bytes.equals(Buffer.from((await store.get("k10")) ?? []))).toBe(true);
    const { exitCode, stdout, stderr } = await nadb("backup get large tags");
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
    expect(stderr).toContain("large/data.nadb");
  });

  it("diff of two backups is a line for each difference", async () => {
    hideStore();
    const { stdout, stderr } = await nadb("backup diff base tip");
    expect(stdout).toBe("+ added\n~ bytes  (value)\n- gone\n~ tags  (tags)\n~ time  (expiry)\n");
    expect(stderr).toBe("1 added, 3 changed, 1 deleted\n");
    const back = await nadb("backup diff tip base --quiet");
    expect(back.stdout.split("\n").slice(0, 3)).toEqual(["- added", "~ bytes  (value)", "+ gone"]);
    expect(back.stderr).toBe("");
    expect(await json("backup diff base tip")).toEqual({
      differences: [
        { type: "added", key: "added" },
        { type: "changed", key: "bytes", value: true, tags: false, expiresAt: false },
        { type: "deleted", key: "gone" },
        { type: "changed", key: "tags", value: false, tags: true, expiresAt: false },
        { type: "changed", key: "time", value: false, tags: false, expiresAt: true },
      ],
      added: 1,
      changed: 3,
      deleted: 1,
    });
  });

  it("diff --live compares with what is there now", async () => {
    expect(await nadb("backup diff tip --live")).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "no difference\n",
    });
    await nadb("set line v");
    expect((await nadb("backup diff tip --live")).stdout).toBe("+ line\n");
    expect(await json("backup diff tip --live --namespace empty")).toMatchObject({ deleted: 5 });
    expect(await json("backup diff tip tip")).toEqual({
      differences: [],
      added: 0,
      changed: 0,
      deleted: 0,
    });
  });

  it("more differences than go out in one write are still one document", async () => {
    await using store = await open();
    const keys = Array.from({ length: 1_234 }, (_, i) => `many:${String(i).padStart(4, "0")}`);
    await store.setMany(keys.map((key) => ({ key, value: "v" })));
    const { differences, added } = await json("backup diff tip --live");
    expect(added).toBe(1_234);
    expect(differences.map(({ key }: { key: string }) => key)).toEqual(keys);
    expect((await nadb("backup diff tip --live")).stdout.trimEnd().split("\n")).toEqual(
      keys.map((key) => `+ ${key}`),
    );
  });

  it.each([
    ["get base nosuch", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["get nosuch k", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["get base ''", 2, "NADB_INVALID_ARGUMENT", "key is empty"],
    ["get base", 2, "NADB_INVALID_ARGUMENT", "a key is missing"],
    ["get base k --repo nosuch", 10, "NADB_NOT_A_REPOSITORY", "nosuch"],
    ["keys ../base", 2, "NADB_INVALID_ARGUMENT", '"../base"'],
    ["keys nosuch", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["keys base --repo nosuch", 10, "NADB_NOT_A_REPOSITORY", "nosuch"],
    ["diff base", 2, "NADB_INVALID_ARGUMENT", "--live"],
    ["diff base tip --live", 2, "NADB_INVALID_ARGUMENT", "one of them"],
    ["diff base nosuch", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["diff nosuch --live", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["diff base --live --store fs:nosuch", 10, "NADB_NOT_A_STORE", "nosuch"],
    ["diff base --live --repo nosuch", 10, "NADB_NOT_A_REPOSITORY", "nosuch"],
    ["verify --all base", 2, "NADB_INVALID_ARGUMENT", "--all"],
    ["verify base --level deep", 2, "NADB_INVALID_ARGUMENT", "'deep' is invalid"],
    ["create x --parent base", 2, "NADB_INVALID_ARGUMENT", "--parent is for incremental"],
    ["create x --skip-unchanged", 2, "NADB_INVALID_ARGUMENT", "--skip-unchanged is for"],
    ["create x --fallback-to-full", 2, "NADB_INVALID_ARGUMENT", "--fallback-to-full is for"],
    ["create x --incremental --parent ../y", 2, "NADB_INVALID_ARGUMENT", '"../y"'],
    ["create x --incremental --parent nosuch", 1, "NADB_NOT_FOUND", '"nosuch"'],
    ["create tip --incremental", 1, "NADB_ALREADY_EXISTS", '"tip"'],
  ])("backup %s is refused", async (line, exitCode, code, says) => {
    const ended = await nadb(`backup ${line} --json`);
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    const message = expect.stringContaining(says);
    expect(JSON.parse(ended.stderr)).toMatchObject({ code, message });
    expect(existsSync(path("nosuch"))).toBe(false);
  });
});
